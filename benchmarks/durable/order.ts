/** What the scenarios with a disk send: about 200 bytes of JSON. */
export interface Order {
  /** From 1 on, each once. */
  readonly number: number;
  readonly customer: string;
  readonly city: string;
  readonly items: readonly { readonly article: string; readonly count: number }[];
  readonly total: number;
  readonly note: string;
}

export function orderOf(number: number): Order {
  return {
    number,
    customer: "a customer of ours",
    city: "a city of some size",
    items: [
      { article: "three of these", count: 3 },
      { article: "one of those", count: 1 },
    ],
    total: 12.5,
    note: "to be sent on the 26th",
  };
}

/** Adds up the numbers of orders that have come; each may come once. */
export class OrderBook {
  /** A bit for each. */
  #seen = new Uint8Array(1_024);
  #sum = 0;

  get sum(): number {
    return this.#sum;
  }

  /** @throws it cannot have been sent, or has come before */
  add(number: number): void {
    if (!Number.isInteger(number) || number < 1) throw new Error(`Order ${number} was never sent`);
    const at = number >> 3;
    const bit = 1 << (number & 7);
    if (at >= this.#seen.length) this.#grow(at);
    const seen = this.#seen[at] ?? 0;
    if ((seen & bit) !== 0) throw new Error(`Order ${number} came twice`);
    this.#seen[at] = seen | bit;
    this.#sum += number;
  }

  #grow(at: number): void {
    const larger = new Uint8Array(2 * at);
    larger.set(this.#seen);
    this.#seen = larger;
  }
}
