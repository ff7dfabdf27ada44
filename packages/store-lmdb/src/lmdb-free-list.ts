import { LmdbDamage } from "./lmdb-damage.ts";
import type { LmdbEntryCheck } from "./lmdb-entry-check.ts";
import { LmdbPageFile } from "./lmdb-page-file.ts";
import { LmdbPage } from "./lmdb-page.ts";
import type { LmdbSnapshot } from "./lmdb-snapshot.ts";

const LONG = 8;

/**
 * The entries of the tree of free pages: under the transaction that freed them a count and so many numbers, each a page,
 * a gap (0), or how many pages there are from the next one on (negative). lmdb-js neither sorts them nor fills the space
 * that it has reserved behind them.
 */
export class LmdbFreeList implements LmdbEntryCheck {
  readonly hasNumbers = true;
  readonly hasTrees = false;
  readonly #snapshot: LmdbSnapshot;
  /** How many numbers are still to come, of the entry. */
  #left = 0;
  /** From the last number, when that was negative. */
  #run = 0;

  constructor(snapshot: LmdbSnapshot) {
    this.#snapshot = snapshot;
  }

  check(leaf: LmdbPage, node: number, overflow: number | undefined): void {
    const transaction = leaf.long(node + LmdbPage.nodeHeaderSize);
    const length = leaf.valueLength(node);
    if (transaction < 1 || transaction > this.#snapshot.transaction) {
      throw new LmdbDamage(leaf.number, `has pages freed by transaction ${transaction}`);
    }
    if (length < LONG || length % LONG !== 0) {
      throw new LmdbDamage(leaf.number, `has a list of free pages of ${length} bytes`);
    }
    this.#run = 0;
    this.#left = -1;
    if (overflow === undefined) this.#add(leaf.view, leaf.value(node), length, leaf.number);
    else this.#addOverflow(overflow, length, leaf.number);
    if (this.#left > 0 || this.#run !== 0) {
      throw new LmdbDamage(leaf.number, "has a list of free pages that ends too early");
    }
  }

  #addOverflow(start: number, length: number, page: number): void {
    let at = start;
    while (at < start + length && this.#left !== 0) {
      const size = Math.min(LmdbPageFile.pieceSize, start + length - at);
      const { buffer, byteOffset } = this.#snapshot.file.piece(at, size, page);
      this.#add(new DataView(buffer), byteOffset, size, page);
      at += size;
    }
  }

  #add(view: DataView, start: number, length: number, page: number): void {
    for (let at = start; at < start + length && this.#left !== 0; at += LONG) {
      const number = view.getUint32(at, true) + view.getInt32(at + 4, true) * 2 ** 32;
      if (this.#left === -1) {
        if (number < 0) throw new LmdbDamage(page, `has a list of ${number} free pages`);
        this.#left = number;
      } else {
        this.#left -= 1;
        this.#addNumber(number, page);
      }
    }
  }

  #addNumber(number: number, page: number): void {
    if (this.#run !== 0) {
      this.#snapshot.pages.take(number, this.#run, page);
      this.#run = 0;
    } else if (number < 0) {
      this.#run = -number;
    } else if (number > 0) {
      this.#snapshot.pages.take(number, 1, page);
    }
  }
}
