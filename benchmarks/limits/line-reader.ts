import { readSync } from "node:fs";

const CHUNK_BYTES = 256 * 1_024;
const LINE_FEED = 10;

/** Reads a file line by line, as far as it goes at the moment; what is added later comes later. */
export class LineReader {
  readonly #file: number;
  readonly #bytes: Buffer = Buffer.alloc(CHUNK_BYTES);
  /** So many of them have been read from the file. */
  #filled = 0;
  /** Where in the file the next are. */
  #position = 0;
  /** Where the present line begins, and where it ends. */
  #begin = 0;
  #end = -1;

  constructor(file: number) {
    this.#file = file;
  }

  /** @returns false if there is no further line that is complete */
  advance(): boolean {
    const begin = this.#end + 1;
    const end = this.#bytes.subarray(0, this.#filled).indexOf(LINE_FEED, begin);
    if (end < 0) {
      const rest = this.#filled - begin;
      if (rest === this.#bytes.length) throw new Error("A line is too long");
      this.#bytes.copyWithin(0, begin, this.#filled);
      const { length } = this.#bytes;
      const read = readSync(this.#file, this.#bytes, rest, length - rest, this.#position);
      this.#position += read;
      this.#filled = rest + read;
      this.#end = -1;
      if (read === 0) return false;
      return this.advance();
    }
    this.#begin = begin;
    this.#end = end;
    return true;
  }

  /** The first letter of the present line. */
  get kind(): string {
    return String.fromCodePoint(this.#bytes[this.#begin] ?? LINE_FEED);
  }

  /** The line without it. */
  get rest(): string {
    return this.#bytes.toString("utf8", this.#begin + 1, this.#end);
  }
}
