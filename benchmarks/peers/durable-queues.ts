import type { OpenDurableQueue } from "./durable-queue.ts";

/** What opens them, by the contender's name. Each is loaded only by the process that measures it. */
export const durableQueues = {
  "busline parallel": async () => (await import("./busline-durable.ts")).openParallel,
  "busline serial": async () => (await import("./busline-durable.ts")).openSerial,
  "append-only file": async () => (await import("../limits/append-only-file.ts")).open,
  "raw lmdb": async () => (await import("./lmdb.ts")).open,
  "better-sqlite3": async () => (await import("./better-sqlite3.ts")).open,
  BullMQ: async () => (await import("./bullmq.ts")).open,
} satisfies Readonly<Record<string, () => Promise<OpenDurableQueue>>>;

export type DurableQueueName = keyof typeof durableQueues;
