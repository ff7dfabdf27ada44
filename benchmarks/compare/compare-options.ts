import { parseArgs } from "node:util";
import { listOf, UsageError, usageErrorOf } from "../runner/bench-options.ts";

/** What the person at the terminal asked for. */
export interface CompareOptions {
  /** What to compare with; none means what the work began from. */
  readonly base: string | undefined;
  /** Beginnings of scenario names; none means the short list. */
  readonly scopes: readonly string[];
  /** How long the whole may take; there is one round at least. */
  readonly seconds: number;
}

const usage = "allowed: --base REVISION, --scope NAME and --seconds N";

export function parseCompareOptions(words: readonly string[]): CompareOptions {
  const { base, scope, seconds } = parse(words).values;
  return { base, scopes: listOf(scope), seconds: secondsOf(seconds) };
}

function parse(words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      options: {
        base: { type: "string" },
        scope: { type: "string", multiple: true },
        seconds: { type: "string", default: "50" },
      },
    });
  } catch (error) {
    throw usageErrorOf(error, usage);
  }
}

function secondsOf(text: string): number {
  const seconds = Number(text);
  if (seconds >= 1 && seconds <= 3_600) return seconds;
  throw new UsageError(`--seconds must be a number from 1 to 3600, not "${text}"`);
}
