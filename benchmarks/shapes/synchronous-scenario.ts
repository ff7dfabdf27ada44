import type { Publisher } from "../peers/publisher.ts";
import { otherBuses, publishers } from "../peers/publishers.ts";
import { measureRate, rateMetrics } from "../probes/rate.ts";
import type { Sample, Scenario, Topology } from "../scenario.ts";
import { createDistinctListeners } from "./distinct-listeners.ts";

const TOPICS = 4;

/** Messages go round four destinations, each with listeners of its own, and are delivered in the sender's turn. */
export function synchronousScenario(topology: Topology, listeners: number): Scenario {
  const plural = listeners === 1 ? "listener" : "listeners";
  return {
    name: `${topology}/synchronous-${listeners}-${plural}`,
    topology,
    title: `Sends round four synchronous destinations, each with ${listeners} ${plural}; every listener is a function of its own.`,
    metrics: rateMetrics,
    mainMetric: "rate",
    ours: ["busline", "busline (by name)"],
    limit: "array loop",
    limitTitle: "a loop over an array of the listeners that calls them",
    goals: [
      { contender: "busline", against: "EventEmitter", bar: 0.7, aim: 1 },
      ...otherBuses.map((against) => ({ contender: "busline", against, bar: 1 })),
    ],
    contenders: Object.fromEntries(
      Object.keys(publishers).map((name) => [name, () => measurePublisher(name, listeners)]),
    ),
  };
}

async function measurePublisher(name: string, listeners: number): Promise<Sample> {
  const sum = new Float64Array(1);
  const all = createDistinctListeners(TOPICS * listeners, (payload) => {
    sum[0] = (sum[0] ?? 0) + payload;
  });
  const topics = Array.from({ length: TOPICS }, (_, topic) =>
    all.slice(topic * listeners, (topic + 1) * listeners),
  );
  const create = await publishers[name]?.();
  if (create === undefined) throw new Error(`There is no publisher "${name}".`);
  const publisher = await create({ topics });
  return measureRate(
    {
      run: publisher.isAwaited === true ? publishAwaited(publisher) : publishInOneRun(publisher),
      arrived: () => sum[0] ?? 0,
      expected: (count) => count * listeners,
      ...(publisher.close === undefined ? {} : { close: () => publisher.close?.() }),
    },
    { count: TOPICS * 16, grows: true },
  );
}

function publishInOneRun(publisher: Publisher): (count: number) => void {
  return (count) => {
    for (let sent = 0; sent < count; sent += 1) void publisher.publish(sent & (TOPICS - 1), 1);
  };
}

/** The next message is sent when the last one has been delivered. */
function publishAwaited(publisher: Publisher): (count: number) => Promise<void> {
  return async (count) => {
    for (let sent = 0; sent < count; sent += 1) await publisher.publish(sent & (TOPICS - 1), 1);
  };
}
