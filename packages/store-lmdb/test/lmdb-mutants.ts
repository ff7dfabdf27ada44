import type { Random } from "./lmdb-damage-fixture.ts";

const PAGE = 4096;
const META = 168;
/** Of a meta page: the transaction it is of. */
const TRANSACTION = 152;

/** The pages of a file's newest snapshot, by what they are. */
interface LivePages {
  readonly branch: number[];
  readonly leaf: number[];
  readonly free: number[];
  readonly overflow: number[];
}

function livePages(bytes: Buffer): LivePages {
  const pages: LivePages = { branch: [], leaf: [], free: [], overflow: [] };
  const [first, second] = [0, PAGE].map((at) => bytes.readUInt32LE(at + TRANSACTION));
  const meta = (first ?? 0) > (second ?? 0) ? 0 : PAGE;
  const walk = (number: number, isFree: boolean): void => {
    const at = number * PAGE;
    const isBranch = bytes.readUInt16LE(at + 18) === 1;
    if (isFree) pages.free.push(number);
    else (isBranch ? pages.branch : pages.leaf).push(number);
    for (let place = 0; place < bytes.readUInt16LE(at + 20); place += 2) {
      const node = at + 24 + bytes.readUInt16LE(at + 24 + place);
      const value = node + 8 + bytes.readUInt16LE(node + 6);
      const flags = isBranch ? 0 : bytes.readUInt16LE(node + 4);
      if (isBranch) walk(bytes.readUInt32LE(node), isFree);
      if (flags === 1) (isFree ? pages.free : pages.overflow).push(bytes.readUInt32LE(value));
      if (flags === 2) walk(bytes.readUInt32LE(value + 40), isFree);
    }
  };
  for (const root of [meta + 88, meta + 136]) {
    if (bytes.readInt32LE(root) !== -1) walk(bytes.readUInt32LE(root), root === meta + 88);
  }
  return pages;
}

/** With two meta pages from before the first transaction, a file is as if that had been interrupted. */
function isNew(bytes: Buffer): boolean {
  if (bytes.length < PAGE + META) return false;
  return bytes.readUInt32LE(TRANSACTION) + bytes.readUInt32LE(PAGE + TRANSACTION) === 0;
}

export interface LmdbMutant {
  readonly damage: string;
  readonly bytes: Buffer;
}

/** Damages files, each time in another way. */
export class LmdbMutants {
  readonly #random: Random;
  readonly #live = new Map<Buffer, LivePages>();

  constructor(random: Random) {
    this.#random = random;
  }

  /** @param others further files, of which pages may get into this one */
  make(original: Buffer, others: readonly Buffer[]): LmdbMutant {
    for (;;) {
      const mutant = this.#make(Buffer.from(original), this.#page(original), others);
      if (mutant.bytes.equals(original)) continue;
      if (isNew(original) || !isNew(mutant.bytes)) return mutant;
    }
  }

  #make(bytes: Buffer, page: number, others: readonly Buffer[]): LmdbMutant {
    const random = this.#random;
    const at = page * PAGE;
    const place = random(Math.floor(bytes.length / PAGE)) * PAGE;
    const chance = random(100);
    if (chance < 75) return this.#flip(bytes, page);
    if (chance < 82) {
      const length = random(3) === 0 ? at + random(PAGE) : random(bytes.length);
      return { damage: "cut off", bytes: bytes.subarray(0, length) };
    }
    if (chance < 85) return { damage: "a page of zeros", bytes: bytes.fill(0, at, at + PAGE) };
    if (chance < 88) {
      const swapped = Buffer.from(bytes.subarray(place, place + PAGE));
      bytes.copy(bytes, place, at, at + PAGE);
      swapped.copy(bytes, at);
      return { damage: "pages swapped", bytes };
    }
    if (chance < 91) {
      const other = others[random(others.length)] ?? bytes;
      const isSamePlace = random(2) === 0 && at < other.length;
      const from = isSamePlace ? at : random(Math.floor(other.length / PAGE)) * PAGE;
      other.copy(bytes, at, from, from + PAGE);
      return { damage: "a page of another file", bytes };
    }
    if (chance < 94) {
      bytes.copy(bytes, place, at, at + PAGE);
      return { damage: "a page twice", bytes };
    }
    if (chance < 97) {
      const end = Math.min(at + random(2 * PAGE), bytes.length);
      for (let byte = at; byte < end; byte += 1) bytes[byte] = random(256);
      return { damage: "random bytes", bytes };
    }
    return this.#copyMeta(bytes);
  }

  /** One of the meta pages in the other's place, with or without the right number. */
  #copyMeta(bytes: Buffer): LmdbMutant {
    const from = this.#random(2) * PAGE;
    bytes.copy(bytes, PAGE - from, from, from + PAGE);
    if (this.#random(2) === 0) bytes[PAGE - from] = 1 - from / PAGE;
    return { damage: "a meta page twice", bytes };
  }

  #flip(bytes: Buffer, page: number): LmdbMutant {
    const random = this.#random;
    const header = page < 2 ? META : 24 + bytes.readUInt16LE(page * PAGE + 20);
    const place = random(2) === 0 ? random(Math.min(header, PAGE)) : random(PAGE);
    const at = Math.min(page * PAGE + place, bytes.length - 1);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8));
    return { damage: page < 2 ? "a bit of a meta page" : "a bit", bytes };
  }

  /** The pages on which others depend are hit more often. */
  #page(original: Buffer): number {
    const random = this.#random;
    let live = this.#live.get(original);
    if (live === undefined) {
      live = livePages(original);
      this.#live.set(original, live);
    }
    const { branch, leaf, free, overflow } = live;
    const pages = [[0, 1], branch, branch, leaf, leaf, free, overflow, []][random(8)] ?? [];
    return pages[random(pages.length)] ?? random(Math.floor(original.length / PAGE));
  }
}
