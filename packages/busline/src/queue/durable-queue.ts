import type { Message } from "../message/message.ts";
import { recordOf } from "../message/record-of.ts";
import { FifoQueue } from "./fifo-queue.ts";
import type { MessageQueue } from "./message-queue.ts";
import type { SuspectTrials, TrialQueue } from "./suspect-trials.ts";

/** What a durable queue asks of those who keep its messages. */
export interface DurableQueueKeeper {
  /** How many messages workers would take. */
  readonly wantedCount: number;
  /** The oldest of those that are not in the queue yet. */
  readonly oldestComing: Message | undefined;
  /** Whether one that has to go first has still to be read. @param waitsAt whether one of that level is here */
  hasToRead(waitsAt: (level: number) => boolean): boolean;
  /** Writes down that an attempt at each of them begins; then calls `marked`. */
  mark(messages: readonly Message[]): void;
  /** Workers are free, but of what is here nothing may start beside what runs. */
  isStarved(): void;
  /** If the process ends from now on, these have not done it; or they may have. */
  excuse(messages: readonly Message[], isExcused: boolean): void;
  /** More may be given out. */
  goOn(): void;
}

/**
 * The queue of a destination's type, with a gate behind it: a message is given out only after it has been written down that
 * an attempt at it begins, so that one that ends the process each time does not do so for ever. One during which a process
 * has ended waits until it may be tried alone.
 */
export class DurableQueue implements MessageQueue, TrialQueue {
  readonly #keeper: DurableQueueKeeper;
  readonly #trials: SuspectTrials;
  #inner: MessageQueue;
  /** How many wait in it, by the levels of their lanes. */
  readonly #waiting = new Map<number, number>();
  /** Those whose attempts are being written down. */
  readonly #marking = new Set<Message>();
  /** Those for which that has been done. */
  readonly #marked = new FifoQueue();
  /** Those that have been given out, and that one that is to be tried alone waits for. */
  readonly #out = new Set<Message>();
  /** Those that go on for so long that it does not. */
  readonly #long = new Set<Message>();
  /** It does not wait either for so many that are about to be given out, and are not: where they are, nothing may start. */
  #leftCount = 0;
  /** One that is tried alone: it waits for its turn, or has been given out. */
  #suspect: Message | undefined;
  /** Gives out no more. */
  #isShut = false;

  constructor(inner: MessageQueue, keeper: DurableQueueKeeper, trials: SuspectTrials) {
    this.#inner = inner;
    this.#keeper = keeper;
    this.#trials = trials;
    trials.join(this);
  }

  get isAtRest(): boolean {
    return this.#out.size === 0 && this.#marking.size + this.#marked.size <= this.#leftCount;
  }

  get size(): number {
    const isWaiting = this.#waitingSuspect === undefined ? 0 : 1;
    return this.#inner.size + this.#marking.size + this.#marked.size + isWaiting;
  }

  add(message: Message): void {
    this.#inner.add(message);
    const record = recordOf(message);
    record.isQueued = true;
    record.isMarked = false;
    this.#count(message, 1);
  }

  take(): Message | undefined {
    if (this.#isShut) return undefined;
    const taken = this.#marked.take();
    if (taken !== undefined) {
      recordOf(taken).isQueued = false;
      this.#out.add(taken);
      if (this.#leftCount > 0) this.#leftCount -= 1;
    }
    this.#markMore(taken === undefined ? 0 : 1);
    return taken;
  }

  /** The attempts of messages have been written down. */
  marked(messages: readonly Message[]): void {
    for (const message of messages) {
      if (!this.#marking.delete(message)) continue;
      recordOf(message).isMarked = true;
      this.#marked.add(message);
    }
  }

  oldest(): Message | undefined {
    const [first] = this.#marking;
    const { oldestComing } = this.#keeper;
    const inGate = this.#marked.oldest() ?? first ?? this.#waitingSuspect;
    return inGate ?? this.#inner.oldest() ?? oldestComing;
  }

  remove(message: Message): void {
    const record = recordOf(message);
    if (!record.isQueued) return;
    record.isQueued = false;
    const isMarking = this.#marking.delete(message);
    if (record.isMarked) this.#marked.remove(message);
    if (isMarking || record.isMarked || message === this.#suspect) {
      this.ended(message);
    } else {
      this.#inner.remove(message);
      this.#count(message, -1);
    }
  }

  removeAll(): Message[] {
    // First what waits: when what is in the gate ends, more would come into it.
    const waiting = this.takeBack();
    const inGate = [...this.#marked.removeAll(), ...this.#marking];
    this.#marking.clear();
    for (const message of inGate) {
      recordOf(message).isQueued = false;
      this.ended(message);
    }
    return [...inGate, ...waiting];
  }

  ended(message: Message): void {
    this.#inner.ended?.(message);
    this.attemptEnded(message);
  }

  /** An attempt at a message has ended, and the process has not. */
  attemptEnded(message: Message): void {
    const record = recordOf(message);
    record.isSuspect = false;
    record.isExcused = false;
    this.#out.delete(message);
    this.#long.delete(message);
    if (this.#suspect === message) this.#acquit(message);
    else this.#trials.lookAgain();
  }

  /** It comes back for another attempt, and not through the queue. */
  comesBack(message: Message): void {
    this.#out.add(message);
  }

  begin(suspect: Message): void {
    this.#marking.add(suspect);
    this.#keeper.mark([suspect]);
  }

  survived(suspect: Message): void {
    recordOf(suspect).isSuspect = false;
    if (this.#out.delete(suspect)) this.#long.add(suspect);
    this.#acquit(suspect);
  }

  letGo(): void {
    for (const message of this.#out) this.#long.add(message);
    this.#out.clear();
    this.#leftCount = this.#marking.size + this.#marked.size;
  }

  excuse(isExcused: boolean): void {
    if (this.#long.size > 0) this.#keeper.excuse([...this.#long], isExcused);
  }

  goOn(): void {
    this.#keeper.goOn();
  }

  /** Takes out those for which nothing has been written down yet. */
  takeBack(): Message[] {
    const suspect = this.#waitingSuspect;
    const waiting = [...(suspect === undefined ? [] : [suspect]), ...this.#inner.removeAll()];
    for (const message of waiting) recordOf(message).isQueued = false;
    this.#waiting.clear();
    if (suspect !== undefined) {
      this.#inner.ended?.(suspect);
      this.#acquit(suspect);
    }
    return waiting;
  }

  /** What waits goes on waiting in a queue of another type. */
  changeInner(inner: MessageQueue): void {
    const waiting = this.#inner.removeAll();
    this.#inner = inner;
    for (const message of waiting) inner.add(message);
  }

  /** Gives out nothing any more. */
  shut(): void {
    this.#isShut = true;
    this.#trials.leave(this);
  }

  #count(message: Message, more: number): void {
    const { level } = recordOf(message);
    this.#waiting.set(level, (this.#waiting.get(level) ?? 0) + more);
  }

  /** One that has been taken out to be tried alone, and for which nothing has been written down yet. */
  get #waitingSuspect(): Message | undefined {
    const suspect = this.#suspect;
    if (suspect === undefined || this.#marking.has(suspect)) return undefined;
    const { isMarked, isQueued } = recordOf(suspect);
    return isQueued && !isMarked ? suspect : undefined;
  }

  /** It is not to be tried alone any more. */
  #acquit(suspect: Message): void {
    this.#suspect = undefined;
    this.#trials.over(suspect);
  }

  /** @param taken so many are about to be in the hands of workers */
  #markMore(taken: number): void {
    if (this.#trials.isOn) return;
    const wanted = this.#keeper.wantedCount - taken - this.#marking.size - this.#marked.size;
    const next: Message[] = [];
    while (next.length < wanted && this.#suspect === undefined) {
      if (this.#keeper.hasToRead((level) => (this.#waiting.get(level) ?? 0) > 0)) break;
      const message = this.#inner.take();
      if (message === undefined) break;
      this.#count(message, -1);
      if (recordOf(message).isSuspect) {
        this.#suspect = message;
      } else {
        next.push(message);
        this.#marking.add(message);
      }
    }
    if (next.length > 0) this.#keeper.mark(next);
    if (this.#suspect !== undefined)
      this.#trials.ask(this, this.#suspect, recordOf(this.#suspect).attempts);
    else if (next.length === 0 && wanted > 0) this.#keeper.isStarved();
  }
}
