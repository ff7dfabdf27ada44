import type { Message } from "../message/message.ts";

/**
 * Where accepted messages wait: the order in which they are taken is the queue's own. The bound is not: whoever puts
 * messages in counts them. A destination type of one's own may bring its own queue.
 */
export interface MessageQueue {
  /** How many wait. */
  readonly size: number;
  /** Takes one in. */
  add(message: Message): void;
  /** Gives out the next that may start now; `undefined` if none may. */
  take(): Message | undefined;
  /** The one that has waited longest, left in its place. */
  oldest(): Message | undefined;
  /** Takes one out of the middle. Called only for one that waits here. */
  remove(message: Message): void;
  /** Takes all out, in the order of their coming. */
  removeAll(): Message[];
  /**
   * Told when a message that was taken has ended, or was withdrawn before it began, so that a queue can hold back what
   * must not run beside it.
   */
  ended?(message: Message): void;
}
