/** The part of the normal work that is done, by the environment variable that asks for it. */
const shares = {
  /** A check, which only asks whether the counts are right. */
  BUSLINE_BENCH_TINY: 1 / 1_000,
  /** The comparison of two revisions, which rather has more processes than longer ones. */
  BUSLINE_BENCH_SHORT: 1 / 3,
};

const share = Object.entries(shares).find(([name]) => process.env[name] === "1")?.[1] ?? 1;

/** Whether what takes minutes is to be done too. In a check nothing does. */
export const isLong: boolean =
  process.env["BUSLINE_BENCH_LONG"] === "1" || process.env["BUSLINE_BENCH_TINY"] === "1";

/**
 * How much work to do instead of `normal` (messages, milliseconds, repetitions): as much, or the
 * part of it that an environment variable asks for, but at least `least`.
 */
export function sizeOf(normal: number, least = 1): number {
  if (share === 1) return normal;
  return Math.min(normal, Math.max(least, Math.ceil(normal * share)));
}
