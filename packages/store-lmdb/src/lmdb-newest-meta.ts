import { LmdbDamage } from "./lmdb-damage.ts";
import { LmdbMeta } from "./lmdb-meta.ts";
import type { LmdbPageFile } from "./lmdb-page-file.ts";
import { LmdbPage } from "./lmdb-page.ts";
import type { LmdbTree } from "./lmdb-tree.ts";

/**
 * The meta page that LMDB begins from, which is the one of the higher transaction, made sure that no flipped bit has made
 * it the higher one: transactions alternate between the pages, and each changes the root of a tree, which carries its
 * number. Of the other one only the roots are looked at: LMDB never falls back to it.
 */
export function newestLmdbMeta(file: LmdbPageFile): LmdbMeta {
  const first = new LmdbMeta(file, 0, 0);
  const second = new LmdbMeta(file, 1, first.pageSize);
  const [newest, older] =
    second.transaction > first.transaction ? [second, first] : [first, second];
  const { number, transaction } = newest;
  if (second.pageSize !== first.pageSize || second.free.flags !== first.free.flags) {
    throw new LmdbDamage(1, "differs from page 0 in what both have from the beginning");
  }
  // The map only grows.
  if (newest.mapSize < older.mapSize) throw new LmdbDamage(number, "has a smaller map than before");
  const changed = lastChange(file, newest);
  lastChange(file, older);
  if (newest.isInitial && older.isInitial) return newest;
  if (transaction % 2 !== number) {
    throw new LmdbDamage(number, `is of transaction ${transaction}, which belongs on the other`);
  }
  // A compacted copy is made so, with all pages of transaction 1.
  const isCopy = older.isInitial && newest.free.root === undefined && changed === 1;
  if (isCopy) return newest;
  if (older.transaction !== transaction - 1) {
    throw new LmdbDamage(number, `is of transaction ${transaction} after ${older.transaction}`);
  }
  // A transaction that empties what is empty changes nothing.
  if (changed !== transaction && !newest.records.equals(older.records)) {
    throw new LmdbDamage(number, `is of transaction ${transaction}, its trees of ${changed}`);
  }
  return newest;
}

/** The last transaction that has changed one of the trees. */
function lastChange(file: LmdbPageFile, meta: LmdbMeta): number {
  const trees = [meta.free, meta.main];
  return Math.max(...trees.map((tree) => lastChangeOf(file, meta, tree)));
}

function lastChangeOf(file: LmdbPageFile, meta: LmdbMeta, { root, depth }: LmdbTree): number {
  if (root === undefined) return 0;
  const { number, pageSize, lastPage, transaction } = meta;
  if (root < 2 || root > lastPage) throw new LmdbDamage(number, `has ${root} as a root`);
  const page = new LmdbPage(LmdbPage.headerSize);
  const source = file.piece(root * pageSize, LmdbPage.headerSize, root);
  page.fill(root, source, depth > 1 ? LmdbPage.branch : LmdbPage.leaf, transaction);
  return page.transaction;
}
