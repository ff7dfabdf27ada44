import { synchronousListener } from "../peers/work-listener.ts";
import { type WorkQueueName, workQueues } from "../peers/work-queues.ts";
import { createBusyWork } from "../probes/busy-work.ts";
import { latencyMetrics, LatencyProbe } from "../probes/latency.ts";
import type { Goal, Sample, Scenario } from "../scenario.ts";

/** What the listener costs. Without any other cost it could receive one message after the other in that time. */
const LISTENER_MICROSECONDS = 5;
/** More than are ever sent: the bound is there, but a machine that others use must not fail the run. */
const MAXIMUM_QUEUE_SIZE = 1_000_000;
const OURS: readonly WorkQueueName[] = ["busline parallel", "busline serial"];
const LIMIT: WorkQueueName = "fair ring";
const PEERS: readonly WorkQueueName[] = [
  "fastq (callback)",
  "fastq.promise",
  "async.queue",
  "p-queue",
];

function latencyScenario(load: number, goals: readonly Goal[]): Scenario {
  const rate = (load / 100) * (1_000_000 / LISTENER_MICROSECONDS);
  return {
    name: `one-to-one/latency-${load}-percent-load`,
    topology: "one-to-one",
    title: `Sends ${rate.toLocaleString("en")} messages a second by the clock to a queue whose listener works ${LISTENER_MICROSECONDS} µs on each: ${load} % of what it can do.`,
    metrics: latencyMetrics,
    mainMetric: "p99",
    ours: OURS,
    limit: LIMIT,
    limitTitle: "a ring of payloads, drained as soon as the sender's code has ended",
    goals,
    contenders: Object.fromEntries(
      [...OURS, LIMIT, ...PEERS].map((name) => [name, () => measureLatency(name, rate)]),
    ),
  };
}

async function measureLatency(name: WorkQueueName, rate: number): Promise<Sample> {
  const work = createBusyWork(LISTENER_MICROSECONDS);
  const probe = new LatencyProbe(rate);
  const listener = synchronousListener((index) => {
    probe.arrived(index);
    work();
  });
  const create = await workQueues[name]();
  const queue = await create({ listener, maximumQueueSize: MAXIMUM_QUEUE_SIZE });
  const sample = await probe.measure((index) => {
    void queue.push(index);
  });
  await queue.close?.();
  return sample;
}

export const scenarios: readonly Scenario[] = [
  latencyScenario(20, []),
  latencyScenario(
    50,
    // Ahead means by more than chance.
    OURS.map((contender) => ({ contender, against: "fastq (callback)", bar: 1, aim: 0.9 })),
  ),
  latencyScenario(80, []),
];
