import type { Metric, Sample } from "../scenario.ts";
import { Garbage } from "./garbage.ts";
import { median } from "./median.ts";
import { sizeOf } from "./size-of.ts";

/** Work whose rate is measured. */
export interface RateWork {
  /** Sends that many messages; resolves when the last one has been delivered. */
  readonly run: (count: number) => void | Promise<void>;
  /** What has arrived since the beginning: a count or a sum. */
  readonly arrived: () => number;
  /** What one run of that many messages adds to it. */
  readonly expected: (count: number) => number;
  /** Further figures, in the units that the scenario gives them, about all runs. */
  readonly figures?: () => Readonly<Record<string, number>>;
  /** Lets the process end. */
  readonly close?: () => void | Promise<void>;
}

export interface RateOptions {
  /** How many messages a run has. */
  readonly count: number;
  /** Whether a run gets so many more of them that it takes `RUN_MS`: for work that keeps no backlog. */
  readonly grows: boolean;
  /**
   * How long it works at least, in milliseconds, before it is measured: longer where each message takes long, since what
   * goes on around it is not optimised before it has gone on some thousand times. Default: 400.
   */
  readonly warmUpMs?: number;
}

/** So long, at least, a process works before it is measured, so that what is compiled and what adapts settles … */
const WARM_UP_MS = sizeOf(400, 0);
/** … and until so many runs, one after the other, … */
const SETTLED_RUNS = 3;
/** … have been no faster than the fastest by more than this share, … */
const PROGRESS = 0.03;
/** … but no longer than this. */
const MOST_WARM_UP_MS = sizeOf(2_000, 0);
/** So long, about, one run takes where its count may grow. */
const RUN_MS = sizeOf(150, 0);
const MOST_RUNS = sizeOf(5);
/** A slow contender has fewer runs than `MOST_RUNS`, but always one. */
const MEASURING_MS = 1_500;

/** The metrics that `measureRate` gives; `rate` is the main one. */
export const rateMetrics: Readonly<Record<string, Metric>> = {
  rate: { title: "messages a second", unit: "messages/s", better: "more" },
  duration: { title: "time a message", unit: "ns", better: "less" },
  processor: { title: "processor time a message", unit: "ns", better: "less" },
  garbage: { title: "time in garbage collection", unit: "%", better: "less" },
};

interface Run {
  readonly from: number;
  readonly to: number;
  /** Of all threads of the process, in microseconds. */
  readonly processor: number;
}

/**
 * Warms up, then times several runs; the figures are medians over them.
 *
 * No collection of garbage is forced between runs: each run bears the garbage of the one before, as in a long-lived
 * process. A forced one at a moment when no message is on its way would also throw away what the optimiser has made for
 * the shapes of objects that live only as long as a message.
 */
export async function measureRate(work: RateWork, options: RateOptions): Promise<Sample> {
  let expected = 0;
  const runOnce = async (count: number): Promise<Run> => {
    expected += work.expected(count);
    const usage = process.cpuUsage();
    const from = performance.now();
    const running = work.run(count);
    if (running !== undefined) await running;
    const to = performance.now();
    const { user, system } = process.cpuUsage(usage);
    return { from, to, processor: user + system };
  };

  const count = await warmUp(runOnce, options);
  const garbage = new Garbage();
  const runs: Run[] = [];
  let measured = 0;
  while (runs.length < MOST_RUNS && (runs.length === 0 || measured < MEASURING_MS)) {
    const run = await runOnce(count);
    measured += run.to - run.from;
    runs.push(run);
  }
  const duration = median(runs.map(({ from, to }) => ((to - from) * 1e6) / count));
  const metrics = {
    rate: 1e9 / duration,
    duration,
    processor: median(runs.map(({ processor }) => (processor * 1e3) / count)),
    garbage: (await garbage.shareOf(runs)) * 100,
    ...work.figures?.(),
  };
  await work.close?.();
  return { metrics, arrived: work.arrived(), expected };
}

/** @returns how many messages a run is to have */
async function warmUp(
  runOnce: (count: number) => Promise<Run>,
  { count, grows, warmUpMs = WARM_UP_MS }: RateOptions,
): Promise<number> {
  const begin = performance.now();
  let size = count;
  let fastest = Number.POSITIVE_INFINITY;
  let settled = 0;
  for (;;) {
    const { from, to } = await runOnce(size);
    const duration = (to - from) / size;
    const grown = grows && to - from < RUN_MS / 2;
    settled = grown || duration < fastest * (1 - PROGRESS) ? 0 : settled + 1;
    fastest = Math.min(fastest, duration);
    if (grown) size *= 2;
    const elapsed = to - begin;
    if (elapsed >= Math.max(MOST_WARM_UP_MS, warmUpMs)) return size;
    if (elapsed >= warmUpMs && settled >= SETTLED_RUNS) return size;
  }
}
