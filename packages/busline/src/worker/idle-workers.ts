import type { Clock, Timer } from "../clock/clock.ts";

/**
 * Shrinks a pool: remembers since when each worker above the core size has been idle, the longest first, and lets go
 * those that have been for the whole timeout. Reads the clock only while there are such workers.
 */
export class IdleWorkers {
  readonly #clock: Clock;
  readonly #letGo: () => void;
  #idleSince: number[] = [];
  #timer: Timer | undefined;
  #timeoutMs = 0;

  /** @param letGo called for each worker whose time is up */
  constructor(clock: Clock, letGo: () => void) {
    this.#clock = clock;
    this.#letGo = letGo;
  }

  /** So many workers above the core size are idle now. Who is busy again was idle last. */
  set(count: number, timeoutMs: number): void {
    if (count === 0 && this.#idleSince.length === 0) return;
    if (timeoutMs !== this.#timeoutMs) {
      this.#timer?.cancel();
      this.#timer = undefined;
      this.#timeoutMs = timeoutMs;
    }
    if (count < this.#idleSince.length) this.#idleSince.length = count;
    while (this.#idleSince.length < count) this.#idleSince.push(this.#clock.monotonicNow());
    if (this.#timer === undefined) this.#watch();
  }

  #watch(): void {
    const longest = this.#idleSince[0];
    if (longest === undefined) return;
    const delayMs = Math.max(0, longest + this.#timeoutMs - this.#clock.monotonicNow());
    this.#timer = this.#clock.startTimer(Math.ceil(delayMs), this.#expire);
  }

  readonly #expire = (): void => {
    this.#timer = undefined;
    const now = this.#clock.monotonicNow();
    const firstLeft = this.#idleSince.findIndex((since) => since + this.#timeoutMs > now);
    const ended = this.#idleSince.splice(0, firstLeft < 0 ? this.#idleSince.length : firstLeft);
    for (const _ of ended) this.#letGo();
    this.#watch();
  };

  /** Ends its timer. */
  release(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#idleSince = [];
  }
}
