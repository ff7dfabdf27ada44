/** The length of the record of a tree. */
const SIZE = 48;
/** A page number, in two halves, that stands for none. */
const NONE = 0xff_ff_ff_ff;

/** What LMDB keeps about a tree: the free list's and the main one's in a meta page, a named one's in the main tree. */
export class LmdbTree {
  static readonly size: number = SIZE;
  /** Of the free list this is the file's page size instead. */
  readonly padding: number;
  readonly flags: number;
  readonly depth: number;
  readonly branchPageCount: number;
  readonly leafPageCount: number;
  readonly overflowPageCount: number;
  readonly entryCount: number;
  readonly root: number | undefined;

  constructor(view: DataView, at: number) {
    const long = (place: number): number =>
      view.getUint32(at + place, true) + view.getUint32(at + place + 4, true) * 2 ** 32;
    this.padding = view.getUint32(at, true);
    this.flags = view.getUint16(at + 4, true);
    this.depth = view.getUint16(at + 6, true);
    this.branchPageCount = long(8);
    this.leafPageCount = long(16);
    this.overflowPageCount = long(24);
    this.entryCount = long(32);
    const isNone = view.getUint32(at + 40, true) === NONE && view.getUint32(at + 44, true) === NONE;
    this.root = isNone ? undefined : long(40);
  }
}
