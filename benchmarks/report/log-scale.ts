/** Puts values on a line of so many pixels, each power of ten as long as the next. */
export class LogScale {
  readonly #left: number;
  readonly #width: number;
  readonly #from: number;
  readonly #to: number;

  /** Spans the values, and `around`, out to whole powers of ten or of two. */
  constructor(values: readonly number[], left: number, width: number, base: 2 | 10 = 10) {
    this.#left = left;
    this.#width = width;
    const logs = values
      .filter((value) => value > 0 && Number.isFinite(value))
      .map((value) => Math.log10(value) / Math.log10(base));
    const step = Math.log10(base);
    const lowest = logs.length === 0 ? 0 : Math.min(...logs);
    const highest = logs.length === 0 ? 1 : Math.max(...logs);
    // A bar that begins at its own value could not be seen.
    const floor = Math.floor(lowest) === lowest ? lowest - 1 : Math.floor(lowest);
    this.#from = floor * step;
    this.#to = Math.max(Math.ceil(highest), floor + 1) * step;
  }

  /** Where a value is; what is below the scale, such as 0, is at its beginning. */
  at(value: number): number {
    const log = value > 0 ? Math.log10(value) : this.#from;
    const share = (log - this.#from) / (this.#to - this.#from);
    return this.#left + this.#width * Math.min(1, Math.max(0, share));
  }

  /** The powers of ten on the scale, at most eight of them. */
  ticks(): number[] {
    const first = Math.ceil(this.#from - 1e-9);
    const last = Math.floor(this.#to + 1e-9);
    const step = Math.ceil((last - first + 1) / 8);
    const ticks: number[] = [];
    for (let power = first; power <= last; power += step) ticks.push(Number(`1e${power}`));
    return ticks;
  }
}
