import { setImmediate } from "node:timers/promises";
import { Arrivals, sumTo } from "../peers/arrivals.ts";
import { publishers } from "../peers/publishers.ts";
import { synchronousListener, type WorkListener } from "../peers/work-listener.ts";
import { type WorkQueueName, workQueues } from "../peers/work-queues.ts";
import { createBusyWork } from "../probes/busy-work.ts";
import { loopDelayMetrics, LoopDelayProbe } from "../probes/loop-delay.ts";
import { sizeOf } from "../probes/size-of.ts";
import type { Sample, Scenario } from "../scenario.ts";

const COUNT = sizeOf(1_000_000);
/** Sent in one turn of the event loop, as by a socket or a file that is read. */
const BATCH = sizeOf(10_000, 100);
const WARM_UP_COUNT = sizeOf(20_000, 100);
const LISTENER_MICROSECONDS = 10;

/** What sends one message, made by each contender for the listener. */
type CreateSend = (listener: WorkListener) => Promise<(payload: number) => void>;

const QUEUES: readonly WorkQueueName[] = [
  "busline parallel",
  "busline serial",
  "fair ring",
  "fastq (callback)",
  "async.queue",
  "p-queue",
];

function queueContender(name: WorkQueueName): CreateSend {
  return async (listener) => {
    const create = await workQueues[name]();
    const queue = await create({ listener, maximumQueueSize: Number.POSITIVE_INFINITY });
    return (payload) => {
      void queue.push(payload);
    };
  };
}

/** Delivers in the sender's turn. */
function emitterContender(): CreateSend {
  return async (listener) => {
    const create = await publishers["EventEmitter"]?.();
    const emitter = await create?.({ topics: [[listener]] });
    if (emitter === undefined) throw new Error("There is no EventEmitter among the publishers.");
    return (payload) => {
      void emitter.publish(0, payload);
    };
  };
}

async function measureFlood(createSend: CreateSend): Promise<Sample> {
  const arrivals = new Arrivals();
  const work = createBusyWork(LISTENER_MICROSECONDS);
  const send = await createSend(
    synchronousListener((payload) => {
      arrivals.add(payload);
      work();
    }),
  );
  await flood(send, arrivals, WARM_UP_COUNT);
  const probe = new LoopDelayProbe();
  probe.start();
  const from = performance.now();
  await flood(send, arrivals, COUNT);
  const seconds = (performance.now() - from) / 1_000;
  await setImmediate();
  return {
    metrics: { ...probe.stop(), rate: COUNT / seconds },
    arrived: arrivals.sum,
    expected: sumTo(WARM_UP_COUNT) + sumTo(COUNT),
  };
}

/** Sends a batch in every turn of the event loop, whatever has become of the last one. */
async function flood(
  send: (payload: number) => void,
  arrivals: Arrivals,
  count: number,
): Promise<void> {
  const all = arrivals.more(count);
  for (let sent = 0; sent < count;) {
    for (const end = Math.min(sent + BATCH, count); sent < end;) {
      sent += 1;
      send(sent);
    }
    await setImmediate();
  }
  await all;
}

export const eventLoopDelay: Scenario = {
  name: "flood/event-loop-delay",
  topology: "flood",
  title: `Sends 1,000,000 messages, 10,000 in each turn of the event loop, to a listener that works ${LISTENER_MICROSECONDS} µs on each.`,
  metrics: {
    ...loopDelayMetrics,
    rate: { title: "messages a second", unit: "messages/s", better: "more" },
  },
  mainMetric: "p99",
  ours: ["busline parallel", "busline serial"],
  limit: "fair ring",
  limitTitle: "a ring of payloads, drained in slices of 1,024 whatever they take",
  goals: [],
  contenders: Object.fromEntries([
    ...QUEUES.map((name) => [name, () => measureFlood(queueContender(name))] as const),
    ["EventEmitter", () => measureFlood(emitterContender())] as const,
  ]),
};
