import { AsyncLocalStorage } from "node:async_hooks";
import { Arrivals, sumTo } from "../peers/arrivals.ts";
import { synchronousListener } from "../peers/work-listener.ts";
import type { WorkQueue } from "../peers/work-queue.ts";
import { type WorkQueueName, workQueues } from "../peers/work-queues.ts";
import { liveHeap } from "../probes/heap.ts";
import { sizeOf } from "../probes/size-of.ts";
import type { Metric, Sample, Scenario } from "../scenario.ts";

const COUNT = sizeOf(1_000_000);
/** So that what is made once has been made. */
const WARM_UP_COUNT = sizeOf(2_000);

const metrics: Readonly<Record<string, Metric>> = {
  queued: { title: "heap a queued message", unit: "bytes", better: "less" },
  left: { title: "heap left after draining, a message", unit: "bytes", better: "less" },
};

const OURS: readonly WorkQueueName[] = ["busline serial", "busline parallel"];
const LIMIT: WorkQueueName = "fair ring";
const PEERS: readonly WorkQueueName[] = [
  "fastq (callback)",
  "fastq.promise",
  "async.queue",
  "p-queue",
  "p-limit",
  "effect Queue",
  "emittery",
  "moleculer",
  "@boringnode/bus",
];

function heapScenario(name: string, title: string, run: (send: () => void) => void): Scenario {
  return {
    name: `one-to-one/${name}`,
    topology: "one-to-one",
    title,
    metrics,
    mainMetric: "queued",
    ours: OURS,
    limit: LIMIT,
    limitTitle: "a ring of payloads",
    goals: OURS.map((contender) => ({ contender, bar: 120, aim: 80 })),
    contenders: Object.fromEntries(
      [...OURS, LIMIT, ...PEERS].map((contender) => [contender, () => measureHeap(contender, run)]),
    ),
  };
}

/** The payloads are small integers, which take no memory of their own. */
async function measureHeap(name: WorkQueueName, run: (send: () => void) => void): Promise<Sample> {
  const arrivals = new Arrivals();
  const listener = synchronousListener((payload) => {
    arrivals.add(payload);
  });
  const create = await workQueues[name]();
  const queue = await create({ listener, maximumQueueSize: Number.POSITIVE_INFINITY });
  const sendAll = (count: number): Promise<void> => {
    const all = arrivals.more(count);
    run(() => {
      pushAll(queue, count);
    });
    return all;
  };

  await sendAll(WARM_UP_COUNT);
  const before = liveHeap();
  const all = sendAll(COUNT);
  const full = liveHeap();
  await all;
  // Peers tidy up behind the last delivery.
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  const after = liveHeap();
  await queue.close?.();
  return {
    metrics: { queued: (full - before) / COUNT, left: Math.max(0, after - before) / COUNT },
    arrived: arrivals.sum,
    expected: sumTo(WARM_UP_COUNT) + sumTo(COUNT),
  };
}

function pushAll(queue: WorkQueue, count: number): void {
  for (let payload = 1; payload <= count; payload += 1) void queue.push(payload);
}

export const scenarios: readonly Scenario[] = [
  heapScenario(
    "heap",
    "Queues 1,000,000 messages without a payload on the heap, then delivers them.",
    (send) => {
      send();
    },
  ),
  heapScenario(
    "heap-with-context",
    "Queues 1,000,000 messages in one context of AsyncLocalStorage, then delivers them.",
    (send) => {
      new AsyncLocalStorage().run({ tenant: "acme" }, send);
    },
  ),
];
