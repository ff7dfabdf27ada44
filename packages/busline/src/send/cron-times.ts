import { createRequire } from "node:module";
import type { RunTimes } from "./run-times.ts";

/** What busline uses of croner. */
interface Croner {
  readonly Cron: new (
    pattern: string,
    options: { readonly paused: true; readonly timezone?: string },
  ) => { nextRun(after: Date): Date | null };
}

let croner: Croner | undefined;

/** The package `croner` is not installed. */
export class CronerMissing {
  readonly cause: unknown;

  constructor(cause: unknown) {
    this.cause = cause;
  }
}

/**
 * By a pattern of cron, read by the package croner, which is loaded with the first of them.
 *
 * @param timeZone of IANA; without one that of the machine
 * @throws {CronerMissing}
 * @throws what croner says of a pattern, or a time zone, that it cannot read
 */
export function byCron(pattern: string, timeZone: string | undefined): RunTimes {
  const { Cron } = loadCroner();
  const options = timeZone === undefined ? {} : { timezone: timeZone };
  const cron = new Cron(pattern, { paused: true, ...options });
  const next = (after: number): number | undefined => cron.nextRun(new Date(after))?.getTime();
  return { isByWallClock: true, plan: `cron ${pattern} ${timeZone ?? ""}`, next };
}

function loadCroner(): Croner {
  try {
    croner ??= createRequire(import.meta.url)("croner") as Croner;
  } catch (error) {
    throw new CronerMissing(error);
  }
  return croner;
}
