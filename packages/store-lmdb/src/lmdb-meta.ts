import { LmdbDamage } from "./lmdb-damage.ts";
import type { LmdbPageFile } from "./lmdb-page-file.ts";
import { LmdbPage } from "./lmdb-page.ts";
import { LmdbTree } from "./lmdb-tree.ts";

const SIZE = 168;
const MAGIC = 0xbe_ef_c0_de;
const VERSION = 2;
const MIN_PAGE_SIZE = 256;
const MAX_PAGE_SIZE = 65_536;
/** Set for the free list's tree: its keys are numbers. */
const HAS_NUMBERS = 0x08;
/** How the file was opened when it was made: without a folder, with metrics, for safe restoring. */
const OPENED_FLAGS = 0x40_00 | 0x04_00 | 0x08_00;
/** As much as a process can address. */
const MAX_MAP_SIZE = 2 ** 47;
/** As much as memory lets us count: pages of a transaction that were freed before it wrote them. */
const MAX_UNWRITTEN_PAGES = 2 ** 26;

/** One of the two meta pages, from either of which LMDB may begin. Nothing in it is guarded by a checksum. */
export class LmdbMeta {
  readonly number: number;
  readonly pageSize: number;
  readonly mapSize: number;
  readonly free: LmdbTree;
  readonly main: LmdbTree;
  readonly lastPage: number;
  readonly transaction: number;
  /** Both trees' records as they are. */
  readonly records: Buffer;

  constructor(file: LmdbPageFile, number: number, pageSize: number) {
    const page = new LmdbPage(SIZE);
    page.fill(number, file.piece(number * pageSize, SIZE, number), LmdbPage.meta, 0);
    const { view } = page;
    this.number = number;
    this.mapSize = page.long(40);
    this.free = new LmdbTree(view, 48);
    this.main = new LmdbTree(view, 48 + LmdbTree.size);
    this.pageSize = this.free.padding;
    this.lastPage = page.long(144);
    this.transaction = page.long(152);
    this.records = Buffer.from(page.buffer, 48, 2 * LmdbTree.size);
    if (view.getUint32(24, true) !== MAGIC || view.getUint32(28, true) !== VERSION) {
      throw new LmdbDamage(number, "does not begin as a page of LMDB, in its second version");
    }
    if (page.long(32) !== 0) throw new LmdbDamage(number, "wants a fixed address");
    this.#checkFlags();
    this.#checkSizes(file);
  }

  /** Whether no transaction has written this one. */
  get isInitial(): boolean {
    const { free, main, lastPage, transaction } = this;
    return (
      transaction === 0 && lastPage === 1 && free.root === undefined && main.root === undefined
    );
  }

  #checkFlags(): void {
    const { free, main } = this;
    if ((free.flags & ~OPENED_FLAGS) !== HAS_NUMBERS || main.flags !== 0 || main.padding !== 0) {
      throw new LmdbDamage(this.number, `has flags ${free.flags} and ${main.flags}`);
    }
  }

  #checkSizes(file: LmdbPageFile): void {
    const { number, pageSize, mapSize, lastPage } = this;
    const isPower = (pageSize & (pageSize - 1)) === 0;
    if (!isPower || pageSize < MIN_PAGE_SIZE || pageSize > MAX_PAGE_SIZE) {
      throw new LmdbDamage(number, `has a page size of ${pageSize}`);
    }
    if (mapSize > MAX_MAP_SIZE) throw new LmdbDamage(number, `wants a map of ${mapSize} bytes`);
    if (lastPage < 1 || (lastPage + 1) * pageSize > mapSize) {
      throw new LmdbDamage(number, `has ${lastPage} as its last page`);
    }
    if (lastPage > file.size / pageSize + MAX_UNWRITTEN_PAGES) {
      throw new LmdbDamage(number, `has ${lastPage} as its last page, far beyond the file's end`);
    }
  }
}
