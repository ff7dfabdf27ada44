import { crc32 } from "node:zlib";
import { LmdbDamage } from "./lmdb-damage.ts";
import type { LmdbEntryCheck } from "./lmdb-entry-check.ts";
import { LmdbPageFile } from "./lmdb-page-file.ts";
import { LmdbPage } from "./lmdb-page.ts";

const CHECKSUM_SIZE = 4;

/** Compares each entry with the CRC-32 of its key and value that the value ends with. */
export class LmdbChecksums implements LmdbEntryCheck {
  readonly hasNumbers = false;
  readonly hasTrees = false;
  readonly #file: LmdbPageFile;
  readonly #isOn: boolean;

  constructor(file: LmdbPageFile, isOn: boolean) {
    this.#file = file;
    this.#isOn = isOn;
  }

  check(leaf: LmdbPage, node: number, overflow: number | undefined): void {
    if (!this.#isOn) return;
    const length = leaf.valueLength(node) - CHECKSUM_SIZE;
    if (length < 0) throw new LmdbDamage(leaf.number, "has a value without a checksum");
    const keyStart = node + LmdbPage.nodeHeaderSize;
    const keyLength = leaf.keyLength(node);
    const inLeaf = new Uint8Array(
      leaf.buffer,
      keyStart,
      overflow === undefined ? keyLength + length : keyLength,
    );
    let found = crc32(inLeaf);
    let expected: number;
    if (overflow === undefined) {
      expected = leaf.view.getUint32(keyStart + keyLength + length, true);
    } else {
      found = this.#addOverflow(found, overflow, length, leaf.number);
      const bytes = this.#file.piece(overflow + length, CHECKSUM_SIZE, leaf.number);
      expected = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
    }
    if (found !== expected) throw new LmdbDamage(leaf.number, "has an entry with a wrong checksum");
  }

  #addOverflow(sum: number, start: number, length: number, page: number): number {
    let found = sum;
    let at = start;
    while (at < start + length) {
      const size = Math.min(LmdbPageFile.pieceSize, start + length - at);
      found = crc32(this.#file.piece(at, size, page), found);
      at += size;
    }
    return found;
  }
}
