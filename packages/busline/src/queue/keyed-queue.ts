import type { Message } from "../message/message.ts";
import type { MessageQueue } from "./message-queue.ts";

/**
 * Messages of one key leave one after another, each when the one before has ended; keys take turns. Messages without a
 * key have no order among them, and take their turn as one more key would.
 */
export class KeyedQueue implements MessageQueue {
  /** All that wait, in the order of their coming, with their lanes. */
  readonly #waiting = new Map<Message, Lane>();
  /** By key; `undefined` is that of messages without one. */
  readonly #lanes = new Map<string | undefined, Lane>();
  /** Those of which a message may leave, in turn. */
  readonly #ready = new Set<Lane>();

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
    this.#waiting.set(message, lane);
    if (!lane.isHeldUp) this.#ready.add(lane);
  }

  take(): Message | undefined {
    for (const lane of this.#ready) {
      const message = first(lane.messages) as Message;
      this.#takeOut(message, lane);
      this.#ready.delete(lane);
      if (lane.key !== undefined) lane.current = message;
      // It stands at the end of the line again.
      this.#lookAt(lane);
      return message;
    }
    return undefined;
  }

  oldest(): Message | undefined {
    return first(this.#waiting.keys());
  }

  remove(message: Message): void {
    const lane = this.#waiting.get(message);
    if (lane === undefined) return;
    this.#takeOut(message, lane);
    this.#lookAt(lane);
  }

  removeAll(): Message[] {
    const all = [...this.#waiting.keys()];
    for (const message of all) this.remove(message);
    return all;
  }

  ended(message: Message): void {
    const lane = this.#lanes.get(message.key);
    if (lane?.current !== message) return;
    lane.current = undefined;
    this.#lookAt(lane);
  }

  #takeOut(message: Message, lane: Lane): void {
    this.#waiting.delete(message);
    lane.messages.delete(message);
  }

  /** Whether it has its turn, and whether it is needed any more. */
  #lookAt(lane: Lane): void {
    if (lane.messages.size > 0 && !lane.isHeldUp) this.#ready.add(lane);
    else this.#ready.delete(lane);
    if (lane.messages.size === 0 && !lane.isHeldUp) this.#lanes.delete(lane.key);
  }
}

/** The messages of one key. */
class Lane {
  readonly key: string | undefined;
  readonly messages = new Set<Message>();
  /** The one that has left and has not ended. */
  current: Message | undefined = undefined;

  constructor(key: string | undefined) {
    this.key = key;
  }

  get isHeldUp(): boolean {
    return this.current !== undefined;
  }
}

function first<T>(all: Iterable<T>): T | undefined {
  for (const one of all) return one;
  return undefined;
}
