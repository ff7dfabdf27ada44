import { LmdbDamage } from "./lmdb-damage.ts";
import { LmdbPage } from "./lmdb-page.ts";

/** A value on pages of its own is a reference of this length. */
const REFERENCE_SIZE = 24;

/**
 * Checks where the nodes of a page are: they fill its end without a gap, in any order, each listed once in its beginning.
 * LMDB moves them about by the sizes that they have, whatever else is hit by that.
 */
export class LmdbNodePlaces {
  /** For each place, in which check a node was met there last. */
  readonly #met: Uint32Array;
  #check = 0;

  constructor(pageSize: number) {
    this.#met = new Uint32Array(pageSize / 2);
  }

  check(page: LmdbPage): void {
    const { lower, upper, number, nodeCount } = page;
    const end = page.bytes.length;
    if ((lower & 1) === 1 || lower > upper || upper > end) {
      throw new LmdbDamage(number, `has its free space from ${lower} to ${upper}`);
    }
    this.#check += 1;
    for (let index = 0; index < nodeCount; index += 1) {
      const node = page.node(index);
      if ((node & 1) === 1 || node < upper || node > end - LmdbPage.nodeHeaderSize) {
        throw new LmdbDamage(number, `has node ${index} at ${node}`);
      }
      this.#met[node >>> 1] = this.#check;
    }
    let count = 0;
    let at = upper;
    while (at < end && this.#met[at >>> 1] === this.#check) {
      count += 1;
      at += sizeOf(page, at);
    }
    if (at !== end || count !== nodeCount) {
      throw new LmdbDamage(number, `has nodes that overlap or leave a gap at ${at}`);
    }
  }
}

function sizeOf(page: LmdbPage, node: number): number {
  let size = LmdbPage.nodeHeaderSize + page.keyLength(node);
  if (page.flags === LmdbPage.leaf) {
    const hasOverflow = (page.nodeFlags(node) & LmdbPage.hasOverflow) !== 0;
    size += hasOverflow ? REFERENCE_SIZE : page.valueLength(node);
  }
  return size + (size % 2);
}
