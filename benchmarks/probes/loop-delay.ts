import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Metric } from "../scenario.ts";
import { percentile } from "./percentile.ts";

const INTERVAL_MS = 1;

/** The metrics that `LoopDelayProbe` gives; `p99` is the main one. */
export const loopDelayMetrics: Readonly<Record<string, Metric>> = {
  p50: { title: "event loop delay, median", unit: "ms", better: "less" },
  p99: { title: "event loop delay, 99 of 100", unit: "ms", better: "less" },
  max: { title: "event loop delay, longest", unit: "ms", better: "less" },
  monitoredP99: { title: "by monitorEventLoopDelay, 99 of 100", unit: "ms", better: "less" },
  monitoredMax: { title: "by monitorEventLoopDelay, longest", unit: "ms", better: "less" },
};

/**
 * How late a timer of 1 ms is. Where one comes late, all that should have come meanwhile are counted as late too:
 * otherwise one standstill of a second would be one reading among thousands. `monitorEventLoopDelay` beside it counts
 * each standstill once.
 */
export class LoopDelayProbe {
  readonly #monitor = monitorEventLoopDelay({ resolution: INTERVAL_MS });
  readonly #gaps: number[] = [];
  #timer: NodeJS.Timeout | undefined;
  #lastAt = 0;

  start(): void {
    this.#monitor.enable();
    this.#lastAt = performance.now();
    this.#timer = setInterval(() => this.#tick(), INTERVAL_MS);
  }

  /** To be called in a turn of the event loop of its own: a standstill that has not ended counts up to now. */
  stop(): Readonly<Record<string, number>> {
    this.#tick();
    clearInterval(this.#timer);
    this.#monitor.disable();
    const delays = this.#delays();
    return {
      p50: percentile(delays, 0.5),
      p99: percentile(delays, 0.99),
      max: delays.at(-1) ?? 0,
      monitoredP99: this.#monitor.percentile(99) / 1e6,
      monitoredMax: this.#monitor.max / 1e6,
    };
  }

  #tick(): void {
    const now = performance.now();
    this.#gaps.push(now - this.#lastAt);
    this.#lastAt = now;
  }

  #delays(): Float64Array {
    const delays: number[] = [];
    for (const gap of this.#gaps) {
      delays.push(Math.max(0, gap - INTERVAL_MS));
      for (let late = gap - 2 * INTERVAL_MS; late > 0; late -= INTERVAL_MS) delays.push(late);
    }
    return Float64Array.from(delays).toSorted();
  }
}
