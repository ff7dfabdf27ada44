import { sumTo, Arrivals } from "../peers/arrivals.ts";
import type { OpenDurableQueue } from "../peers/durable-queue.ts";
import { type DurableQueueName, durableQueues } from "../peers/durable-queues.ts";
import { sendOrders } from "../probes/accept-rate.ts";
import { measureRate, rateMetrics } from "../probes/rate.ts";
import { scratchFolder } from "../probes/scratch-folder.ts";
import { sizeOf } from "../probes/size-of.ts";
import type { Metric, Sample, Scenario } from "../scenario.ts";
import { LIMIT, obstacles, PEERS } from "./contenders.ts";
import { OrderBook } from "./order.ts";

const SENDERS = sizeOf(100, 10);
const COUNT = sizeOf(200, 20);
const OURS: readonly DurableQueueName[] = ["busline parallel", "busline serial"];

const metrics: Readonly<Record<string, Metric>> = {
  rate: { title: "delivered and acknowledged a second", unit: "messages/s", better: "more" },
  processor: {
    title: "processor time a message, that of redis-server left out",
    unit: "ns",
    better: "less",
  },
  garbage: rateMetrics["garbage"] as Metric,
};

/** Sends and delivers, then opens the queue anew: nothing may lie there. */
export async function measureDelivered(open: OpenDurableQueue): Promise<Sample> {
  const folder = scratchFolder();
  const queue = await open(folder);
  const book = new OrderBook();
  const acknowledged = new Arrivals();
  queue.deliver(
    async ({ number }) => book.add(number),
    () => acknowledged.add(1),
  );
  let sentCount = 0;
  const { metrics: measured } = await measureRate(
    {
      run: async (count) => {
        const all = acknowledged.more(count);
        const from = sentCount;
        sentCount += count;
        await sendOrders(queue, SENDERS, count, from);
        await all;
      },
      arrived: () => acknowledged.count,
      expected: (count) => count,
    },
    { count: COUNT, grows: true },
  );
  await queue.close();
  const again = await open(folder);
  const left = await again.pendingCount();
  if (left !== 0) throw new Error(`${left} lie there that were acknowledged`);
  await again.close();
  const { rate = 0, processor = 0, garbage = 0 } = measured;
  return {
    metrics: { rate, processor, garbage },
    arrived: book.sum,
    expected: sumTo(sentCount),
  };
}

export const delivered: Scenario = {
  name: "durable/delivered",
  topology: "durable",
  title:
    "100 senders send an order of 200 bytes each, and the next when that one is on the disk; meanwhile all are delivered, to 5 listeners at work at once (busline serial: 1), and acknowledged.",
  metrics,
  mainMetric: "rate",
  ours: OURS,
  limit: LIMIT,
  limitTitle:
    "the same queue written by hand on lines at the end of a file, synced together; no room is ever freed",
  goals: [{ against: "BullMQ", bar: 1 }],
  note: "An acknowledgement is as durable as the contender makes it. busline writes it down at once and syncs it with the next message, so a failure of power may repeat what has ended. The queues written by hand, on lmdb, on SQLite and on the file, mark up to 1,000 at once before they deliver them, and delete each; what is marked and deleted is synced in transactions, together with what is sent. BullMQ takes a job with the end of the one before, and its Redis syncs each.",
  isOnDisk: true,
  obstacles,
  contenders: Object.fromEntries(
    [...OURS, LIMIT, ...PEERS].map((name) => [
      name,
      async () => measureDelivered(await durableQueues[name]()),
    ]),
  ),
};
