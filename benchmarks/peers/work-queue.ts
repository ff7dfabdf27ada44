import type { WorkListener } from "./work-listener.ts";

/** A queue in front of a listener, as a contender offers it. */
export interface WorkQueue {
  /**
   * Sends one message. What a peer returns for each task is not waited for; a promise is one to wait for before the next
   * message is sent.
   */
  push(payload: number): void | Promise<void>;
  /** Lets the process end. */
  close?(): void | Promise<void>;
}

/** What a queue has to do. */
export interface WorkQueueOptions {
  readonly listener: WorkListener;
  /**
   * How many messages may be at work at a time; peers without such a bound take no notice. Default: busline's own, 1 with
   * the others.
   */
  readonly concurrency?: number;
  /** How many messages may wait; only busline has such a bound. Default: its own. */
  readonly maximumQueueSize?: number;
  /** What busline does when no more may wait. Default: it refuses. */
  readonly whenFull?: "wait" | "drop the oldest" | "drop the newest";
}

export type CreateWorkQueue = (options: WorkQueueOptions) => WorkQueue | Promise<WorkQueue>;
