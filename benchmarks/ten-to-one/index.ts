import { synchronousListener } from "../peers/work-listener.ts";
import { rateMetrics } from "../probes/rate.ts";
import { sizeOf } from "../probes/size-of.ts";
import type { Scenario } from "../scenario.ts";
import { byTenProducers } from "../shapes/production.ts";
import { queueContenders, sameCount } from "../shapes/queue-contenders.ts";

const MANY = sizeOf(1_000_000, 1_000);
const FEWER = sizeOf(200_000, 1_000);

const burst: Scenario = {
  name: "ten-to-one/burst",
  topology: "ten-to-one",
  title:
    "Ten producers, asynchronous functions, each send 1,000 messages in every turn of the event loop to one queue; a synchronous listener gets them. busline has its bound of 100,000, and the producers wait for space; the peers' queues grow.",
  metrics: rateMetrics,
  mainMetric: "rate",
  ours: ["busline serial", "busline parallel"],
  limit: "fair ring",
  limitTitle: "a ring of payloads, drained in slices of 1,024 with the event loop's turn between",
  goals: ["busline serial", "busline parallel"].map((contender) => ({
    contender,
    against: "fastq (callback)",
    bar: 2,
  })),
  contenders: queueContenders({
    counts: {
      ...sameCount(["busline serial", "busline parallel", "fair ring", "fastq (callback)"], MANY),
      ...sameCount(["async.queue", "effect Queue", "effect Queue (takeAll)"], MANY),
      ...sameCount(["fastq.promise", "p-queue", "p-limit"], FEWER),
      ...sameCount(["emittery", "moleculer", "@boringnode/bus"], FEWER),
    },
    options: { whenFull: "wait" },
    listener: (arrivals) =>
      synchronousListener((payload) => {
        arrivals.add(payload);
      }),
    production: byTenProducers,
  }),
};

export const scenarios: readonly Scenario[] = [burst];
