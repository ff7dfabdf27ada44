import type { Clock } from "../clock/clock.ts";
import { InvalidConfigurationError } from "../errors/invalid-configuration-error.ts";
import { copyHeaders, type Headers } from "../message/headers.ts";
import { checkDestinationName } from "../validation/destination-name.ts";
import { OptionReader } from "../validation/option-reader.ts";
import { byCron, CronerMissing } from "./cron-times.ts";
import { every, once, type RunTimes } from "./run-times.ts";

/** Of what, where to and when. Exactly one of `cron`, `everyMs` and `at`. */
export interface ScheduleOptions<Name extends string = string, Payload = unknown> {
  /** The destination that each run sends a message to. */
  readonly destination: Name;
  /** What is sent: one payload for all runs, or a function that makes one for each. Default: `undefined`. */
  readonly payload?: Payload | ((run: ScheduledRun) => Payload);
  /** A pattern of five or six fields, as the package croner reads it, which must be installed. */
  readonly cron?: string;
  /** The time zone of `cron`, by its name in the IANA database (`"Europe/Berlin"`). Default: that of the machine. */
  readonly timeZone?: string;
  /** Again and again, so many milliseconds apart: 1 to 2^31 - 1. The first time after as many. */
  readonly everyMs?: number;
  /** Once: a `Date`, or milliseconds since the epoch. */
  readonly at?: Date | number;
  /**
   * What happens if the message of the run before has not ended: `"skip"` leaves the run out and counts it; `"queue"` sends
   * the message all the same. Default: `"skip"`.
   */
  readonly overlap?: "skip" | "queue";
  /**
   * What happens when the process comes too late, because it was busy, or suspended, until the time of the next run had come,
   * or because `at` has passed: `"once"` makes up for all missed runs by one; `"skip"` leaves them out. Default: `"once"`.
   */
  readonly missed?: "once" | "skip";
  /** Texts that travel with each message. Default: none, beside the schedule's name as `schedule`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The ordering key of each message. Default: none. */
  readonly key?: string;
}

/** One run of a schedule. */
export interface ScheduledRun {
  /** The schedule's name. */
  readonly name: string;
  /** When it was due: milliseconds since the epoch. */
  readonly dueAt: number;
}

/** Schedule options that have been checked. */
export interface CheckedScheduleOptions {
  readonly destinationName: string;
  readonly payloadOf: (run: ScheduledRun) => unknown;
  readonly times: RunTimes;
  readonly overlap: "skip" | "queue";
  readonly missed: "once" | "skip";
  readonly headers: Headers;
  readonly key: string | undefined;
}

const NAMES = [
  "destination",
  "payload",
  "cron",
  "timeZone",
  "everyMs",
  "at",
  "overlap",
  "missed",
  "headers",
  "key",
] as const satisfies readonly (keyof ScheduleOptions)[];

/** The header that names the schedule which sent a message. */
const SCHEDULE_HEADER = "schedule";

/** @throws {InvalidConfigurationError} */
export function checkScheduleOptions(
  name: string,
  options: ScheduleOptions,
  clock: Clock,
): CheckedScheduleOptions {
  const where = `schedule "${name}"`;
  const reader = new OptionReader(where, options, NAMES);
  const payload = reader.any("payload");
  const headers = copyHeaders(reader.any("headers"), where);
  return {
    destinationName: checkDestinationName(reader.any("destination"), where, "destination"),
    payloadOf:
      typeof payload === "function" ? (payload as (run: ScheduledRun) => unknown) : () => payload,
    times: readTimes(reader, where, clock),
    overlap: reader.oneOf("overlap", ["skip", "queue"] as const) ?? "skip",
    missed: reader.oneOf("missed", ["once", "skip"] as const) ?? "once",
    headers: copyHeaders({ ...headers, [SCHEDULE_HEADER]: name }, where),
    key: reader.text("key"),
  };
}

function readTimes(reader: OptionReader, where: string, clock: Clock): RunTimes {
  const given = (["cron", "everyMs", "at"] as const).filter((name) => reader.has(name));
  const [kind, second] = given;
  if (kind === undefined) return reader.refuse("cron", "given, or everyMs or at instead of it");
  if (second !== undefined) return reader.refuse(second, `left out beside ${kind}`);
  if (reader.has("timeZone") && kind !== "cron") reader.refuse("timeZone", "given with cron");
  if (kind === "at") return once(reader.moment("at") as number);
  if (kind === "cron") return readCron(reader, where, clock);
  const everyMs = reader.duration("everyMs") as number;
  if (everyMs < 1) reader.refuse("everyMs", "a number of milliseconds of at least 1");
  return every(everyMs, clock.monotonicNow());
}

function readCron(reader: OptionReader, where: string, clock: Clock): RunTimes {
  const pattern = reader.text("cron") as string;
  const timeZone = reader.text("timeZone");
  try {
    const times = byCron(pattern, timeZone);
    if (times.next(clock.now()) !== undefined) return times;
    return reader.refuse("cron", "a pattern that has another run");
  } catch (error) {
    if (error instanceof InvalidConfigurationError) throw error;
    const isMissing = error instanceof CronerMissing;
    throw new InvalidConfigurationError(
      {
        where,
        attribute: "cron",
        value: pattern,
        allowed: isMissing
          ? "given where the package croner is installed (npm install croner)"
          : "a pattern, with a time zone, that the package croner can read",
      },
      { cause: isMissing ? error.cause : error },
    );
  }
}
