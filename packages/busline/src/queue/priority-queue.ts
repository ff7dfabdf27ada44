import type { Message } from "../message/message.ts";
import { FifoQueue } from "./fifo-queue.ts";
import type { MessageQueue } from "./message-queue.ts";

/** Higher priorities first; in the same one first in, first out. A queue for each priority that has been seen. */
export class PriorityQueue implements MessageQueue {
  readonly #levels: (FifoQueue | undefined)[];
  #size = 0;

  /** @param levelCount messages have a priority below that; without one, 0 */
  constructor(levelCount: number) {
    this.#levels = Array.from({ length: levelCount });
  }

  get size(): number {
    return this.#size;
  }

  add(message: Message): void {
    const level = this.#levelOf(message);
    (this.#levels[level] ??= new FifoQueue()).add(message);
    this.#size += 1;
  }

  take(): Message | undefined {
    for (let level = this.#levels.length - 1; level >= 0; level -= 1) {
      const message = this.#levels[level]?.take();
      if (message === undefined) continue;
      this.#size -= 1;
      return message;
    }
    return undefined;
  }

  oldest(): Message | undefined {
    let oldest: Message | undefined;
    for (const queue of this.#levels) {
      const first = queue?.oldest();
      if (first === undefined) continue;
      if (oldest === undefined || first.sentAt < oldest.sentAt) oldest = first;
    }
    return oldest;
  }

  remove(message: Message): void {
    const queue = this.#levels[this.#levelOf(message)];
    if (queue === undefined) return;
    this.#size -= queue.size;
    queue.remove(message);
    this.#size += queue.size;
  }

  removeAll(): Message[] {
    const all = this.#levels.flatMap((queue) => queue?.removeAll() ?? []);
    this.#size = 0;
    return all.toSorted((one, other) => one.sentAt - other.sentAt);
  }

  // The levels may have become fewer since it was sent.
  #levelOf({ priority = 0 }: Message): number {
    return Math.min(priority, this.#levels.length - 1);
  }
}
