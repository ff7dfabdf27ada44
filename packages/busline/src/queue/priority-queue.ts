import type { Message } from "../message/message.ts";
import { FifoQueue } from "./fifo-queue.ts";
import { LinkedSet } from "./linked-set.ts";
import type { MessageQueue } from "./message-queue.ts";

/** Higher priorities first; in the same one first in, first out. A queue for each priority that has been seen. */
export class PriorityQueue implements MessageQueue {
  readonly #waiting = new LinkedSet<Message>();
  readonly #levels: (FifoQueue | undefined)[];

  /** @param levelCount messages have a priority below that; without one, 0 */
  constructor(levelCount: number) {
    this.#levels = Array.from({ length: levelCount });
  }

  get size(): number {
    return this.#waiting.size;
  }

  add(message: Message): void {
    const level = this.#levelOf(message);
    (this.#levels[level] ??= new FifoQueue()).add(message);
    this.#waiting.add(message);
  }

  take(): Message | undefined {
    const highest = this.#levels.findLast((queue) => queue !== undefined && queue.size > 0);
    const message = highest?.take();
    if (message !== undefined) this.#waiting.remove(message);
    return message;
  }

  oldest(): Message | undefined {
    return this.#waiting.first;
  }

  remove(message: Message): void {
    if (this.#waiting.remove(message)) this.#levels[this.#levelOf(message)]?.remove(message);
  }

  removeAll(): Message[] {
    this.#levels.fill(undefined);
    return this.#waiting.removeAll();
  }

  // The levels may have become fewer since it was sent.
  #levelOf({ priority = 0 }: Message): number {
    return Math.min(priority, this.#levels.length - 1);
  }
}
