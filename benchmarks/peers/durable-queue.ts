import type { Order } from "../durable/order.ts";

/** Is done with an order when its promise resolves. */
export type Receive = (order: Order) => Promise<void>;

/** A queue that outlives its process. */
export interface DurableQueue {
  /** Resolves when the order is on the disk. */
  send(order: Order): void | Promise<unknown>;
  /**
   * Delivers what lies there and what comes. An order whose listener is done is acknowledged.
   *
   * @param acknowledged called for each that has been
   */
  deliver(receive: Receive, acknowledged: () => void): void;
  /** How many lie there and have not been acknowledged. */
  pendingCount(): number | Promise<number>;
  /** Hands over all that lies there; for this queue object that is the end. Only to see whether it is right. */
  readBack(receive: (order: Order) => void): Promise<void>;
  /** Memory that it has outside of this process, in bytes. */
  memoryElsewhere?(): Promise<number>;
  /** Resolves when the disk holds no more of it than it has to. */
  settle?(): Promise<void>;
  /** Whatever has been acknowledged is so for good. */
  close(): Promise<void>;
}

/** Opens the queue that lies in a folder, or makes one there. */
export type OpenDurableQueue = (folder: string) => Promise<DurableQueue>;

/** As many messages are at work at once. */
export const WORKERS = 5;
