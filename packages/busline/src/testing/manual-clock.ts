import type { Clock, Timer } from "../clock/clock.ts";

/** How a manual clock starts. */
export interface ManualClockOptions {
  /** What `now()` says at first, in milliseconds since the epoch. Default: 0. */
  readonly startAt?: number;
}

/**
 * A clock whose time passes only when a test says so. Turns of the event loop are real, so listeners run as ever; only
 * waiting takes no time.
 */
export class ManualClock implements Clock {
  readonly #startAt: number;
  readonly #timers = new Set<ManualTimer>();
  #elapsedMs = 0;

  constructor(options: ManualClockOptions = {}) {
    this.#startAt = options.startAt ?? 0;
  }

  /** How many timers have been started and have neither called back nor been cancelled. */
  get timerCount(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.#startAt + this.#elapsedMs;
  }

  monotonicNow(): number {
    return this.#elapsedMs;
  }

  /** Lets time pass: timers that fall due call back in their order, each at its own moment. */
  advance(ms: number): void {
    if (!(ms >= 0) || ms === Infinity)
      throw new RangeError(`Time passes forward: ${ms} ms is no step.`);
    const until = this.#elapsedMs + ms;
    for (let next = this.#nextDue(until); next !== undefined; next = this.#nextDue(until)) {
      this.#timers.delete(next);
      this.#elapsedMs = Math.max(this.#elapsedMs, next.dueAt);
      next.callback();
    }
    this.#elapsedMs = until;
  }

  startTimer(delayMs: number, callback: () => void): Timer {
    const timer = new ManualTimer(this.#elapsedMs + delayMs, callback, () =>
      this.#timers.delete(timer),
    );
    this.#timers.add(timer);
    return timer;
  }

  atEndOfRun(callback: () => void): void {
    queueMicrotask(callback);
  }

  atNextTurn(callback: () => void): void {
    setImmediate(callback);
  }

  #nextDue(until: number): ManualTimer | undefined {
    let next: ManualTimer | undefined;
    for (const timer of this.#timers) {
      if (timer.dueAt <= until && (next === undefined || timer.dueAt < next.dueAt)) next = timer;
    }
    return next;
  }
}

class ManualTimer implements Timer {
  readonly dueAt: number;
  readonly callback: () => void;
  readonly #cancel: () => void;

  constructor(dueAt: number, callback: () => void, cancel: () => void) {
    this.dueAt = dueAt;
    this.callback = callback;
    this.#cancel = cancel;
  }

  cancel(): void {
    this.#cancel();
  }

  // A manual clock holds no process.
  ref(): void {}

  unref(): void {}
}
