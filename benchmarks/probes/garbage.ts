import { PerformanceObserver } from "node:perf_hooks";
import { setImmediate } from "node:timers/promises";

interface Span {
  readonly from: number;
  readonly to: number;
}

/** Watches how long the collector of garbage held the program up. */
export class Garbage {
  readonly #pauses: Span[] = [];
  readonly #observer: PerformanceObserver;

  constructor() {
    this.#observer = new PerformanceObserver((list) => {
      for (const { startTime, duration } of list.getEntries())
        this.#pauses.push({ from: startTime, to: startTime + duration });
    });
    this.#observer.observe({ entryTypes: ["gc"] });
  }

  /** The share, from 0 to 1, of these stretches of time that went into collecting. Ends the watch. */
  async shareOf(stretches: readonly Span[]): Promise<number> {
    // Pauses are told of in a later turn of the event loop.
    await setImmediate();
    await setImmediate();
    this.#observer.disconnect();
    let collecting = 0;
    let total = 0;
    for (const { from, to } of stretches) {
      total += to - from;
      for (const pause of this.#pauses)
        collecting += Math.max(0, Math.min(to, pause.to) - Math.max(from, pause.from));
    }
    return total === 0 ? 0 : collecting / total;
  }
}
