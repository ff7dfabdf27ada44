/** Counts arrivals and lets tests wait for a number of them. */
export class Arrivals {
  #count = 0;
  #waiting: { readonly count: number; readonly resolve: () => void }[] = [];

  /** One more has arrived. */
  add(): void {
    this.#count += 1;
    const due = this.#waiting.filter(({ count }) => count <= this.#count);
    this.#waiting = this.#waiting.filter(({ count }) => count > this.#count);
    for (const { resolve } of due) resolve();
  }

  /** Resolves as soon as so many have arrived in all. */
  reached(count: number): Promise<void> {
    if (count <= this.#count) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ count, resolve }));
  }
}
