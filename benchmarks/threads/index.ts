import { monitorEventLoopDelay } from "node:perf_hooks";
import { Arrivals } from "../peers/arrivals.ts";
import {
  type ThreadRequester,
  type ThreadRequesterName,
  threadRequesters,
  THREADS,
} from "../peers/thread-requester.ts";
import { measureRate, rateMetrics } from "../probes/rate.ts";
import { sizeOf } from "../probes/size-of.ts";
import type { Goal, Metric, Sample, Scenario } from "../scenario.ts";
import { recovery } from "./recovery.ts";
import type { ThreadPayload } from "./thread-work.ts";

const OURS: ThreadRequesterName = "busline threads";
const RAW: ThreadRequesterName = "raw batched port";
const PEERS: readonly ThreadRequesterName[] = ["piscina", "piscina (16 a worker)"];
/** About 0.1 and 1 ms on the machine on which the bars were set. */
const SHORT_STEPS = 87_000;
const LONG_STEPS = 870_000;
/** Some eight thousand tasks of 1 ms on two threads: so many it takes until what is around them has been optimised. */
const WARM_UP_MS = sizeOf(5_000, 0);
const MEGABYTE = 1_024 * 1_024;

const metrics: Readonly<Record<string, Metric>> = {
  ...rateMetrics,
  rate: { title: "tasks a second", unit: "tasks/s", better: "more" },
  duration: { title: "time a task", unit: "ns", better: "less" },
  processor: { title: "processor time a task", unit: "ns", better: "less" },
  delay: { title: "event loop delay, 99 of 100", unit: "ms", better: "less" },
};

interface Shape {
  readonly inFlight: number;
  readonly steps: number;
  /** How many bytes travel with a task; a text of about 100 where none are said. */
  readonly bytes?: number;
  readonly isMoved?: boolean;
  readonly count: number;
}

async function measure(name: ThreadRequesterName, shape: Shape): Promise<Sample> {
  const create = await threadRequesters[name]();
  const requester = create();
  const replies = new Arrivals();
  const delays = monitorEventLoopDelay({ resolution: 1 });
  const length = shape.bytes ?? WORDS.length;
  delays.enable();
  const sample = await measureRate(
    {
      run: inFlight(requester, replies, shape),
      arrived: () => replies.sum,
      expected: (count) => count * length,
      figures: () => ({ delay: Math.max(0, delays.percentile(99) / 1e6 - 1) }),
      close: () => requester.close(),
    },
    { count: shape.count, grows: true, warmUpMs: WARM_UP_MS },
  );
  delays.disable();
  if (name !== "2 x one thread") return sample;
  const { rate = 0, duration = 0 } = sample.metrics;
  return {
    ...sample,
    metrics: { ...sample.metrics, rate: rate * THREADS, duration: duration / THREADS },
  };
}

const WORDS = ["a customer of ours", "three of these", "to be sent on the", "26th of November"];

function inFlight(
  requester: ThreadRequester,
  replies: Arrivals,
  { inFlight: most, steps, bytes, isMoved = false }: Shape,
): (count: number) => Promise<void> {
  const payloadOf = (): ThreadPayload => ({
    steps,
    freight: bytes === undefined ? [...WORDS] : new Uint8Array(bytes),
  });
  return async (count) => {
    let left = count;
    const ask = async (): Promise<void> => {
      while (left > 0) {
        left -= 1;
        replies.add(await requester.request(payloadOf(), isMoved));
      }
    };
    await Promise.all(Array.from({ length: most }, ask));
  };
}

function scenarioOf(
  name: string,
  title: string,
  shape: Shape,
  limit: ThreadRequesterName,
  goals: readonly Goal[],
): Scenario {
  return {
    name: `threads/${name}`,
    topology: "threads",
    title,
    metrics,
    mainMetric: "rate",
    ours: [OURS],
    limit,
    limitTitle:
      limit === RAW
        ? "threads by hand that take what one microtask sends in one message"
        : "twice what the function does in one thread",
    goals,
    contenders: Object.fromEntries(
      [OURS, ...new Set([limit, RAW]), ...PEERS].map((contender) => [
        contender,
        () => measure(contender, shape),
      ]),
    ),
  };
}

const COUNT = sizeOf(1_024, 8);

export const scenarios: readonly Scenario[] = [
  scenarioOf(
    "no-op-64-in-flight",
    "Sends an object of 100 bytes to 2 threads that do nothing with it, 64 in flight.",
    { inFlight: 64, steps: 0, count: COUNT },
    RAW,
    [
      { against: "piscina", bar: 5 },
      { against: RAW, bar: 0, aim: 0.7 },
    ],
  ),
  scenarioOf(
    "no-op-1-in-flight",
    "Sends an object of 100 bytes to a thread that does nothing with it, the next when it has answered.",
    { inFlight: 1, steps: 0, count: COUNT },
    RAW,
    [{ against: "piscina", bar: 1 }],
  ),
  scenarioOf(
    "0.1-ms-64-in-flight",
    "Sends tasks of about 0.1 ms to 2 threads, 64 in flight.",
    { inFlight: 64, steps: SHORT_STEPS, count: COUNT },
    "2 x one thread",
    [
      { against: "piscina", bar: 1.5 },
      { against: "2 x one thread", bar: 0.8 },
    ],
  ),
  scenarioOf(
    "1-ms-64-in-flight",
    "Sends tasks of about 1 ms to 2 threads, 64 in flight.",
    { inFlight: 64, steps: LONG_STEPS, count: sizeOf(256, 8) },
    "2 x one thread",
    [
      { against: "2 x one thread", bar: 0.92 },
      { against: "piscina", bar: 1 },
    ],
  ),
  {
    ...scenarioOf(
      "event-loop-delay",
      "Keeps 2 threads busy with tasks of about 1 ms, 64 in flight, and measures how late the event loop is meanwhile.",
      { inFlight: 64, steps: LONG_STEPS, count: sizeOf(256, 8) },
      RAW,
      [{ bar: 10 }],
    ),
    mainMetric: "delay",
  },
  recovery,
  scenarioOf(
    "1-MB-copied",
    "Sends 1 MB to 2 threads, copied, 8 in flight.",
    { inFlight: 8, steps: 0, bytes: MEGABYTE, count: sizeOf(256, 8) },
    RAW,
    [{ against: "piscina", bar: 1 }],
  ),
  scenarioOf(
    "1-MB-moved",
    "Sends 1 MB to 2 threads, moved, 8 in flight.",
    { inFlight: 8, steps: 0, bytes: MEGABYTE, isMoved: true, count: sizeOf(256, 8) },
    RAW,
    [{ against: "piscina", bar: 1 }],
  ),
];
