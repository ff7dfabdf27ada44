import type { MessageQueue } from "../queue/message-queue.ts";

/** What a pool is told by its destination's configuration. */
export interface PoolSettings {
  readonly queue: MessageQueue;
  /** Its messages wait for nobody. */
  readonly isHolding: boolean;
  /** A worker for each listener of a message, or one worker for all of them. */
  readonly workerPerListener: boolean;
  /** A message that waits for its next attempt holds up those behind it. */
  readonly keepsOrder: boolean;
  readonly maximumQueueSize: number;
  readonly coreSize: number;
  readonly maxSize: number;
  readonly idleTimeoutMs: number;
}
