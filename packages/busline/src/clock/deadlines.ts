import type { Clock, Timer } from "./clock.ts";

/** A moment by which something must have happened. */
export interface Deadline {
  /** It happened, or does not matter any more. Harmless when repeated. */
  cancel(): void;
}

/**
 * Any number of deadlines on one timer of the runtime: a timer for each request would cost several times as much as the
 * rest of the request. Deadlines of the same length lie in one list, in which the order of setting is the order of
 * expiry, so setting and cancelling cost the same however many there are.
 */
export class Deadlines {
  readonly #clock: Clock;
  readonly #lists = new Map<number, DeadlineList>();
  #timer: Timer | undefined;
  #timerAt = Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `expire` once `durationMs` have passed, unless cancelled before. Never early. */
  set(durationMs: number, expire: () => void): Deadline {
    let list = this.#lists.get(durationMs);
    if (list === undefined) this.#lists.set(durationMs, (list = new DeadlineList()));
    const at = this.#clock.monotonicNow() + durationMs;
    const deadline = list.append(at, expire);
    if (at < this.#timerAt) this.#arm(at);
    return deadline;
  }

  /** Ends its timer: no deadline expires any more. */
  release(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#timerAt = Infinity;
    this.#lists.clear();
  }

  #arm(at: number): void {
    this.#timer?.cancel();
    this.#timerAt = at;
    const delayMs = Math.max(0, Math.ceil(at - this.#clock.monotonicNow()));
    this.#timer = this.#clock.startTimer(delayMs, () => this.#expireDue());
  }

  #expireDue(): void {
    this.#timer = undefined;
    this.#timerAt = Infinity;
    const now = this.#clock.monotonicNow();
    let next = Infinity;
    for (const [durationMs, list] of this.#lists) {
      list.expireUntil(now);
      if (list.isEmpty) this.#lists.delete(durationMs);
      else next = Math.min(next, list.earliest);
    }
    // An expiry may have set a new deadline, and with it the timer.
    if (next < this.#timerAt) this.#arm(next);
  }
}

class DeadlineList {
  readonly #ends: DeadlineNode;

  constructor() {
    this.#ends = new DeadlineNode(Infinity, () => {});
  }

  get isEmpty(): boolean {
    return this.#ends.next === this.#ends;
  }

  get earliest(): number {
    return this.#ends.next.at;
  }

  append(at: number, expire: () => void): Deadline {
    const node = new DeadlineNode(at, expire);
    const last = this.#ends.previous;
    node.previous = last;
    node.next = this.#ends;
    last.next = node;
    this.#ends.previous = node;
    return node;
  }

  expireUntil(now: number): void {
    while (this.#ends.next.at <= now) {
      const node = this.#ends.next;
      node.cancel();
      node.expire();
    }
  }
}

class DeadlineNode implements Deadline {
  readonly at: number;
  readonly expire: () => void;
  previous: DeadlineNode = this;
  next: DeadlineNode = this;

  constructor(at: number, expire: () => void) {
    this.at = at;
    this.expire = expire;
  }

  cancel(): void {
    this.previous.next = this.next;
    this.next.previous = this.previous;
    this.previous = this;
    this.next = this;
  }
}
