/** Counts and adds up what has arrived, in the same cheap way for every contender. */
export class Arrivals {
  // A typed array keeps a large sum without making a number on the heap for each addition.
  readonly #sum = new Float64Array(1);
  #count = 0;
  #awaited = -1;
  #resolve: () => void = () => undefined;

  get sum(): number {
    return this.#sum[0] ?? 0;
  }

  get count(): number {
    return this.#count;
  }

  add(payload: number): void {
    this.#sum[0] = (this.#sum[0] ?? 0) + payload;
    this.#count += 1;
    if (this.#count === this.#awaited) this.#resolve();
  }

  /** Resolves when so many more have arrived. Only one may be awaited at a time. */
  more(count: number): Promise<void> {
    this.#awaited = this.#count + count;
    return new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }
}

/** What 1, 2, 3 … `count` add up to: the payloads that the scenarios with a queue send. */
export function sumTo(count: number): number {
  return (count * (count + 1)) / 2;
}
