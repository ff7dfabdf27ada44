/** A key within a page. */
export class LmdbKey {
  readonly #bytes: Uint8Array;
  readonly #start: number;
  readonly #end: number;

  constructor(bytes: Uint8Array, start: number, length: number) {
    this.#bytes = bytes;
    this.#start = start;
    this.#end = start + length;
  }

  /** As memcmp, and what is longer comes later. A loop is quicker than a call for the few bytes that a key has. */
  compareBytes(other: LmdbKey): number {
    const one = this.#bytes;
    const two = other.#bytes;
    let at = other.#start;
    const end = Math.min(other.#end, at + this.#end - this.#start);
    for (let from = this.#start; at < end; from += 1, at += 1) {
      const difference = (one[from] ?? 0) - (two[at] ?? 0);
      if (difference !== 0) return difference;
    }
    return this.#end - this.#start - (other.#end - other.#start);
  }

  /** As numbers of 64 bits, the lowest byte first: the keys of the free list. */
  compareNumbers(other: LmdbKey): number {
    for (let at = 7; at >= 0; at -= 1) {
      const one = this.#bytes[this.#start + at] ?? 0;
      const difference = one - (other.#bytes[other.#start + at] ?? 0);
      if (difference !== 0) return difference;
    }
    return 0;
  }
}
