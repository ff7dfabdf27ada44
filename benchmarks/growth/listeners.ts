import { Arrivals } from "../peers/arrivals.ts";
import { buslineFanOut, type CreateFanOut, topicOf } from "../peers/fan-out.ts";
import type { WorkQueue } from "../peers/work-queue.ts";
import { interleavedTimes, type SizedWork } from "../probes/sized-times.ts";
import { sizeOf } from "../probes/size-of.ts";
import type { Metric, Sample, Scenario } from "../scenario.ts";
import { createDistinctListeners } from "../shapes/distinct-listeners.ts";

/** Deliveries in one burst, whatever the number of listeners. */
const DELIVERIES = sizeOf(10_000, 1_000);
const COUNTS = [1, 10, 100, 1_000] as const;

const metrics: Readonly<Record<string, Metric>> = {
  of1: { title: "time a delivery, 1 listener", unit: "ns", better: "less" },
  of10: { title: "10 listeners", unit: "ns", better: "less" },
  of100: { title: "100 listeners", unit: "ns", better: "less" },
  of1000: { title: "1,000 listeners", unit: "ns", better: "less" },
};

const contenders: Readonly<Record<string, CreateFanOut>> = {
  "busline synchronous": topicOf("busline"),
  "busline serial": buslineFanOut("serial"),
  "busline parallel": buslineFanOut("parallel"),
  "array loop": topicOf("array loop"),
  EventEmitter: topicOf("EventEmitter"),
  eventemitter3: topicOf("eventemitter3"),
  nanoevents: topicOf("nanoevents"),
  mitt: topicOf("mitt"),
  rxjs: topicOf("rxjs"),
};

async function measureListeners(create: CreateFanOut): Promise<Sample> {
  const arrivals = new Arrivals();
  const queues: WorkQueue[] = [];
  let expected = 0;
  const burstOf = async (listenerCount: number): Promise<SizedWork> => {
    const listeners = createDistinctListeners(listenerCount, (payload) => {
      arrivals.add(payload);
    });
    const queue = await create(listeners);
    queues.push(queue);
    return {
      units: DELIVERIES,
      run: () => {
        expected += DELIVERIES;
        const all = arrivals.more(DELIVERIES);
        for (let left = DELIVERIES / listenerCount; left > 0; left -= 1) void queue.push(1);
        return all;
      },
    };
  };
  const [of1, of10, of100, of1000] = COUNTS;
  const times = await interleavedTimes({
    of1: await burstOf(of1),
    of10: await burstOf(of10),
    of100: await burstOf(of100),
    of1000: await burstOf(of1000),
  });
  for (const queue of queues) await queue.close?.();
  return { metrics: times, arrived: arrivals.sum, expected };
}

export const listeners: Scenario = {
  name: "growth/listeners",
  topology: "growth",
  title: "Sends bursts of 10,000 deliveries to one destination with 1, 10, 100 or 1,000 listeners.",
  metrics,
  mainMetric: "of1000",
  ours: ["busline synchronous", "busline serial", "busline parallel"],
  limit: "array loop",
  limitTitle: "a loop over an array of the listeners that calls them",
  goals: [],
  contenders: Object.fromEntries(
    Object.entries(contenders).map(([name, create]) => [name, () => measureListeners(create)]),
  ),
};
