import { median } from "./median.ts";
import { sizeOf } from "./size-of.ts";

/** Work of one size. */
export interface SizedWork {
  /** Does the work once. */
  readonly run: () => void | Promise<void>;
  /** How many units, such as messages, that is. */
  readonly units: number;
}

type SizedWorks<Size extends string> = Readonly<Record<Size, SizedWork>>;
type SizedTimes<Size extends string> = Record<Size, number>;

const ROUNDS = sizeOf(7);
/** So long, about, the work of one size goes on in one round. */
const ROUND_MS = sizeOf(60, 0);
/** So long each work goes on before it is timed: a request runs through much code, which has to be optimised first. */
const WARM_UP_MS = sizeOf(600, 0);
/** Work that is slow has fewer rounds than `ROUNDS`. */
const LONGEST_MS = 1_500;

/*
 * The collector is not called in between: a collection while nothing is under way throws optimised code away, with the
 * shapes that no object has at that moment, and what is timed next would be how it is made again.
 */

/**
 * How long a unit takes, in nanoseconds, in works of several sizes: done in turns, so that what changes with time (the
 * optimiser's knowledge, others on the machine) meets them all; medians over the rounds.
 */
export async function interleavedTimes<Size extends string>(
  works: SizedWorks<Size>,
): Promise<SizedTimes<Size>> {
  const sizes = Object.keys(works) as Size[];
  for (const size of sizes) await timePerUnit(works[size], WARM_UP_MS);
  const times = new Map<Size, number[]>(sizes.map((size) => [size, []]));
  const begin = performance.now();
  for (let round = 0; round < ROUNDS; round += 1) {
    if (round > 0 && performance.now() - begin > LONGEST_MS * sizes.length) break;
    for (const size of sizes) times.get(size)?.push(await timePerUnit(works[size], ROUND_MS));
  }
  return mediansOf(times);
}

/** The same, one size after the other, for works of which a large one leaves garbage that a small one would pay for. */
export async function ascendingTimes<Size extends string>(
  works: SizedWorks<Size>,
): Promise<SizedTimes<Size>> {
  const times = new Map<Size, number[]>();
  for (const size of Object.keys(works) as Size[]) {
    await timePerUnit(works[size], WARM_UP_MS);
    const begin = performance.now();
    const ofSize: number[] = [];
    do ofSize.push(await timePerUnit(works[size], ROUND_MS));
    while (ofSize.length < ROUNDS && performance.now() - begin < LONGEST_MS);
    times.set(size, ofSize);
  }
  return mediansOf(times);
}

function mediansOf<Size extends string>(
  times: ReadonlyMap<Size, readonly number[]>,
): SizedTimes<Size> {
  return Object.fromEntries(
    [...times].map(([size, all]) => [size, median(all)]),
  ) as SizedTimes<Size>;
}

async function timePerUnit({ run, units }: SizedWork, atLeastMs: number): Promise<number> {
  const from = performance.now();
  let runs = 0;
  let passed = 0;
  do {
    const running = run();
    if (running !== undefined) await running;
    runs += 1;
    passed = performance.now() - from;
  } while (passed < atLeastMs);
  return (passed * 1e6) / (runs * units);
}
