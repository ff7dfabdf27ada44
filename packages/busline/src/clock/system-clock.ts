import type { Clock, Timer } from "./clock.ts";

/** The clock of the machine: Node's timers and event loop. */
export class SystemClock implements Clock {
  #now = 0;
  readonly #forget = (): void => {
    this.#now = 0;
  };

  /** Read once for all code that runs without a break: a reading costs as much as the rest of a send. */
  now(): number {
    if (this.#now === 0) {
      this.#now = Date.now();
      process.nextTick(this.#forget);
    }
    return this.#now;
  }

  monotonicNow(): number {
    return performance.now();
  }

  startTimer(delayMs: number, callback: () => void): Timer {
    const timeout = setTimeout(callback, delayMs);
    timeout.unref();
    return new SystemTimer(timeout);
  }

  atEndOfRun(callback: () => void): void {
    queueMicrotask(callback);
  }

  atNextTurn(callback: () => void): void {
    setImmediate(callback);
  }
}

class SystemTimer implements Timer {
  readonly #timeout: NodeJS.Timeout;

  constructor(timeout: NodeJS.Timeout) {
    this.#timeout = timeout;
  }

  cancel(): void {
    clearTimeout(this.#timeout);
  }

  ref(): void {
    this.#timeout.ref();
  }

  unref(): void {
    this.#timeout.unref();
  }
}
