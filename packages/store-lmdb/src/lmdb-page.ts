import { LmdbDamage } from "./lmdb-damage.ts";

/** The length of a page's header, from behind which the places of its nodes are counted. */
const HEADER = 24;
/** The length of a node's header: its key follows, and behind that, on a leaf, its value. */
const NODE_HEADER = 8;

/** A copy of one page, or of its beginning, and how LMDB reads it. */
export class LmdbPage {
  static readonly headerSize: number = HEADER;
  static readonly nodeHeaderSize: number = NODE_HEADER;
  /** The flags of pages. */
  static readonly branch = 1;
  static readonly leaf = 2;
  static readonly overflow = 4;
  static readonly meta = 8;
  /** The flags of nodes. */
  static readonly hasOverflow = 1;
  static readonly isTree = 2;

  number = 0;
  readonly buffer: ArrayBuffer;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly #words: Uint16Array;

  constructor(size: number) {
    this.buffer = new ArrayBuffer(size);
    this.bytes = new Uint8Array(this.buffer);
    this.view = new DataView(this.buffer);
    this.#words = new Uint16Array(this.buffer);
  }

  get transaction(): number {
    return this.long(8);
  }

  get flags(): number {
    return this.#words[9] ?? 0;
  }

  /** Where the list of nodes ends and their free space begins, counted from behind the header. */
  get lower(): number {
    return this.#words[10] ?? 0;
  }

  /** Where the first of the nodes is. */
  get upper(): number {
    return (this.#words[11] ?? 0) + HEADER;
  }

  get nodeCount(): number {
    return this.lower >>> 1;
  }

  /** Of an overflow page: how many there are, with those that follow it. */
  get pageCount(): number {
    return this.view.getUint32(20, true);
  }

  /** Takes over what the file has, and checks that it is what was looked for. */
  fill(number: number, source: Uint8Array, flags: number, newest: number): void {
    this.bytes.set(source);
    this.number = number;
    const found = this.long(0);
    if (found !== number) throw new LmdbDamage(number, `says that it is page ${found}`);
    if (this.flags !== flags) {
      throw new LmdbDamage(number, `has flags ${this.flags} instead of ${flags}`);
    }
    // LMDB takes a newer page for one that it may write to.
    if (this.transaction > newest) {
      const { transaction } = this;
      throw new LmdbDamage(number, `is of transaction ${transaction}, its parent of ${newest}`);
    }
  }

  /** A number of 64 bits; beyond 2^53 it is rounded, but then it is wrong everywhere. */
  long(at: number): number {
    return this.view.getUint32(at, true) + this.view.getUint32(at + 4, true) * 2 ** 32;
  }

  /** Where a node begins. */
  node(index: number): number {
    return (this.#words[HEADER / 2 + index] ?? 0) + HEADER;
  }

  keyLength(node: number): number {
    return this.#words[node / 2 + 3] ?? 0;
  }

  nodeFlags(node: number): number {
    return this.#words[node / 2 + 2] ?? 0;
  }

  /** Where a value begins, or the reference to it. */
  value(node: number): number {
    return node + NODE_HEADER + this.keyLength(node);
  }

  valueLength(node: number): number {
    return this.view.getUint32(node, true);
  }

  /** Of a node on a branch page, where what are flags elsewhere is a part of it. */
  child(node: number): number {
    return this.view.getUint32(node, true) + this.nodeFlags(node) * 2 ** 32;
  }
}
