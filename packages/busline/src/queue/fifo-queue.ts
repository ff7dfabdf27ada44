import type { Message } from "../message/message.ts";
import type { MessageQueue } from "./message-queue.ts";

const CHUNK_SIZE = 1_024;

/**
 * First in, first out, in chunks: a slot costs eight bytes and a few nanoseconds however long the queue is, nothing is
 * copied as it grows, and what has been emptied is given back.
 */
export class FifoQueue implements MessageQueue {
  // Made by the first message: most of a hundred thousand destinations may never see one.
  #first: Chunk | undefined;
  #last: Chunk | undefined;
  #count = 0;
  /** Removed out of the middle, but still lying in their slots. */
  #gone: Set<Message> | undefined;

  get size(): number {
    return this.#count;
  }

  add(message: Message): void {
    let last = this.#last;
    if (last === undefined || last.end === CHUNK_SIZE) last = this.#newChunk();
    last.slots[last.end] = message;
    last.end += 1;
    this.#count += 1;
  }

  take(): Message | undefined {
    if (this.#count === 0) return undefined;
    this.#count -= 1;
    const message = this.#shift();
    if (this.#gone !== undefined) this.#shiftGone(this.#gone);
    return message;
  }

  oldest(): Message | undefined {
    return this.#count === 0 ? undefined : this.#first?.slots[this.#first.start];
  }

  remove(message: Message): void {
    this.#gone ??= new Set();
    if (this.#gone.has(message)) return;
    this.#gone.add(message);
    this.#count -= 1;
    // The slots of the removed must not pile up in a queue that nobody takes from.
    if (this.#gone.size > CHUNK_SIZE && this.#gone.size > this.#count) this.#compact();
    else this.#shiftGone(this.#gone);
  }

  removeAll(): Message[] {
    const all = [...this.#inOrder()];
    this.#first = undefined;
    this.#last = undefined;
    this.#count = 0;
    this.#gone = undefined;
    return all;
  }

  *#inOrder(): Generator<Message> {
    for (let chunk = this.#first; chunk !== undefined; chunk = chunk.next) {
      for (let at = chunk.start; at < chunk.end; at += 1) {
        const message = chunk.slots[at] as Message;
        if (this.#gone?.has(message) !== true) yield message;
      }
    }
  }

  // The first slot never holds one that is gone.
  #shiftGone(gone: Set<Message>): void {
    while (gone.size > 0 && gone.delete(this.#first?.slots[this.#first.start] as Message)) {
      this.#shift();
    }
    if (gone.size === 0) this.#gone = undefined;
  }

  /** Empties the first slot in use. */
  #shift(): Message {
    const chunk = this.#first as Chunk;
    const message = chunk.slots[chunk.start] as Message;
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
    return message;
  }

  #newChunk(): Chunk {
    const chunk = new Chunk();
    if (this.#last === undefined) this.#first = chunk;
    else this.#last.next = chunk;
    this.#last = chunk;
    return chunk;
  }

  #compact(): void {
    for (const message of this.removeAll()) this.add(message);
  }
}

class Chunk {
  readonly slots: (Message | undefined)[] = [];
  start = 0;
  end = 0;
  next: Chunk | undefined = undefined;
}
