import type { Arrivals } from "../peers/arrivals.ts";
import type { SynchronousListener } from "../peers/work-listener.ts";
import type { WorkQueueName } from "../peers/work-queues.ts";
import { rateMetrics } from "../probes/rate.ts";
import { sizeOf } from "../probes/size-of.ts";
import type { Scenario } from "../scenario.ts";
import { inOneBurst } from "../shapes/production.ts";
import { queueContenders, sameCount } from "../shapes/queue-contenders.ts";

/** How many steps of a loop one message takes: about 0.2 ms. */
const STEPS = 200_000;
/** So many calls that every optimiser has had its turn. */
const COUNT = sizeOf(1_500);

const OURS: readonly WorkQueueName[] = ["busline serial", "busline parallel"];
const LIMIT: WorkQueueName = "listener apart";
const PEERS: readonly WorkQueueName[] = [
  "fastq (callback)",
  "fastq.promise",
  "async.queue",
  "p-queue",
  "p-limit",
];

/** The loop stands in the listener itself, in both forms: what calls a listener may spoil it, not what it calls. */
function computingListener(arrivals: Arrivals): SynchronousListener {
  return {
    isAsynchronous: false,
    forPayload: (payload) => {
      let state = payload | 0;
      for (let step = 0; step < STEPS; step += 1) state = (Math.imul(state, 31) + step) | 0;
      arrivals.add(state === 0.5 ? 0 : payload);
    },
    forMessage: (message) => {
      let state = message.payload | 0;
      for (let step = 0; step < STEPS; step += 1) state = (Math.imul(state, 31) + step) | 0;
      arrivals.add(state === 0.5 ? 0 : message.payload);
    },
  };
}

export const scenarios: readonly Scenario[] = [
  {
    name: "one-to-one/computing-listener",
    topology: "one-to-one",
    title:
      "Sends 1,500 messages at once to a queue, whose listener computes for about 0.2 ms on each: does what calls it leave it as quick as it is?",
    metrics: rateMetrics,
    mainMetric: "rate",
    ours: OURS,
    limit: LIMIT,
    limitTitle:
      "a plain array, and the listener called so that no optimiser takes it into the loop",
    goals: OURS.map((contender) => ({ contender, against: LIMIT, bar: 0.9, aim: 0.97 })),
    contenders: queueContenders({
      counts: sameCount([...OURS, LIMIT, ...PEERS], COUNT),
      listener: computingListener,
      production: inOneBurst,
    }),
  },
];
