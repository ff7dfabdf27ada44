const FIRST_CAPACITY = 1_024;

/** Places in a circle, a power of two of them, so that a mask keeps positions inside. */
export class Ring<Item> {
  #places = emptyPlaces<Item>(FIRST_CAPACITY);
  #first = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(item: Item): void {
    if (this.#length === this.#places.length) this.#grow();
    this.#places[(this.#first + this.#length) & (this.#places.length - 1)] = item;
    this.#length += 1;
  }

  /** Takes the oldest. There must be one. */
  shift(): Item {
    const item = this.#places[this.#first] as Item;
    this.#places[this.#first] = undefined;
    this.#first = (this.#first + 1) & (this.#places.length - 1);
    this.#length -= 1;
    return item;
  }

  /** Gives memory back when a backlog is gone, as a queue in a long-lived process has to. */
  shrink(): void {
    if (this.#length > 0 || this.#places.length === FIRST_CAPACITY) return;
    this.#places = emptyPlaces<Item>(FIRST_CAPACITY);
    this.#first = 0;
  }

  #grow(): void {
    const places = this.#places;
    const grown = emptyPlaces<Item>(places.length * 2);
    for (let index = 0; index < this.#length; index += 1)
      grown[index] = places[(this.#first + index) & (places.length - 1)];
    this.#places = grown;
    this.#first = 0;
  }
}

function emptyPlaces<Item>(capacity: number): (Item | undefined)[] {
  // `Array.from` is many times slower, and grows as it goes.
  // oxlint-disable-next-line unicorn/no-new-array
  return new Array<Item | undefined>(capacity).fill(undefined);
}
