import { setTimeout as sleep } from "node:timers/promises";
import { Queue, Worker } from "bullmq";
import { Redis } from "ioredis";
import type { Order } from "../durable/order.ts";
import {
  type DurableQueue,
  type OpenDurableQueue,
  type Receive,
  WORKERS,
} from "./durable-queue.ts";
import { type RedisServer, startRedis } from "./redis-server.ts";

const NAME = "orders";
const READ_AT_ONCE = 1_000;
const POLL_MS = 20;

/** On a Redis of its own; its opening is the start of that Redis too. */
class BullmqQueue implements DurableQueue {
  readonly #server: RedisServer;
  readonly #connection: Redis;
  readonly #queue: Queue<Order>;
  #worker: Worker<Order> | undefined;

  constructor(server: RedisServer) {
    this.#server = server;
    this.#connection = new Redis(server.port, "127.0.0.1", { maxRetriesPerRequest: null });
    this.#queue = new Queue<Order>(NAME, {
      connection: this.#connection,
      defaultJobOptions: { removeOnComplete: true },
    });
  }

  send(order: Order): Promise<unknown> {
    return this.#queue.add("order", order);
  }

  deliver(receive: Receive, acknowledged: () => void): void {
    this.#worker = new Worker<Order>(NAME, ({ data }) => receive(data), {
      connection: this.#connection,
      concurrency: WORKERS,
    }).on("completed", acknowledged);
  }

  async pendingCount(): Promise<number> {
    const counts = await this.#queue.getJobCounts();
    return Object.values(counts).reduce((sum, count) => sum + count, 0);
  }

  async readBack(receive: (order: Order) => void): Promise<void> {
    for (let from = 0; ; from += READ_AT_ONCE) {
      const jobs = await this.#queue.getJobs(["waiting"], from, from + READ_AT_ONCE - 1, true);
      for (const { data } of jobs) receive(data);
      if (jobs.length < READ_AT_ONCE) return;
    }
  }

  memoryElsewhere(): Promise<number> {
    return this.#server.info("used_memory_rss");
  }

  /** Its file may be being written anew. */
  async settle(): Promise<void> {
    while ((await this.#server.info("aof_rewrite_in_progress")) === 1) await sleep(POLL_MS);
  }

  async close(): Promise<void> {
    await this.#worker?.close();
    await this.#queue.close();
    this.#connection.disconnect();
    await this.#server.stop();
  }
}

export const open: OpenDurableQueue = async (folder) => new BullmqQueue(await startRedis(folder));
