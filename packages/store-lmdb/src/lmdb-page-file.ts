import { readSync } from "node:fs";
import { freemem } from "node:os";
import { LmdbDamage } from "./lmdb-damage.ts";

/** The most that is read at once. Every piece that is asked for has to fit in. */
const WINDOW_SIZE = 1024 * 1024;
const SMALLEST_READ = 4096;

/** The raw bytes of a file, through a window that grows as long as it is moved forward. */
export class LmdbPageFile {
  /** How long a piece may be. */
  static readonly pieceSize: number = WINDOW_SIZE;
  readonly size: number;
  readonly #fd: number;
  readonly #window: ArrayBuffer;
  readonly #bytes: Uint8Array;
  #start = 0;
  #end = 0;
  #readSize = SMALLEST_READ;

  constructor(fd: number, size: number) {
    this.#fd = fd;
    this.size = size;
    this.#window = new ArrayBuffer(Math.min(size, WINDOW_SIZE));
    this.#bytes = new Uint8Array(this.#window);
  }

  /** Some bytes of the file, valid until the next call. @param page blamed when the file is too short */
  piece(start: number, length: number, page: number): Uint8Array<ArrayBuffer> {
    const end = start + length;
    if (end > this.size) throw new LmdbDamage(page, `lies beyond the file's end, ${this.size}`);
    if (start < this.#start || end > this.#end) this.#move(start, length, page);
    return new Uint8Array(this.#window, start - this.#start, length);
  }

  /**
   * Reads all of it once, from beginning to end, if memory can keep it: a tree leads all over the file, and a disk is many
   * times slower at that.
   */
  warm(): void {
    if (this.size > freemem() / 2) return;
    let count = 0;
    for (let at = 0; at < this.size; at += count) {
      count = readSync(this.#fd, this.#bytes, 0, this.#bytes.length, at);
      if (count === 0) break;
    }
    this.#end = this.#start;
  }

  /** A tree that was written in order is read in long pieces, one that was not page by page. */
  #move(start: number, length: number, page: number): void {
    const isNext = start >= this.#start && start <= this.#end + 4 * SMALLEST_READ;
    this.#readSize = isNext ? Math.min(2 * this.#readSize, WINDOW_SIZE) : SMALLEST_READ;
    this.#start = start;
    this.#end = start;
    const wanted = Math.min(Math.max(length, this.#readSize), this.size - start);
    while (this.#end < start + wanted) {
      const at = this.#end - start;
      const count = readSync(this.#fd, this.#bytes, at, wanted - at, this.#end);
      if (count === 0) throw new LmdbDamage(page, "was cut off while it was read");
      this.#end += count;
    }
  }
}
