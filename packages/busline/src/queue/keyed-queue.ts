import type { Message } from "../message/message.ts";
import { FifoQueue } from "./fifo-queue.ts";
import { LinkedSet } from "./linked-set.ts";
import type { MessageQueue } from "./message-queue.ts";

/**
 * Messages of one key leave one after another, each when the one before has ended; keys take turns. Messages without a
 * key have no order among them, and take their turn as one more key would.
 */
export class KeyedQueue implements MessageQueue {
  readonly #waiting = new LinkedSet<Message>();
  /** By key; `undefined` is that of messages without one. */
  readonly #lanes = new Map<string | undefined, Lane>();
  /** Those of which a message may leave, in turn. */
  readonly #ready = new LinkedSet<Lane>();

  get size(): number {
    return this.#waiting.size;
  }

  add(message: Message): void {
    const { key } = message;
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      lane = new Lane(key);
      this.#lanes.set(key, lane);
    }
    lane.messages.add(message);
    this.#waiting.add(message);
    this.#lookAt(lane);
  }

  take(): Message | undefined {
    const lane = this.#ready.first;
    const message = lane?.messages.take();
    if (lane === undefined || message === undefined) return undefined;
    this.#waiting.remove(message);
    this.#ready.remove(lane);
    if (lane.key !== undefined) lane.current = message;
    // It stands at the end of the line again.
    this.#lookAt(lane);
    return message;
  }

  oldest(): Message | undefined {
    return this.#waiting.first;
  }

  remove(message: Message): void {
    if (!this.#waiting.remove(message)) return;
    const lane = this.#lanes.get(message.key) as Lane;
    lane.messages.remove(message);
    this.#lookAt(lane);
  }

  removeAll(): Message[] {
    const all = this.#waiting.removeAll();
    for (const lane of this.#lanes.values()) {
      lane.messages.removeAll();
      this.#lookAt(lane);
    }
    return all;
  }

  ended(message: Message): void {
    const lane = this.#lanes.get(message.key);
    if (lane?.current !== message) return;
    lane.current = undefined;
    this.#lookAt(lane);
  }

  /** Whether it has its turn, and whether it is needed any more. */
  #lookAt(lane: Lane): void {
    if (lane.messages.size > 0 && lane.current === undefined) this.#ready.add(lane);
    else this.#ready.remove(lane);
    if (lane.messages.size === 0 && lane.current === undefined) this.#lanes.delete(lane.key);
  }
}

/** The messages of one key. */
class Lane {
  readonly key: string | undefined;
  readonly messages = new FifoQueue();
  /** The one that has left and has not ended. */
  current: Message | undefined = undefined;

  constructor(key: string | undefined) {
    this.key = key;
  }
}
