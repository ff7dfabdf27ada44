import type { DurableQueueName } from "../peers/durable-queues.ts";
import { betterSqlite3Obstacle, redisObstacle } from "../peers/obstacles.ts";
import type { Obstacle } from "../scenario.ts";

export const OURS: readonly DurableQueueName[] = ["busline parallel"];
export const LIMIT: DurableQueueName = "append-only file";
export const LIMIT_TITLE =
  "a line at the end of a file for each, written and synced together with all that have come meanwhile";
export const PEERS: readonly DurableQueueName[] = ["raw lmdb", "better-sqlite3", "BullMQ"];

export const obstacles: Readonly<Record<string, Obstacle>> = {
  "better-sqlite3": betterSqlite3Obstacle,
  BullMQ: redisObstacle,
};
