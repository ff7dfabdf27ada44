import { LmdbDamage } from "./lmdb-damage.ts";
import type { LmdbEntryCheck } from "./lmdb-entry-check.ts";
import { LmdbPage } from "./lmdb-page.ts";
import type { LmdbSnapshot } from "./lmdb-snapshot.ts";
import { LmdbTreeCheck } from "./lmdb-tree-check.ts";
import { LmdbTree } from "./lmdb-tree.ts";

/** The entries of the main tree. Some may be the records of other trees, which have a name for a key. */
export class LmdbMainEntries implements LmdbEntryCheck {
  readonly hasNumbers = false;
  readonly hasTrees = true;
  readonly #snapshot: LmdbSnapshot;
  readonly #others: LmdbEntryCheck;
  /** Those not met yet, of the names there have to be; `undefined`: any will do. */
  readonly #names: Set<string> | undefined;

  /** @param others checks what is an entry like those of the other trees */
  constructor(
    snapshot: LmdbSnapshot,
    others: LmdbEntryCheck,
    names: readonly string[] | undefined,
  ) {
    this.#snapshot = snapshot;
    this.#others = others;
    this.#names = names === undefined ? undefined : new Set(names);
  }

  check(leaf: LmdbPage, node: number, overflow: number | undefined): void {
    if (leaf.nodeFlags(node) === LmdbPage.isTree) this.#checkTree(leaf, node);
    else this.#others.check(leaf, node, overflow);
  }

  /** To be called when all entries have been checked. */
  checkNames(page: number): void {
    for (const name of this.#names ?? []) throw new LmdbDamage(page, `has no database "${name}"`);
  }

  #checkTree(leaf: LmdbPage, node: number): void {
    const { number, transaction } = leaf;
    const size = leaf.valueLength(node);
    if (size !== LmdbTree.size) throw new LmdbDamage(number, `has a tree of ${size} bytes`);
    const tree = new LmdbTree(leaf.view, leaf.value(node));
    if (tree.flags !== 0 || tree.padding !== 0) {
      throw new LmdbDamage(number, `has a tree with flags ${tree.flags}`);
    }
    this.#checkName(leaf, node);
    new LmdbTreeCheck(this.#snapshot, tree, this.#others).run(number, transaction);
  }

  #checkName(leaf: LmdbPage, node: number): void {
    if (this.#names === undefined) return;
    const start = node + LmdbPage.nodeHeaderSize;
    const key = Buffer.from(leaf.buffer, start, leaf.keyLength(node)).toString();
    const name = key.endsWith("\0") ? key.slice(0, -1) : key;
    if (this.#names.delete(name) && key !== name) return;
    throw new LmdbDamage(leaf.number, `has a database "${name}", which is not expected`);
  }
}
