import { setImmediate } from "node:timers/promises";
import { sizeOf } from "../probes/size-of.ts";
import type { Sample, Scenario } from "../scenario.ts";
import { type CreateFlooded, floodedQueues } from "./flooded-queues.ts";

const TURNS = sizeOf(100, 20);
/** Sent in each turn of the event loop; the listener, which waits for a turn, gets done with ten. */
const BATCH = sizeOf(10_000, 100);
const MEGABYTE = 1_000_000;

async function measureBounded(createFlooded: CreateFlooded): Promise<Sample> {
  const outcome = { delivered: 0, refused: 0 };
  const queue = createFlooded({
    listener: async () => {
      await setImmediate();
      outcome.delivered += 1;
    },
    refused: () => {
      outcome.refused += 1;
    },
  });
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  let peak = 0;
  let sendingMs = 0;
  for (let turn = 0; turn < TURNS; turn += 1) {
    const from = performance.now();
    for (let payload = 0; payload < BATCH; payload += 1) queue.send(payload);
    sendingMs += performance.now() - from;
    peak = Math.max(peak, process.memoryUsage().heapUsed);
    await setImmediate();
  }
  globalThis.gc?.();
  const held = process.memoryUsage().heapUsed;
  const { refused } = outcome;
  await queue.finished();
  return {
    metrics: {
      held: (held - before) / MEGABYTE,
      peak: (peak - before) / MEGABYTE,
      sends: (TURNS * BATCH) / (sendingMs / 1_000),
      refused: (refused / (TURNS * BATCH)) * 100,
    },
    arrived: outcome.delivered + outcome.refused,
    expected: TURNS * BATCH,
  };
}

export const bounded: Scenario = {
  name: "flood/bounded",
  topology: "flood",
  title:
    "Sends 1,000,000 messages, 10,000 in each turn of the event loop, where ten can be delivered in that time; busline holds its default bound of 100,000.",
  metrics: {
    held: { title: "heap held at the end of the flood", unit: "MB", better: "less" },
    peak: { title: "highest heap, garbage included", unit: "MB", better: "less" },
    sends: { title: "sends a second, refused ones included", unit: "sends/s", better: "more" },
    refused: { title: "refused or dropped", unit: "%", better: "less" },
  },
  mainMetric: "held",
  ours: ["busline abort", "busline discard", "busline discardOldest"],
  limit: "bounded array",
  limitTitle: "an array with a bound of 100,000 and ten asynchronous loops over it",
  goals: [],
  contenders: Object.fromEntries(
    Object.entries(floodedQueues).map(([name, load]) => [
      name,
      async () => measureBounded(await load()),
    ]),
  ),
};
