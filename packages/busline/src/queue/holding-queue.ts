import type { Message } from "../message/message.ts";
import { LinkedSet } from "./linked-set.ts";
import type { MessageQueue } from "./message-queue.ts";

/** Keeps messages, in the order of their coming, and gives none out: people take them out. */
export class HoldingQueue implements MessageQueue, Iterable<Message> {
  readonly #messages = new LinkedSet<Message>();
  /** Those that are being taken out, and keep their places until it is known whether they leave. */
  readonly #leaving = new Set<Message>();

  get size(): number {
    return this.#messages.size - this.#leaving.size;
  }

  add(message: Message): void {
    this.#messages.add(message);
  }

  take(): undefined {
    return undefined;
  }

  oldest(): Message | undefined {
    const [oldest] = this;
    return oldest;
  }

  remove(message: Message): void {
    this.#messages.remove(message);
    this.#leaving.delete(message);
  }

  removeAll(): Message[] {
    const all = [...this];
    for (const message of all) this.#messages.remove(message);
    return all;
  }

  /** From now on it is as if it were not here. @returns false if that is so already */
  hide(message: Message): boolean {
    if (!this.#messages.has(message) || this.#leaving.has(message)) return false;
    this.#leaving.add(message);
    return true;
  }

  /** It stays after all, in its old place. */
  show(message: Message): void {
    this.#leaving.delete(message);
  }

  *[Symbol.iterator](): Iterator<Message> {
    for (const message of this.#messages) if (!this.#leaving.has(message)) yield message;
  }
}
