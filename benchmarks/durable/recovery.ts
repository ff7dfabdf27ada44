import { setTimeout as sleep } from "node:timers/promises";
import { Arrivals, sumTo } from "../peers/arrivals.ts";
import { type DurableQueueName, durableQueues } from "../peers/durable-queues.ts";
import { firstObstacle, longObstacle, redisObstacle } from "../peers/obstacles.ts";
import { diskSpaceOf } from "../probes/disk-space.ts";
import { liveHeap } from "../probes/heap.ts";
import { scratchFolder } from "../probes/scratch-folder.ts";
import { isLong, sizeOf } from "../probes/size-of.ts";
import type { Goal, Metric, Sample, Scenario } from "../scenario.ts";
import { LIMIT, LIMIT_TITLE, obstacles, OURS, PEERS } from "./contenders.ts";
import { fillElsewhere } from "./fill.ts";
import { OrderBook } from "./order.ts";

const MANY = 100_000;
const VERY_MANY = 1_000_000;
/** So long the first are held, so that whoever reads ahead has done so. */
const HELD_MS = sizeOf(300, 20);
const BYTES_A_MB = 1e6;
const LONGEST_MS = 1_800_000;
/** So long BullMQ takes to send a million and to deliver them, about. */
const LONG_MINUTES = 6;

const metrics: Readonly<Record<string, Metric>> = {
  first: { title: "until the first delivery", unit: "ms", better: "less" },
  all: { title: "until all are delivered and acknowledged", unit: "ms", better: "less" },
  rate: { title: "delivered a second, of those", unit: "messages/s", better: "more" },
  bytes: { title: "disk a message while all wait", unit: "bytes", better: "less" },
  heap: { title: "heap at the first delivery", unit: "MB", better: "less" },
  heapSent: { title: "heap of the one that sent them", unit: "MB", better: "less" },
  resident: {
    title: "resident memory at the first delivery, that of redis-server included",
    unit: "MB",
    better: "less",
  },
};

interface Extent {
  readonly count: number;
  /** They are all delivered, not only the first. */
  readonly isWhole: boolean;
}

async function measureRecovery(
  name: DurableQueueName,
  { count, isWhole }: Extent,
): Promise<Sample> {
  const folder = scratchFolder();
  const { heap: heapSent } = await fillElsewhere({ name, folder, count });
  const bytes = diskSpaceOf(folder) / count;
  const open = await durableQueues[name]();
  const book = new OrderBook();
  const acknowledged = new Arrivals();
  const all = acknowledged.more(count);
  const firstCame = new Signal();
  const released = new Signal();
  const from = performance.now();
  const queue = await open(folder);
  queue.deliver(
    async ({ number }) => {
      book.add(number);
      firstCame.give();
      await released.given;
    },
    () => acknowledged.add(1),
  );
  await firstCame.given;
  const first = performance.now() - from;
  await sleep(HELD_MS);
  const pending = await queue.pendingCount();
  if (pending !== count) throw new Error(`${pending} lie there instead of ${count}`);
  const heap = liveHeap();
  const resident = process.memoryUsage.rss() + ((await queue.memoryElsewhere?.()) ?? 0);
  const found = {
    first,
    bytes,
    heap: heap / BYTES_A_MB,
    heapSent: heapSent / BYTES_A_MB,
    resident: resident / BYTES_A_MB,
  };
  if (!isWhole) return { metrics: found, arrived: pending, expected: count };

  const releasedAt = performance.now();
  released.give();
  await all;
  const delivering = performance.now() - releasedAt;
  await queue.close();
  const again = await open(folder);
  const left = await again.pendingCount();
  if (left !== 0) throw new Error(`${left} lie there that were acknowledged`);
  await again.close();
  return {
    metrics: { ...found, all: first + delivering, rate: (count * 1_000) / delivering },
    arrived: book.sum,
    expected: sumTo(count),
  };
}

/** Something that is waited for, and given once. */
class Signal {
  readonly given: Promise<void>;
  give: () => void = () => undefined;

  constructor() {
    this.given = new Promise((resolve) => {
      this.give = resolve;
    });
  }
}

function scenarioOf(extent: Extent, goals: readonly Goal[]): Scenario {
  const { count } = extent;
  const isMany = count === VERY_MANY;
  return {
    name: `durable/recovery-${count}`,
    topology: "durable",
    title: `A process has sent ${count.toLocaleString("en")} orders of 200 bytes and was killed; another opens what it has left and delivers them, to 5 listeners at work at once.`,
    metrics,
    mainMetric: "first",
    ours: OURS,
    limit: LIMIT,
    limitTitle: `${LIMIT_TITLE}; it is read through before the first is delivered`,
    goals,
    note: `The clock runs from the opening; for BullMQ that is the start of its redis-server, which reads its file. The files are still in the memory of the system. The first are held until the heap has been measured, after a collection; it is that of the main thread. ${isMany ? 'All of the million are delivered only with "--long". ' : ""}The disk's part counts all files as they were when the process had been killed.`,
    isOnDisk: true,
    obstacles: isMany
      ? { ...obstacles, BullMQ: firstObstacle(redisObstacle, longObstacle(LONG_MINUTES)) }
      : obstacles,
    longestRunMs: LONGEST_MS,
    contenders: Object.fromEntries(
      [...OURS, LIMIT, ...PEERS].map((name) => [
        name,
        () => measureRecovery(name, { ...extent, count: sizeOf(count, 100) }),
      ]),
    ),
  };
}

export const recoveryScenarios: readonly Scenario[] = [
  scenarioOf({ count: MANY, isWhole: true }, [{ bar: 2_000 }]),
  scenarioOf({ count: VERY_MANY, isWhole: isLong }, [{ bar: 10_000 }, { metric: "heap", bar: 20 }]),
];
