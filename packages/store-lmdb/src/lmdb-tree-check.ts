import { LmdbDamage } from "./lmdb-damage.ts";
import type { LmdbEntryCheck } from "./lmdb-entry-check.ts";
import { LmdbKey } from "./lmdb-key.ts";
import { LmdbNodePlaces } from "./lmdb-node-places.ts";
import { LmdbOverflowCheck } from "./lmdb-overflow-check.ts";
import { LmdbPage } from "./lmdb-page.ts";
import type { LmdbSnapshot } from "./lmdb-snapshot.ts";
import type { LmdbTree } from "./lmdb-tree.ts";

/** As many levels as LMDB's cursors have. */
const MAX_DEPTH = 32;

/** Keys from the first on and before the second; `undefined`: without end. */
type Bounds = readonly [LmdbKey | undefined, LmdbKey | undefined];

/** Checks that a tree can be walked, in order, over pages that nobody else uses, and is what its record says. */
export class LmdbTreeCheck {
  readonly #snapshot: LmdbSnapshot;
  readonly #tree: LmdbTree;
  readonly #entries: LmdbEntryCheck;
  readonly #places: LmdbNodePlaces;
  readonly #overflow: LmdbOverflowCheck;
  /** A page for each level, the root's first. */
  readonly #levels: LmdbPage[] = [];
  #branchPageCount = 0;
  #leafPageCount = 0;
  #entryCount = 0;

  constructor(snapshot: LmdbSnapshot, tree: LmdbTree, entries: LmdbEntryCheck) {
    this.#snapshot = snapshot;
    this.#tree = tree;
    this.#entries = entries;
    this.#places = new LmdbNodePlaces(snapshot.pageSize);
    this.#overflow = new LmdbOverflowCheck(snapshot);
  }

  /**
   * @param page the page with the tree's record
   * @param newest the last transaction that may have changed it
   */
  run(page: number, newest: number): void {
    const { root, depth, branchPageCount, leafPageCount, overflowPageCount } = this.#tree;
    if (depth > MAX_DEPTH || (depth === 0) !== (root === undefined)) {
      throw new LmdbDamage(page, `has a tree with root ${root} and depth ${depth}`);
    }
    for (let level = 0; level < depth; level += 1) {
      this.#levels.push(new LmdbPage(this.#snapshot.pageSize));
    }
    if (root !== undefined) this.#walk(0, root, page, newest, [undefined, undefined]);
    const compare = (what: string, expected: number, found: number): void => {
      if (expected === found) return;
      throw new LmdbDamage(page, `has a tree with ${found} ${what} instead of ${expected}`);
    };
    compare("branch pages", branchPageCount, this.#branchPageCount);
    compare("leaf pages", leafPageCount, this.#leafPageCount);
    compare("overflow pages", overflowPageCount, this.#overflow.pageCount);
    compare("entries", this.#tree.entryCount, this.#entryCount);
  }

  #walk(level: number, number: number, parent: number, newest: number, bounds: Bounds): void {
    const page = this.#levels[level] as LmdbPage;
    const isLeaf = level === this.#levels.length - 1;
    const { pages, file, pageSize } = this.#snapshot;
    pages.take(number, 1, parent);
    const source = file.piece(number * pageSize, pageSize, number);
    // Whoever changes a page changes all above it too.
    page.fill(number, source, isLeaf ? LmdbPage.leaf : LmdbPage.branch, newest);
    this.#places.check(page);
    if (isLeaf) this.#checkLeaf(page, bounds);
    else this.#checkBranch(level, page, bounds);
  }

  #checkBranch(level: number, page: LmdbPage, [low, high]: Bounds): void {
    this.#branchPageCount += 1;
    const { number, transaction, nodeCount } = page;
    if (nodeCount < 2) throw new LmdbDamage(number, `has ${nodeCount} branches`);
    let from = low;
    for (let index = 0; index < nodeCount; index += 1) {
      // LMDB does not look at the first key: whatever is below the second is there.
      const isLast = index === nodeCount - 1;
      const to = isLast ? high : this.#key(page, page.node(index + 1));
      this.#checkOrder(page, from, to, index);
      const child = page.child(page.node(index));
      this.#walk(level + 1, child, number, transaction, [from, to]);
      from = to;
    }
  }

  #checkLeaf(page: LmdbPage, [low, high]: Bounds): void {
    this.#leafPageCount += 1;
    const { number, nodeCount } = page;
    if (nodeCount === 0) throw new LmdbDamage(number, "is empty");
    this.#entryCount += nodeCount;
    let previous = low;
    for (let index = 0; index < nodeCount; index += 1) {
      const node = page.node(index);
      const key = this.#key(page, node);
      this.#checkOrder(page, previous, key, index, index === 0);
      this.#checkEntry(page, node);
      previous = key;
    }
    this.#checkOrder(page, previous, high, nodeCount);
  }

  #checkEntry(page: LmdbPage, node: number): void {
    const flags = page.nodeFlags(node);
    const hasOverflow = flags === LmdbPage.hasOverflow;
    if (flags !== 0 && !hasOverflow && !(flags === LmdbPage.isTree && this.#entries.hasTrees)) {
      throw new LmdbDamage(page.number, `has an entry with flags ${flags}`);
    }
    this.#entries.check(page, node, hasOverflow ? this.#overflow.check(page, node) : undefined);
  }

  #key(page: LmdbPage, node: number): LmdbKey {
    const length = page.keyLength(node);
    if (length === 0 || (this.#entries.hasNumbers && length !== 8)) {
      throw new LmdbDamage(page.number, `has a key of ${length} bytes`);
    }
    return new LmdbKey(page.bytes, node + LmdbPage.nodeHeaderSize, length);
  }

  #checkOrder(
    page: LmdbPage,
    first: LmdbKey | undefined,
    second: LmdbKey | undefined,
    index: number,
    mayBeEqual = false,
  ): void {
    if (first === undefined || second === undefined) return;
    const order = this.#entries.hasNumbers
      ? first.compareNumbers(second)
      : first.compareBytes(second);
    if (order < 0 || (order === 0 && mayBeEqual)) return;
    throw new LmdbDamage(page.number, `has its key ${index} out of order`);
  }
}
