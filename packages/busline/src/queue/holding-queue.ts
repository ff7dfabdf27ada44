import type { Message } from "../message/message.ts";
import type { MessageQueue } from "./message-queue.ts";

/** Keeps messages, in the order of their coming, and gives none out: people take them out. */
export class HoldingQueue implements MessageQueue, Iterable<Message> {
  readonly #messages = new Set<Message>();

  get size(): number {
    return this.#messages.size;
  }

  add(message: Message): void {
    this.#messages.add(message);
  }

  take(): undefined {
    return undefined;
  }

  oldest(): Message | undefined {
    const [oldest] = this.#messages;
    return oldest;
  }

  remove(message: Message): void {
    this.#messages.delete(message);
  }

  removeAll(): Message[] {
    const all = [...this.#messages];
    this.#messages.clear();
    return all;
  }

  [Symbol.iterator](): Iterator<Message> {
    return this.#messages.values();
  }
}
