import { asynchronousListener, synchronousListener } from "../peers/work-listener.ts";
import { rateMetrics } from "../probes/rate.ts";
import { sizeOf } from "../probes/size-of.ts";
import type { Scenario } from "../scenario.ts";
import { inOneBurst } from "../shapes/production.ts";
import { queueContenders, sameCount } from "../shapes/queue-contenders.ts";

const MANY = sizeOf(1_000_000);
/** For contenders that are slow, or whose time grows faster than the number of messages: rates compare. */
const FEWER = sizeOf(200_000);
const FEW = sizeOf(10_000);
/** For one that polls. */
const VERY_FEW = sizeOf(300);

/** As the queues of the peers have no bound, the queue of busline has none here either. */
const maximumQueueSize = Number.POSITIVE_INFINITY;

const synchronous: Scenario = {
  name: "one-to-one/burst-synchronous-listener",
  topology: "one-to-one",
  title:
    "Sends 1,000,000 messages at once to a queue without a bound; then a synchronous listener gets them all.",
  metrics: rateMetrics,
  mainMetric: "rate",
  ours: ["busline serial", "busline parallel"],
  limit: "fair ring",
  limitTitle: "a ring of payloads, drained in slices of 1,024 with the event loop's turn between",
  goals: ["busline serial", "busline parallel"].flatMap((contender) => [
    { contender, against: "fastq (callback)", bar: 3 },
    { contender, against: "fair ring", bar: 0, aim: 0.5 },
  ]),
  contenders: queueContenders({
    counts: {
      ...sameCount(["busline serial", "busline parallel", "fair ring", "fastq (callback)"], MANY),
      ...sameCount(["fastq.promise", "async.queue"], MANY),
      ...sameCount(["effect Queue", "effect Queue (takeAll)"], MANY),
      ...sameCount(["p-queue", "p-limit", "emittery", "moleculer", "@boringnode/bus"], FEWER),
      rxjs: FEW,
      "@node-ts/bus-core": VERY_FEW,
    },
    options: { maximumQueueSize },
    listener: (arrivals) =>
      synchronousListener((payload) => {
        arrivals.add(payload);
      }),
    production: inOneBurst,
  }),
};

function asynchronous(concurrency: number): Scenario {
  const ours =
    concurrency === 1
      ? (["busline parallel", "busline serial"] as const)
      : (["busline parallel"] as const);
  return {
    name: `one-to-one/burst-asynchronous-listener-concurrency-${concurrency}`,
    topology: "one-to-one",
    title: `Sends 200,000 messages at once to a queue without a bound; then an asynchronous listener with nothing to wait for gets them, ${concurrency} at a time.`,
    metrics: rateMetrics,
    mainMetric: "rate",
    ours,
    limit: "async loops",
    limitTitle: "asynchronous loops over a plain array, as many as messages may be at work",
    goals: ours.flatMap((contender) => [
      { contender, against: "fastq (callback)", bar: 1.3 },
      { contender, against: "fastq.promise", bar: 8 },
      { contender, against: "async loops", bar: 0, aim: 0.65 },
    ]),
    contenders: queueContenders({
      counts: {
        ...sameCount(ours, FEWER),
        ...sameCount(["async loops", "fastq (callback)", "fastq.promise", "async.queue"], FEWER),
        ...sameCount(["p-queue", "p-limit", "effect Queue"], FEWER),
        rxjs: FEW,
      },
      options: { concurrency, maximumQueueSize },
      listener: (arrivals) =>
        asynchronousListener((payload) => {
          arrivals.add(payload);
        }),
      production: inOneBurst,
    }),
  };
}

export const scenarios: readonly Scenario[] = [
  synchronous,
  asynchronous(1),
  asynchronous(10),
  asynchronous(100),
];
