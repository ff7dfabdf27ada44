import { ManualClock } from "./manual-clock.ts";

/** A manual clock whose turns, too, happen only when a test says so. */
export class SteppedClock extends ManualClock {
  readonly isStepped = true;
  readonly #turns: (() => void)[] = [];

  override atEndOfRun(callback: () => void): void {
    this.#turns.push(callback);
  }

  override atNextTurn(callback: () => void): void {
    this.#turns.push(callback);
  }

  /** Lets the next turn happen. @returns false if none is due */
  turn(): boolean {
    const next = this.#turns.shift();
    next?.();
    return next !== undefined;
  }
}
