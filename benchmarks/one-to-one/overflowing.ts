import { Arrivals } from "../peers/arrivals.ts";
import { type BoundedQueue, droppingByHand, waitingByHand } from "../peers/bounded-queue.ts";
import { synchronousListener, type WorkListener } from "../peers/work-listener.ts";
import type { WorkQueueOptions } from "../peers/work-queue.ts";
import { type WorkQueueName, workQueues } from "../peers/work-queues.ts";
import { measureRate, rateMetrics } from "../probes/rate.ts";
import type { Sample, Scenario } from "../scenario.ts";
import { BURST } from "../shapes/production.ts";

/** So many messages may wait: a tenth of a burst. */
const BOUND = Math.ceil(BURST / 10);

type WhenFull = NonNullable<WorkQueueOptions["whenFull"]>;
type CreateBounded = (listener: WorkListener, arrivals: Arrivals) => Promise<BoundedQueue>;

function busline(type: "serial" | "parallel", whenFull: WhenFull): CreateBounded {
  return async (listener) => {
    const { createParallelQueue, createSerialQueue } = await import("../peers/busline-queue.ts");
    const create = type === "serial" ? createSerialQueue : createParallelQueue;
    return create({ listener, maximumQueueSize: BOUND, whenFull });
  };
}

function byHand(name: WorkQueueName, isWaiting: boolean): CreateBounded {
  return async (listener, arrivals) => {
    const create = await workQueues[name]();
    const bound = isWaiting ? waitingByHand : droppingByHand;
    return bound(await create({ listener }), arrivals, BOUND);
  };
}

async function measureBounded(create: CreateBounded): Promise<Sample> {
  const arrivals = new Arrivals();
  const listener = synchronousListener((payload) => {
    arrivals.add(payload);
  });
  const queue = await create(listener, arrivals);
  let sent = 0;
  const sendBurst = async (): Promise<void> => {
    for (let payload = 1; payload <= BURST; payload += 1) {
      const space = queue.push(payload);
      if (space !== undefined) await space;
    }
    sent += BURST;
    const left = sent - queue.dropped() - arrivals.count;
    if (left > 0) await arrivals.more(left);
  };
  return measureRate(
    {
      run: async (count) => {
        for (let left = count; left > 0; left -= BURST) await sendBurst();
      },
      arrived: () => arrivals.count + queue.dropped(),
      expected: (count) => count,
      close: () => queue.close?.(),
    },
    { count: BURST, grows: true },
  );
}

const PEERS = ["fastq (callback)", "fastq.promise", "async.queue", "p-queue", "p-limit"] as const;

function overflowing(
  name: string,
  title: string,
  ours: Readonly<Record<string, CreateBounded>>,
  isWaiting: boolean,
): Scenario {
  return {
    name: `one-to-one/overflowing-${name}`,
    topology: "one-to-one",
    title: `Sends bursts of 1,000 messages to a queue in which 100 may wait; ${title}`,
    metrics: rateMetrics,
    mainMetric: "rate",
    ours: Object.keys(ours),
    limit: "fair ring",
    limitTitle: "a ring of payloads, drained in slices of 1,024, with the bound written by hand",
    goals: Object.keys(ours).map((contender) => ({
      contender,
      against: "fastq (callback)",
      bar: 1,
    })),
    contenders: Object.fromEntries(
      [
        ...Object.entries(ours),
        ...(["fair ring", ...PEERS] as const).map(
          (peer) => [peer, byHand(peer, isWaiting)] as const,
        ),
      ].map(([contender, create]) => [contender, () => measureBounded(create)]),
    ),
  };
}

export const scenarios: readonly Scenario[] = [
  overflowing(
    "waiting",
    "the sender waits for space, with the peers for a bound written by hand.",
    {
      "busline serial": busline("serial", "wait"),
      "busline parallel": busline("parallel", "wait"),
    },
    true,
  ),
  overflowing(
    "dropping",
    "the oldest is dropped or, with the peers and in the contender of that name, the newest.",
    {
      "busline serial (discardOldest)": busline("serial", "drop the oldest"),
      "busline serial (discard)": busline("serial", "drop the newest"),
      "busline parallel (discardOldest)": busline("parallel", "drop the oldest"),
    },
    false,
  ),
];
