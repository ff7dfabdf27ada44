import type { MessageQueue, WaitingMessage } from "./message-queue.ts";

const CHUNK_SIZE = 1_024;

/**
 * First in, first out, in chunks: a slot costs eight bytes and a few nanoseconds however long the queue is, nothing is
 * copied as it grows, and what has been emptied is given back.
 */
export class FifoQueue<Item extends WaitingMessage> implements MessageQueue<Item> {
  #first = new Chunk<Item>();
  #last = this.#first;
  #count = 0;
  /** Removed out of the middle, but still lying in their slots. */
  readonly #gone = new Set<Item>();

  get size(): number {
    return this.#count;
  }

  add(item: Item): void {
    if (this.#last.end === CHUNK_SIZE) {
      this.#last.next = new Chunk<Item>();
      this.#last = this.#last.next;
    }
    this.#last.slots[this.#last.end] = item;
    this.#last.end += 1;
    this.#count += 1;
  }

  take(): Item | undefined {
    if (this.#count === 0) return undefined;
    this.#count -= 1;
    const item = this.#shift();
    if (this.#gone.size > 0) this.#shiftGone();
    return item;
  }

  oldest(): Item | undefined {
    return this.#count === 0 ? undefined : this.#first.slots[this.#first.start];
  }

  remove(item: Item): void {
    if (this.#gone.has(item)) return;
    this.#gone.add(item);
    this.#count -= 1;
    this.#shiftGone();
    // The slots of the removed must not pile up in a queue that nobody takes from.
    if (this.#gone.size > CHUNK_SIZE && this.#gone.size > this.#count) this.#compact();
  }

  removeAll(): Item[] {
    const all = [...this.#inOrder()];
    this.#clear();
    return all;
  }

  *#inOrder(): Generator<Item> {
    for (
      let chunk: Chunk<Item> | undefined = this.#first;
      chunk !== undefined;
      chunk = chunk.next
    ) {
      for (let at = chunk.start; at < chunk.end; at += 1) {
        const item = chunk.slots[at] as Item;
        if (!this.#gone.has(item)) yield item;
      }
    }
  }

  // The first slot never holds one that is gone.
  #shiftGone(): void {
    while (this.#gone.size > 0 && this.#gone.delete(this.#first.slots[this.#first.start] as Item)) {
      this.#shift();
    }
  }

  #shift(): Item {
    const chunk = this.#first;
    const item = chunk.slots[chunk.start] as Item;
    chunk.slots[chunk.start] = undefined;
    chunk.start += 1;
    if (chunk.start === chunk.end) {
      if (chunk.next === undefined) {
        chunk.start = 0;
        chunk.end = 0;
      } else {
        this.#first = chunk.next;
      }
    }
    return item;
  }

  #compact(): void {
    for (const item of this.removeAll()) this.add(item);
  }

  #clear(): void {
    this.#first = new Chunk<Item>();
    this.#last = this.#first;
    this.#count = 0;
    this.#gone.clear();
  }
}

class Chunk<Item> {
  readonly slots: (Item | undefined)[] = [];
  start = 0;
  end = 0;
  next: Chunk<Item> | undefined = undefined;
}
