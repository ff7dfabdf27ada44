import { LmdbDamage } from "./lmdb-damage.ts";
import { LmdbPage } from "./lmdb-page.ts";
import type { LmdbSnapshot } from "./lmdb-snapshot.ts";

/** Checks the pages of values that are too long to lie beside their keys: some in a row, of which only the first has a header. */
export class LmdbOverflowCheck {
  /** Of all values so far. */
  pageCount = 0;
  readonly #snapshot: LmdbSnapshot;
  readonly #page: LmdbPage;

  constructor(snapshot: LmdbSnapshot) {
    this.#snapshot = snapshot;
    this.#page = new LmdbPage(LmdbPage.headerSize);
  }

  /** @returns where in the file the value begins */
  check(leaf: LmdbPage, node: number): number {
    const { file, pageSize, transaction, pages } = this.#snapshot;
    const at = leaf.value(node);
    const first = leaf.long(at);
    const count = leaf.long(at + 16);
    // More than needed when a value was replaced by a smaller one within a transaction.
    const needed = Math.ceil((LmdbPage.headerSize + leaf.valueLength(node)) / pageSize);
    if (count < needed) throw new LmdbDamage(leaf.number, `has a value on ${count} pages`);
    pages.take(first, count, leaf.number);
    const start = first * pageSize;
    // A compacted copy resets the transactions of all pages but these.
    this.#page.fill(
      first,
      file.piece(start, LmdbPage.headerSize, first),
      LmdbPage.overflow,
      transaction,
    );
    const { pageCount } = this.#page;
    if (pageCount !== count || start + count * pageSize > file.size) {
      throw new LmdbDamage(first, `is the first of ${pageCount}, not all of which are there`);
    }
    this.pageCount += count;
    return start + LmdbPage.headerSize;
  }
}
