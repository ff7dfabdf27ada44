import type { Metric } from "../scenario.ts";

/** What several rounds gave. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** @returns nothing when there is no value, or one that is no number, such as 0 / 0 */
export function spreadOf(values: readonly number[]): Spread | undefined {
  if (values.length === 0 || !values.every((value) => Number.isFinite(value))) return undefined;
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[sorted.length >> 1] ?? 0;
  const lower = sorted[(sorted.length - 1) >> 1] ?? 0;
  return { median: (lower + upper) / 2, min: sorted[0] ?? 0, max: sorted.at(-1) ?? 0 };
}

/**
 * Round by round, how many times as good the first values are as the second: more is always better.
 * Where less of the metric is better, a ratio of 2 means half as much.
 */
export function ratiosOf(
  ours: readonly number[],
  theirs: readonly number[],
  better: Metric["better"],
): number[] {
  const rounds = Math.min(ours.length, theirs.length);
  return Array.from({ length: rounds }, (_, round) => {
    const [a = 0, b = 0] = [ours[round], theirs[round]];
    return better === "more" ? a / b : b / a;
  });
}

export function ratioSpread(
  ours: readonly number[],
  theirs: readonly number[],
  better: Metric["better"],
): Spread | undefined {
  return spreadOf(ratiosOf(ours, theirs, better));
}
