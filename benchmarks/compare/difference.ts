/** What rounds of a comparison say. */
export interface Difference {
  readonly verdict: "better" | "worse" | "within the noise" | "too few rounds";
  /** The interval in which the true median of the ratios lies with 96 % certainty or more. */
  readonly from: number;
  readonly to: number;
}

/** Smaller differences come and go with the layout of the memory. */
const leastDifference = 0.03;
const mostError = 0.04;

/**
 * Judges ratios of new to old, one of each round, by the sign test: no shape of the noise is taken
 * for granted, and single rounds that were disturbed do not count. Under six rounds even all of them
 * may agree by chance too easily.
 */
export function differenceOf(ratios: readonly number[]): Difference {
  const sorted = ratios.toSorted((a, b) => a - b);
  const count = sorted.length;
  if (2 * 0.5 ** count > mostError) {
    return { verdict: "too few rounds", from: sorted[0] ?? 1, to: sorted.at(-1) ?? 1 };
  }
  const median = ((sorted[(count - 1) >> 1] ?? 1) + (sorted[count >> 1] ?? 1)) / 2;
  const outer = roundsToLeaveOut(count);
  const from = sorted[outer] ?? 1;
  const to = sorted[count - 1 - outer] ?? 1;
  const isClear = (from > 1 || to < 1) && Math.abs(median - 1) >= leastDifference;
  if (!isClear) return { verdict: "within the noise", from, to };
  return { verdict: median > 1 ? "better" : "worse", from, to };
}

/** How many of the smallest, and of the largest, lie outside the interval. */
function roundsToLeaveOut(count: number): number {
  // The chance that at most so many of fair coins fall on one given side, twice.
  let outer = 0;
  let combinations = 1;
  let error = 2 * 0.5 ** count;
  while (outer < count) {
    combinations *= (count - outer) / (outer + 1);
    error += 2 * combinations * 0.5 ** count;
    if (error > mostError) break;
    outer++;
  }
  return outer;
}
