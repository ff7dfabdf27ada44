import { Arrivals } from "../peers/arrivals.ts";
import { synchronousListener } from "../peers/work-listener.ts";
import { type WorkQueueName, workQueues } from "../peers/work-queues.ts";
import { ascendingTimes, type SizedWork } from "../probes/sized-times.ts";
import { sizeOf } from "../probes/size-of.ts";
import type { Metric, Sample, Scenario } from "../scenario.ts";

const SOME = sizeOf(1_000, 100);
const MANY = sizeOf(1_000_000);
const VERY_MANY = sizeOf(10_000_000);

const of1000000: Metric = { title: "1,000,000 queued", unit: "ns", better: "less" };

const metrics: Readonly<Record<string, Metric>> = {
  of1: { title: "time a message, 1 queued", unit: "ns", better: "less" },
  of1000: { title: "1,000 queued", unit: "ns", better: "less" },
  of1000000,
};

const OURS: readonly WorkQueueName[] = ["busline serial", "busline parallel"];
const LIMIT: WorkQueueName = "fair ring";
const LIMIT_TITLE = "a ring of payloads, drained in slices of 1,024";
const PEERS: readonly WorkQueueName[] = ["fastq (callback)", "fastq.promise", "async.queue"];

/** The works queue so many messages in one run, then all are delivered. */
async function measureQueued(
  name: WorkQueueName,
  times: (queueing: (count: number) => SizedWork) => Promise<Sample["metrics"]>,
): Promise<Sample> {
  const arrivals = new Arrivals();
  const listener = synchronousListener((payload) => {
    arrivals.add(payload);
  });
  const create = await workQueues[name]();
  const queue = await create({ listener, maximumQueueSize: Number.POSITIVE_INFINITY });
  let expected = 0;
  const measured = await times((count) => ({
    units: count,
    run: () => {
      expected += count;
      const all = arrivals.more(count);
      for (let left = count; left > 0; left -= 1) void queue.push(1);
      return all;
    },
  }));
  await queue.close?.();
  return { metrics: measured, arrived: arrivals.sum, expected };
}

const queued: Scenario = {
  name: "growth/queued",
  topology: "growth",
  title: "Queues 1, 1,000 or 1,000,000 messages in one run, then delivers them; and again.",
  metrics,
  mainMetric: "of1000000",
  ours: OURS,
  limit: LIMIT,
  limitTitle: LIMIT_TITLE,
  goals: [],
  contenders: Object.fromEntries(
    [...OURS, LIMIT, ...PEERS].map((name) => [
      name,
      () =>
        measureQueued(name, (queueing) =>
          ascendingTimes({
            of1: queueing(1),
            of1000: queueing(SOME),
            of1000000: queueing(MANY),
          }),
        ),
    ]),
  ),
};

/** Once: there is nothing to be optimised after the first million. */
const manyQueued: Scenario = {
  name: "growth/queued-10000000",
  topology: "growth",
  title: "Queues 1,000,000 messages in one run, then 10,000,000, and delivers them.",
  metrics: {
    of10000000: { title: "time a message, 10,000,000 queued", unit: "ns", better: "less" },
    of1000000,
  },
  mainMetric: "of10000000",
  ours: OURS,
  limit: LIMIT,
  limitTitle: LIMIT_TITLE,
  goals: [],
  // The heap that a Node.js has by default does not hold so many of most contenders' messages.
  nodeOptions: ["--max-old-space-size=12288"],
  contenders: Object.fromEntries(
    [...OURS, LIMIT, "fastq (callback)" as const, "async.queue" as const].map((name) => [
      name,
      () =>
        measureQueued(name, async (queueing) => {
          await timeOnce(queueing(MANY));
          const few = await timeOnce(queueing(MANY));
          return { of10000000: await timeOnce(queueing(VERY_MANY)), of1000000: few };
        }),
    ]),
  ),
};

async function timeOnce({ run, units }: SizedWork): Promise<number> {
  const from = performance.now();
  await run();
  return ((performance.now() - from) * 1e6) / units;
}

export const queuedScenarios: readonly Scenario[] = [queued, manyQueued];
