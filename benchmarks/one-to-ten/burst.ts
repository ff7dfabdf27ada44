import { Arrivals } from "../peers/arrivals.ts";
import {
  buslineFanOut,
  type CreateFanOut,
  oneQueueOf,
  queuesOf,
  topicOf,
} from "../peers/fan-out.ts";
import type { WorkQueueName } from "../peers/work-queues.ts";
import { measureRate, rateMetrics } from "../probes/rate.ts";
import { sizeOf } from "../probes/size-of.ts";
import type { Sample, Scenario } from "../scenario.ts";
import { createDistinctListeners } from "../shapes/distinct-listeners.ts";
import { inOneBurstTo } from "../shapes/production.ts";

const LISTENERS = 10;
const MANY = sizeOf(100_000);
const FEWER = sizeOf(20_000);

const COUNTS: Partial<Record<WorkQueueName, number>> = {
  "fastq (callback)": MANY,
  "fastq.promise": MANY,
  "async.queue": MANY,
  "effect Queue": MANY,
  "effect Queue (takeAll)": MANY,
  "p-queue": FEWER,
  "p-limit": FEWER,
};
/** They have no queue, but call listeners in a later turn; each listener by itself. */
const BUSES = ["emittery", "moleculer", "@boringnode/bus"];

async function measureFanOut(create: CreateFanOut, count: number): Promise<Sample> {
  const arrivals = new Arrivals();
  const production = inOneBurstTo(LISTENERS);
  const queue = await create(
    createDistinctListeners(LISTENERS, (payload) => {
      arrivals.add(payload);
    }),
  );
  return measureRate(
    {
      run: production.run(queue, arrivals),
      arrived: () => arrivals.sum,
      expected: production.expected,
      close: () => queue.close?.(),
    },
    { count, grows: false },
  );
}

function burst(type: "serial" | "parallel"): Scenario {
  const ours = `busline ${type}`;
  const fanOutOf = type === "serial" ? oneQueueOf : queuesOf;
  return {
    name: `one-to-ten/burst-${type}-10-listeners`,
    topology: "one-to-ten",
    title: `Sends 100,000 messages at once to a ${type} destination without a bound, with ten synchronous listeners; the peers have ${type === "serial" ? "one queue whose worker calls all ten" : "a queue for each listener"}.`,
    metrics: rateMetrics,
    mainMetric: "rate",
    ours: [ours],
    limit: "fair ring",
    limitTitle: "one ring of payloads, drained in slices of 1,024, and a loop over the listeners",
    goals: [{ contender: ours, against: "fastq (callback)", bar: 1 }],
    contenders: {
      [ours]: () => measureFanOut(buslineFanOut(type), MANY),
      "fair ring": () => measureFanOut(oneQueueOf("fair ring"), MANY),
      ...Object.fromEntries(
        Object.entries(COUNTS).map(([name, count]) => [
          name,
          () => measureFanOut(fanOutOf(name as WorkQueueName), count),
        ]),
      ),
      ...(type === "parallel"
        ? Object.fromEntries(BUSES.map((name) => [name, () => measureFanOut(topicOf(name), FEWER)]))
        : {}),
    },
  };
}

export const scenarios: readonly Scenario[] = [burst("parallel"), burst("serial")];
