import { Message } from "../message/message.ts";
import { NO_EXTRAS } from "../message/message-extras.ts";
import type { SendMoment } from "../message/send-moment.ts";
import type { MessageQueue } from "../queue/message-queue.ts";
import { keepSpare, spareChunk } from "./spare-chunks.ts";

const CHUNK_SLOTS = 1_024;

/**
 * The queue of the built-in types: first in, first out. Messages without extras that were sent in the same moment wait as
 * their payloads, 8 bytes each instead of 80, and become messages when they are given out: an object that dies young
 * costs a tenth of one that the collector has to carry along. Nothing is copied as it grows, and what has been emptied
 * is [spare](./spare-chunks.ts) until the collector comes.
 *
 * A message that has been removed out of the middle lies in its slot until the line has moved past it.
 */
export class Line implements MessageQueue {
  size = 0;
  // Made by the first message: most of a hundred thousand destinations may never see one.
  private first: Chunk | undefined = undefined;
  private last: Chunk | undefined = undefined;
  /** How many that have been removed still lie in their slots. */
  private goneCount = 0;
  /** The moment of the message that came last. */
  private lastMoment: SendMoment | undefined = undefined;

  /** Takes in a message that need not be made yet. Short enough to be inlined wherever it is called. */
  addPayload(payload: unknown, moment: SendMoment): void {
    const { last } = this;
    if (last === undefined || last.moment !== moment || last.end === CHUNK_SLOTS) {
      this.addOther(payload, moment);
      return;
    }
    last.slots[last.end] = payload;
    last.end += 1;
    this.size += 1;
  }

  /** Takes in one that cannot lie behind the last. */
  private addOther(payload: unknown, moment: SendMoment): void {
    const { last } = this;
    if (last?.end === 0) {
      // An empty chunk may become one of payloads again, as large as it has grown.
      last.moment = moment;
      this.append(payload, last);
    } else if (last?.moment === moment || this.lastMoment === moment) {
      this.append(payload, this.newChunk(moment));
    } else {
      // One moment after the other: a chunk for each would take more room than the messages.
      this.add(waiting(payload, moment));
      this.lastMoment = moment;
    }
  }

  add(message: Message): void {
    const { last } = this;
    const isOpen = last !== undefined && last.moment === undefined && last.end < CHUNK_SLOTS;
    this.append(message, isOpen ? last : this.newChunk(undefined));
    this.lastMoment = undefined;
  }

  /** Puts one behind `position` others, of which there are few, and before the rest. */
  addAt(position: number, message: Message): void {
    const before: Message[] = [];
    while (before.length < position && this.size > 0) before.push(this.take() as Message);
    this.addFirst(message);
    this.putBack(before);
  }

  /** Puts those to the front that have just been taken from there. */
  private putBack(messages: readonly Message[]): void {
    for (const message of messages.toReversed()) this.addFirst(stillWaiting(message));
  }

  /** Puts one before all others. */
  private addFirst(message: Message): void {
    const { first } = this;
    let chunk = first;
    if (first === undefined || first.moment !== undefined || first.start === 0) {
      chunk = new Chunk(false);
      chunk.start = 1;
      chunk.end = 1;
      chunk.next = first;
      this.first = chunk;
      this.last ??= chunk;
    }
    const { slots, start } = chunk as Chunk;
    slots[start - 1] = message;
    (chunk as Chunk).start = start - 1;
    this.size += 1;
  }

  take(): Message | undefined {
    if (this.size === 0) return undefined;
    if (this.goneCount > 0) this.skipGone();
    return this.takeFirst();
  }

  /** The moment of the first; undefined if it has been removed. Short enough to be inlined wherever it is called. */
  get frontMoment(): SendMoment | undefined {
    return (this.first as Chunk).moment ?? this.momentOfFirst();
  }

  /** The moment of the first where payloads lie; there must be one that waits. */
  get payloadMoment(): SendMoment | undefined {
    return (this.first as Chunk).moment;
  }

  private momentOfFirst(): SendMoment | undefined {
    const { slots, start } = this.first as Chunk;
    return this.goneCount === 0 ? Message.momentOf(slots[start] as Message) : undefined;
  }

  /** Takes the first, removed or not. In one piece, as every message comes this way. */
  takeFirst(): Message {
    const chunk = this.first as Chunk;
    const { moment, slots, start } = chunk;
    const taken = slots[start];
    slots[start] = undefined;
    chunk.start = start + 1;
    this.size -= 1;
    if (chunk.start === chunk.end) this.emptied(chunk);
    return moment === undefined ? (taken as Message) : new Message(taken, moment, NO_EXTRAS);
  }

  oldest(): Message | undefined {
    return this.at(0);
  }

  /** The one that stands behind `position` others, left in its place. */
  at(position: number): Message | undefined {
    const place = this.placeOf(position);
    if (place === undefined) return undefined;
    place.chunk.make();
    return place.chunk.slots[place.slot] as Message;
  }

  /** When, and for whom, that one was sent. */
  momentAt(position: number): SendMoment | undefined {
    const place = this.placeOf(position);
    if (place === undefined) return undefined;
    const { chunk, slot } = place;
    return chunk.moment ?? Message.momentOf(chunk.slots[slot] as Message);
  }

  /** How many stand before a message; -1 if it is not among the first `count`. */
  positionOf(message: Message, count: number): number {
    let position = 0;
    for (const { chunk, slot } of this.places()) {
      if (position === count) return -1;
      if (chunk.moment === undefined && chunk.slots[slot] === message) return position;
      position += 1;
    }
    return -1;
  }

  remove(message: Message): void {
    Message.setProgress(message, "ended");
    this.size -= 1;
    this.goneCount += 1;
    // The slots of the removed must not pile up in a queue that nobody takes from.
    if (this.size === 0 || this.goneCount > Math.max(this.size, CHUNK_SLOTS)) this.compact();
  }

  /** Takes out the one that stands behind `position` others, of which there are few. */
  removeAt(position: number): Message | undefined {
    if (this.goneCount > 0) return this.removeAmongGone(position);
    let behind = position;
    let before: Chunk | undefined;
    let chunk = this.first;
    while (chunk !== undefined && chunk.end - chunk.start <= behind) {
      behind -= chunk.end - chunk.start;
      before = chunk;
      chunk = chunk.next;
    }
    if (chunk === undefined) return undefined;
    chunk.moveToFront(behind);
    return before === undefined ? this.takeFirst() : this.takeBehind(before, chunk);
  }

  /** Drops the one that stands behind `position` others, of which there are few, if all of them lie as payloads together. */
  dropPayloadAt(position: number): boolean {
    const chunk = this.first;
    if (chunk?.moment === undefined || chunk.end - chunk.start <= position) return false;
    chunk.moveToFront(position);
    chunk.take();
    this.size -= 1;
    if (chunk.start === chunk.end) this.emptied(chunk);
    return true;
  }

  /** Those in front are taken and put back, so that the removed among them are looked at only once. */
  private removeAmongGone(position: number): Message | undefined {
    const before: Message[] = [];
    while (before.length < position && this.size > 0) before.push(this.take() as Message);
    const removed = this.take();
    this.putBack(before);
    return removed;
  }

  /** Takes the first of a chunk that is not the first. */
  private takeBehind(before: Chunk, chunk: Chunk): Message {
    const { moment } = chunk;
    const taken = chunk.take();
    this.size -= 1;
    if (chunk.start === chunk.end) {
      before.next = chunk.next;
      if (this.last === chunk) this.last = before;
    }
    return moment === undefined ? (taken as Message) : new Message(taken, moment, NO_EXTRAS);
  }

  removeAll(): Message[] {
    return this.removeFrom(0);
  }

  /** Takes out all that stand behind the first `position`. */
  removeFrom(position: number): Message[] {
    const all: Message[] = [];
    for (let next = this.take(); next !== undefined; next = this.take()) all.push(next);
    this.first = undefined;
    this.last = undefined;
    this.goneCount = 0;
    const removed = all.splice(position);
    for (const message of all) this.add(stillWaiting(message));
    return removed;
  }

  private append(thing: unknown, chunk: Chunk): void {
    chunk.slots[chunk.end] = thing;
    chunk.end += 1;
    this.size += 1;
  }

  private emptied(chunk: Chunk): void {
    if (chunk.next === undefined) {
      chunk.start = 0;
      chunk.end = 0;
      // A moment may keep a context.
      chunk.moment = undefined;
      this.lastMoment = undefined;
    } else {
      this.first = chunk.next;
      if (chunk.slots.length === CHUNK_SLOTS) keepSpare(chunk);
    }
  }

  /** At the end; the last one, if it is empty. */
  private newChunk(moment: SendMoment | undefined): Chunk {
    let { last } = this;
    if (last === undefined || last.end > 0) {
      const isOneOfMany = last?.end === CHUNK_SLOTS;
      const chunk = (isOneOfMany ? spareChunk() : undefined) ?? new Chunk(isOneOfMany);
      if (last === undefined) this.first = chunk;
      else last.next = chunk;
      last = chunk;
      this.last = chunk;
    }
    last.moment = moment;
    return last;
  }

  /** Drops what has been removed from before the first that waits. */
  private skipGone(): void {
    for (let chunk = this.first as Chunk; this.goneCount > 0; chunk = this.first as Chunk) {
      if (!isGone(chunk, chunk.start)) return;
      this.goneCount -= 1;
      this.size += 1;
      this.takeFirst();
    }
  }

  private compact(): void {
    this.removeFrom(this.size);
  }

  private placeOf(position: number): Place | undefined {
    let before = 0;
    for (const place of this.places()) {
      if (before === position) return place;
      before += 1;
    }
    return undefined;
  }

  private *places(): Generator<Place> {
    for (let chunk = this.first; chunk !== undefined; chunk = chunk.next) {
      for (let slot = chunk.start; slot < chunk.end; slot += 1) {
        if (!isGone(chunk, slot)) yield { chunk, slot };
      }
    }
  }
}

/** Makes the queue of a built-in type: one function, by which they are known. */
export function createLine(): Line {
  return new Line();
}

export class Chunk {
  /** Payloads of messages that were all sent in this moment; undefined where messages lie here. */
  moment: SendMoment | undefined = undefined;
  readonly slots: unknown[];
  start = 0;
  end = 0;
  next: Chunk | undefined = undefined;

  /** @param isOneOfMany it will be full, so it need not grow */
  constructor(isOneOfMany: boolean) {
    // To fill it, as `Array.from` does, would take as long as a message's whole way.
    // oxlint-disable-next-line unicorn/no-new-array
    this.slots = new Array(isOneOfMany ? CHUNK_SLOTS : 16);
    // From now on V8 takes it for an array of anything, and not of numbers until the first is taken: 4 ns a message.
    this.slots[0] = undefined;
  }

  /** Takes out what lies in front. */
  take(): unknown {
    const { slots, start } = this;
    const taken = slots[start];
    slots[start] = undefined;
    this.start = start + 1;
    return taken;
  }

  /** Makes messages of payloads. */
  make(): void {
    const { moment, slots } = this;
    if (moment === undefined) return;
    for (let slot = this.start; slot < this.end; slot += 1) {
      slots[slot] = waiting(slots[slot], moment);
    }
    this.moment = undefined;
  }

  /** The one that stands behind `position` others, of which there are few, goes before them. */
  moveToFront(position: number): void {
    const { slots, start } = this;
    const moved = slots[start + position];
    for (let slot = start + position; slot > start; slot -= 1) slots[slot] = slots[slot - 1];
    slots[start] = moved;
  }
}

interface Place {
  readonly chunk: Chunk;
  readonly slot: number;
}

function waiting(payload: unknown, moment: SendMoment): Message {
  return stillWaiting(new Message(payload, moment, NO_EXTRAS));
}

/** One that has just been made waits, too. */
function stillWaiting(message: Message): Message {
  if (Message.progressOf(message) === undefined) Message.setProgress(message, "waiting");
  return message;
}

function isGone({ moment, slots }: Chunk, slot: number): boolean {
  return moment === undefined && Message.progressOf(slots[slot] as Message) === "ended";
}
