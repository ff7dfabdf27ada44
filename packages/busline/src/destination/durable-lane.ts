import type { StoreRange } from "../store/message-store.ts";
import { laneKeys, messageKey, sequenceOf } from "../store/store-keys.ts";

/** Where of those in memory none may start beside what runs, more are read: up to so many times as many. */
const WIDENING = 16;
/** So many that are to be dropped are read at once. */
const PURGED_AT_ONCE = 256;

/** The messages of one priority that a durable destination has in its store, in order, and how far they have been read. */
export class DurableLane {
  readonly level: number;
  readonly keys: StoreRange;
  /** How many there are, in memory or not. */
  total = 0;
  /** How many of them are in memory. */
  liveCount = 0;
  /** How many lie behind the cursor, and have to be read. */
  unreadCount = 0;
  /** All up to this key are in memory, or have been passed over since their listeners are missing. */
  cursor: string;
  /** Messages up to this number have been purged. */
  purgedUpTo = 0;
  readonly #window: number;

  /** @param window so many of those that wait are in memory at once; the others lie in the store alone */
  constructor(destinationId: number, level: number, window: number) {
    this.level = level;
    this.keys = laneKeys(destinationId, level);
    this.cursor = this.keys.from;
    this.#window = window;
  }

  /** Whether one that comes now may stay in memory: nothing of before is still to be read. */
  get takesLive(): boolean {
    return this.unreadCount === 0 && this.liveCount < this.#window;
  }

  /** Whether more should be read. */
  get isLow(): boolean {
    return this.unreadCount > 0 && (this.liveCount < this.#window / 2 || this.#isPurging);
  }

  /** How many may be read. @param isStarved since of those in memory none may start */
  roomFor(isStarved: boolean): number {
    const room = this.#isPurging ? PURGED_AT_ONCE : this.#room(isStarved);
    return Math.max(0, Math.min(room, this.unreadCount));
  }

  /** Whether the next message that was read may come into memory, or is dropped at once. */
  mayTake(sequence: number, isStarved: boolean): boolean {
    return sequence <= this.purgedUpTo || this.#room(isStarved) > 0;
  }

  #room(isStarved: boolean): number {
    return Math.min(this.#window * (isStarved ? WIDENING : 1) - this.liveCount, this.#window);
  }

  get #isPurging(): boolean {
    return this.cursor === this.keys.from
      ? this.purgedUpTo > 0
      : sequenceOf(this.cursor) < this.purgedUpTo;
  }

  keyOf(sequence: number): string {
    return messageKey(this.keys, sequence);
  }

  /** One that has come stays in memory. */
  addLive(key: string): void {
    this.total += 1;
    this.liveCount += 1;
    this.cursor = key;
  }

  /** One leaves memory. @param isOver it has ended; otherwise it lies in the store alone */
  loses(key: string, isOver: boolean): void {
    this.liveCount -= 1;
    if (!isOver && key > this.cursor) this.unreadCount += 1;
  }

  /** One that has come, or was put off before, lies in the store alone. */
  addUnread(): void {
    this.total += 1;
    this.unreadCount += 1;
  }

  /** One of those does not come after all. */
  removeUnread(): void {
    this.total -= 1;
    this.unreadCount -= 1;
  }

  /** One that was found in the store does not count any more, since it cannot be read. */
  removeFound(key: string): void {
    this.total -= 1;
    if (key > this.cursor) this.unreadCount -= 1;
  }

  /** From now on it is read again from its beginning. */
  rewind(): void {
    this.cursor = this.keys.from;
    this.unreadCount = this.total - this.liveCount;
  }
}
