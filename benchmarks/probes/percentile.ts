/** The exact percentile, from 0 to 1, of sorted values: the smallest that so large a share does not exceed. */
export function percentile(sorted: Float64Array, share: number): number {
  const value = sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
  if (value === undefined) throw new RangeError("There is no percentile of nothing.");
  return value;
}
