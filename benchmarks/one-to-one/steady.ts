import { asynchronousListener, synchronousListener } from "../peers/work-listener.ts";
import type { WorkQueueName } from "../peers/work-queues.ts";
import { rateMetrics } from "../probes/rate.ts";
import type { Scenario } from "../scenario.ts";
import { BURST, inSmallBursts } from "../shapes/production.ts";
import { queueContenders, sameCount } from "../shapes/queue-contenders.ts";

const QUEUES: readonly WorkQueueName[] = [
  "fastq (callback)",
  "fastq.promise",
  "async.queue",
  "p-queue",
  "p-limit",
  "effect Queue",
];
/** Those that do not know how many messages may be at work at a time, or know only one. */
const WITHOUT_CONCURRENCY: readonly WorkQueueName[] = [
  "effect Queue (takeAll)",
  "rxjs",
  "emittery",
  "moleculer",
  "@boringnode/bus",
];

function steady(listener: "synchronous" | "asynchronous", concurrency: number): Scenario {
  const isSynchronous = listener === "synchronous";
  const ours: readonly WorkQueueName[] =
    concurrency === 1 ? ["busline serial", "busline parallel"] : ["busline parallel"];
  const limit: WorkQueueName = isSynchronous ? "fair ring" : "async loops";
  const peers = [...QUEUES];
  if (concurrency === 1 && isSynchronous) peers.push(...WITHOUT_CONCURRENCY);
  if (!isSynchronous) peers.push("rxjs");
  return {
    name: `one-to-one/steady-${listener}-listener-concurrency-${concurrency}`,
    topology: "one-to-one",
    title: `Sends bursts of 1,000 messages to a queue, each when the last one has been delivered, ${isSynchronous ? "to a synchronous listener" : "to an asynchronous listener with nothing to wait for"}, ${concurrency} at a time.`,
    metrics: rateMetrics,
    mainMetric: "rate",
    ours,
    limit,
    limitTitle: isSynchronous
      ? "a ring of payloads, drained in slices of 1,024"
      : "asynchronous loops over a plain array, as many as messages may be at work",
    goals: ours.map((contender) => ({
      contender,
      against: "fastq (callback)",
      bar: isSynchronous ? 2 : 1.1,
      aim: isSynchronous ? 5 : 1.5,
    })),
    contenders: queueContenders({
      counts: sameCount([...ours, limit, ...peers], BURST),
      options: { concurrency },
      listener: (arrivals) => {
        const receive = (payload: number): void => {
          arrivals.add(payload);
        };
        return isSynchronous ? synchronousListener(receive) : asynchronousListener(receive);
      },
      production: inSmallBursts,
    }),
  };
}

export const scenarios: readonly Scenario[] = [
  steady("synchronous", 1),
  steady("synchronous", 10),
  steady("asynchronous", 1),
  steady("asynchronous", 10),
];
