const MOST_IN_BLOCK = 512;

/** Keys in order. One that is added costs the same wherever it belongs, as long as there are not millions. */
export class SortedKeys {
  /** None of them empty; each key of one before all of the next. */
  readonly #blocks: string[][] = [];
  /** Those that have still to be put in their places, which is done when somebody asks. */
  #added: string[] = [];

  /** @param key one that is not there */
  add(key: string): void {
    this.#added.push(key);
  }

  /** Keys from one on, itself included, in their order. */
  *from(key: string): Generator<string, void, undefined> {
    this.#putInPlace();
    const blocks = this.#blocks;
    let at = this.#blockOf(key);
    let inBlock = placeIn(blocks[at] ?? [], key);
    for (; at < blocks.length; at += 1) {
      const block = blocks[at] as string[];
      for (; inBlock < block.length; inBlock += 1) yield block[inBlock] as string;
      inBlock = 0;
    }
  }

  #putInPlace(): void {
    const added = this.#added;
    if (added.length === 0) return;
    this.#added = [];
    for (const key of added) this.#insert(key);
  }

  #insert(key: string): void {
    const at = Math.min(this.#blockOf(key), this.#blocks.length - 1);
    const block = this.#blocks[at];
    if (block === undefined) {
      this.#blocks.push([key]);
      return;
    }
    block.splice(placeIn(block, key), 0, key);
    if (block.length <= MOST_IN_BLOCK) return;
    // Most keys come in order: behind the last one, full blocks are left.
    const kept = block.at(-1) === key ? MOST_IN_BLOCK : MOST_IN_BLOCK / 2;
    this.#blocks.splice(at + 1, 0, block.splice(kept));
  }

  /** The first block that ends with the key or behind it; if there is none, the one behind the last. */
  #blockOf(key: string): number {
    const blocks = this.#blocks;
    let low = 0;
    let high = blocks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (((blocks[middle] as string[]).at(-1) as string) < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Where a key stands, or would stand. */
function placeIn(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] as string) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
