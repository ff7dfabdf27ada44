import type { WorkQueueName } from "../peers/work-queues.ts";
import { rateMetrics } from "../probes/rate.ts";
import { sizeOf } from "../probes/size-of.ts";
import type { Metric, Scenario } from "../scenario.ts";
import { Contexts } from "../shapes/contexts.ts";
import { BURST } from "../shapes/production.ts";
import { queueContenders, sameCount } from "../shapes/queue-contenders.ts";

const MANY = sizeOf(1_000_000);
const FEWER = sizeOf(200_000);
const FEW = sizeOf(10_000);

const FAST = [
  "busline serial",
  "busline parallel",
  "fair ring",
  "fastq (callback)",
  "async.queue",
  "effect Queue",
] as const satisfies readonly WorkQueueName[];
const SLOW = [
  "fastq.promise",
  "p-queue",
  "p-limit",
  "emittery",
  "moleculer",
  "@boringnode/bus",
] as const satisfies readonly WorkQueueName[];

const metrics: Readonly<Record<string, Metric>> = {
  ...rateMetrics,
  wrong: {
    title: "messages whose listener ran in another context than the sender",
    unit: "%",
    better: "less",
  },
};

function withContext(
  shape: "burst" | "steady",
  title: string,
  counts: Partial<Record<WorkQueueName, number>>,
): Scenario {
  // A contender has a process of its own, so that the contexts are never shared.
  const contexts = new Contexts();
  return {
    name: `one-to-one/${shape}-with-context`,
    topology: "one-to-one",
    title: `${title}, in an AsyncLocalStorage context for every ten messages, which a synchronous listener looks at.`,
    metrics,
    mainMetric: "rate",
    ours: ["busline serial", "busline parallel"],
    limit: "fair ring",
    limitTitle: "a ring of payloads, drained in slices of 1,024, that keeps no context",
    goals: ["busline serial", "busline parallel"].map((contender) => ({
      contender,
      against: "fastq (callback)",
      bar: shape === "burst" ? 3 : 2,
    })),
    contenders: queueContenders({
      counts,
      ...(shape === "burst" ? { options: { maximumQueueSize: Number.POSITIVE_INFINITY } } : {}),
      listener: (arrivals) => contexts.listener(arrivals),
      production: contexts.production(shape === "burst" ? undefined : BURST),
      figures: () => contexts.figures,
    }),
  };
}

export const scenarios: readonly Scenario[] = [
  withContext("burst", "Sends 1,000,000 messages at once to a queue without a bound", {
    ...sameCount(FAST, MANY),
    ...sameCount(SLOW, FEWER),
    rxjs: FEW,
  }),
  withContext(
    "steady",
    "Sends bursts of 1,000 messages to a queue, each when the last one has been delivered",
    sameCount([...FAST, ...SLOW, "rxjs"], BURST),
  ),
];
