import { setImmediate as nextTurn } from "node:timers/promises";
import type { Metric, Sample } from "../scenario.ts";
import { median } from "./median.ts";
import { percentile } from "./percentile.ts";
import { sizeOf } from "./size-of.ts";

/** So many messages are sent before, one batch when the last one has been delivered, until all is optimised. */
const WARM_UP_COUNT = sizeOf(60_000);
const WARM_UP_BATCH = 10;
/** So long messages are sent by the clock before they are measured. */
const LEAD_IN_MS = 100;
/** The measured time has so many windows of so many milliseconds. */
const WINDOWS = 10;
const WINDOW_MS = 150;

/** The metrics that `LatencyProbe` gives; `p99` is the main one. */
export const latencyMetrics: Readonly<Record<string, Metric>> = {
  p50: { title: "send to delivery, median", unit: "µs", better: "less" },
  p99: { title: "send to delivery, 99 of 100", unit: "µs", better: "less" },
  p999: { title: "send to delivery, 999 of 1,000", unit: "µs", better: "less" },
  wholeP99: { title: "the same, 99 of 100 of the whole run", unit: "µs", better: "less" },
};

/**
 * Sends by the clock, whether or not the last message has been delivered, and takes the time of each from the moment
 * at which it was due. So a message that could not even be sent because everything stood still counts as late.
 *
 * Percentiles are those of a window, the median over all windows: where others on the machine take the processor away
 * for some milliseconds, that is not what the rest of the run is judged by. `wholeP99` leaves nothing out.
 */
export class LatencyProbe {
  readonly #perMs: number;
  readonly #leadInCount: number;
  readonly #windowCount: number;
  readonly #count: number;
  readonly #latencies: Float64Array;
  #begin = 0;
  #awaitedCount = 0;
  #sentCount = 0;
  #arrivedCount = 0;
  #allArrived: () => void = () => undefined;

  /** @param rate how many messages fall due in a second */
  constructor(rate: number) {
    this.#perMs = rate / 1_000;
    this.#leadInCount = sizeOf(Math.round(LEAD_IN_MS * this.#perMs));
    this.#windowCount = sizeOf(Math.round(WINDOW_MS * this.#perMs));
    this.#count = this.#leadInCount + WINDOWS * this.#windowCount;
    this.#latencies = new Float64Array(this.#count);
  }

  /** To be called first thing by the listener. */
  arrived(index: number): void {
    this.#latencies[index] = performance.now() - (this.#begin + index / this.#perMs);
    this.#arrivedCount += 1;
    if (this.#arrivedCount === this.#awaitedCount) this.#allArrived();
  }

  /** @param send sends message number `index`, from 0 */
  async measure(send: (index: number) => void): Promise<Sample> {
    globalThis.gc?.();
    for (let left = WARM_UP_COUNT; left > 0; left -= WARM_UP_BATCH) {
      const all = this.#more(WARM_UP_BATCH);
      for (let index = 0; index < WARM_UP_BATCH; index += 1) send(index);
      await all;
      await nextTurn();
    }
    const all = this.#more(this.#count);
    this.#begin = performance.now();
    const turn = (): void => {
      const due = Math.floor((performance.now() - this.#begin) * this.#perMs) + 1;
      for (const end = Math.min(due, this.#count); this.#sentCount < end; this.#sentCount += 1)
        send(this.#sentCount);
      if (this.#sentCount < this.#count) setImmediate(turn);
    };
    turn();
    await all;
    const warmUps = Math.ceil(WARM_UP_COUNT / WARM_UP_BATCH) * WARM_UP_BATCH;
    return {
      metrics: this.#metrics(),
      arrived: this.#arrivedCount,
      expected: warmUps + this.#count,
    };
  }

  /** Resolves when so many more have arrived. */
  #more(count: number): Promise<void> {
    this.#awaitedCount = this.#arrivedCount + count;
    return new Promise((resolve) => {
      this.#allArrived = resolve;
    });
  }

  #metrics(): Sample["metrics"] {
    const windows = Array.from({ length: WINDOWS }, (_, window) => {
      const from = this.#leadInCount + window * this.#windowCount;
      return this.#latencies.subarray(from, from + this.#windowCount).toSorted();
    });
    const ofWindows = (share: number): number =>
      median(windows.map((window) => percentile(window, share) * 1_000));
    const whole = this.#latencies.subarray(this.#leadInCount).toSorted();
    return {
      p50: ofWindows(0.5),
      p99: ofWindows(0.99),
      p999: ofWindows(0.999),
      wholeP99: percentile(whole, 0.99) * 1_000,
    };
  }
}
