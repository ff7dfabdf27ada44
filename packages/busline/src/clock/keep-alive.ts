import { LONGEST_DURATION_MS } from "../validation/option-reader.ts";
import type { Clock, Timer } from "./clock.ts";

/** Holds the process while there is something to wait for that no timer or socket of Node stands for. */
export class KeepAlive {
  readonly #clock: Clock;
  #timer: Timer | undefined;
  #isHolding = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Holds the process from now on, or lets it go. */
  hold(isNeeded: boolean): void {
    if (isNeeded === this.#isHolding) return;
    this.#isHolding = isNeeded;
    if (isNeeded) {
      this.#timer ??= this.#start();
      this.#timer.ref();
    } else {
      this.#timer?.unref();
    }
  }

  /** Ends its timer. It may hold again later. */
  release(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#isHolding = false;
  }

  #start(): Timer {
    return this.#clock.startTimer(LONGEST_DURATION_MS, () => {
      const wasHolding = this.#isHolding;
      this.release();
      this.hold(wasHolding);
    });
  }
}
