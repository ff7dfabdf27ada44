import { mkdirSync } from "node:fs";
import path from "node:path";
import { sumTo } from "../peers/arrivals.ts";
import type { OpenDurableQueue } from "../peers/durable-queue.ts";
import { durableQueues } from "../peers/durable-queues.ts";
import { acceptRate } from "../probes/accept-rate.ts";
import { scratchFolder } from "../probes/scratch-folder.ts";
import { sizeOf } from "../probes/size-of.ts";
import { bestSyncRate, syncRate } from "../probes/sync-rate.ts";
import type { Check, Goal, Metric, Sample, Scenario } from "../scenario.ts";
import { OrderBook } from "./order.ts";
import { LIMIT, LIMIT_TITLE, obstacles, OURS, PEERS } from "./contenders.ts";

/** So long, before and after, the disk is asked how often it can sync. */
const SYNCING_MS = sizeOf(200, 4);
const ONLY_SYNCING_MS = sizeOf(1_500, 20);
/** No sender is quicker than this beside the disk, as the disk is not the same from one moment to the next. */
const MOST_PER_SYNC = 1.2;

/** The disk itself: who waits for each of his messages cannot have more of them. */
const DISK = "append + fdatasync";
const DISK_TITLE =
  "one write at the end of a file and one `fdatasync` after the other, by a thread that waits for each";
const NOTE =
  "In this and the next three nobody listens meanwhile. A promise of lmdb resolves when its transaction has been synced (`overlappingSync` is off); SQLite, in WAL mode with `synchronous=FULL`, makes one transaction of what has come together in a turn of the event loop; BullMQ's Redis syncs before it answers (`appendfsync always`). What was accepted is read back afterwards from files opened anew. Each process also syncs by itself before and after, appending and in place, one write a sync; the quickest of that is what the disk allows.";

const metrics: Readonly<Record<string, Metric>> = {
  rate: { title: "accepted messages a second", unit: "messages/s", better: "more" },
  disk: { title: "syncs a second, before or after", unit: "syncs/s", better: "more" },
  perSync: { title: "messages to one of those syncs", unit: "messages", better: "more" },
};

const checks: readonly Check[] = [
  { metric: "perSync", most: MOST_PER_SYNC, missing: "a sync of the disk" },
];

/** Lets so many senders send, then opens the queue anew and reads back what they have sent. */
export async function measureAccepted(open: OpenDurableQueue, senders: number): Promise<Sample> {
  const folder = scratchFolder();
  const place = path.join(folder, "queue");
  mkdirSync(place);
  const before = bestSyncRate(folder, SYNCING_MS);
  const queue = await open(place);
  const { rate, sentCount } = await acceptRate(queue, senders);
  await queue.close();
  const syncs = Math.max(before, bestSyncRate(folder, SYNCING_MS));
  const book = new OrderBook();
  const again = await open(place);
  await again.readBack(({ number }) => book.add(number));
  await again.close();
  return {
    metrics: { rate, disk: syncs, perSync: rate / syncs },
    arrived: book.sum,
    expected: sumTo(sentCount),
  };
}

function measureDisk(): Promise<Sample> {
  const { rate, count, recordCount } = syncRate(scratchFolder(), "appending", ONLY_SYNCING_MS);
  return Promise.resolve({ metrics: { rate }, arrived: recordCount, expected: count });
}

function scenarioOf(senders: number, goals: readonly Goal[]): Scenario {
  const isAlone = senders === 1;
  const queues = [...OURS, LIMIT, ...PEERS];
  return {
    name: `durable/accepted-${senders}-sender${isAlone ? "" : "s"}`,
    topology: "durable",
    title: isAlone
      ? "One sender sends an order of 200 bytes, and the next when that one is on the disk."
      : `${senders.toLocaleString("en")} senders, each of which sends an order of 200 bytes, and the next when that one is on the disk.`,
    metrics,
    mainMetric: "rate",
    ours: OURS,
    ...(isAlone
      ? { limit: DISK, limitTitle: DISK_TITLE, byHand: [LIMIT], checks, note: NOTE }
      : { limit: LIMIT, limitTitle: LIMIT_TITLE }),
    goals,
    isOnDisk: true,
    obstacles,
    contenders: Object.fromEntries([
      ...queues.map(
        (name) =>
          [name, async () => measureAccepted(await durableQueues[name](), senders)] as const,
      ),
      ...(isAlone ? [[DISK, measureDisk] as const] : []),
    ]),
  };
}

export const acceptedScenarios: readonly Scenario[] = [
  scenarioOf(1, []),
  scenarioOf(10, []),
  scenarioOf(100, [{ bar: 5_000 }]),
  scenarioOf(1_000, [{ against: LIMIT, bar: 0.5 }]),
];
