import { LmdbDamage } from "./lmdb-damage.ts";

/**
 * Which pages have been met: each may be used once, by one tree or by the list of free pages. One that is never met is
 * only wasted: lmdb-js loses free pages when it comes upon a contradiction in its own list of them.
 */
export class LmdbPageSet {
  /** How many pages there are. */
  readonly size: number;
  readonly #bits: Uint32Array;

  constructor(size: number) {
    this.size = size;
    this.#bits = new Uint32Array(Math.ceil(size / 32));
    this.#bits[0] = 0b11; // the meta pages
  }

  /** @param by the page that refers to these */
  take(first: number, count: number, by: number): void {
    if (first < 2 || first + count > this.size || count < 1) {
      throw new LmdbDamage(by, `refers to page ${first}, of ${this.size}`);
    }
    for (let page = first; page < first + count; page += 1) {
      const word = this.#bits[page >>> 5] ?? 0;
      const bit = 1 << (page & 31);
      if ((word & bit) !== 0) throw new LmdbDamage(by, `refers to page ${page}, which is in use`);
      this.#bits[page >>> 5] = word | bit;
    }
  }
}
