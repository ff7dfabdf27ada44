/** So many pairs of word and document are kept: 96 MiB. */
export const POSTING_LIMIT: number = 2 ** 23 - 1;

/** Which word stands in which document, how often. */
export interface Posting {
  readonly document: number;
  readonly count: number;
}

const FIELDS = 3;

/**
 * For each word a list of documents, all in one array of numbers: a posting takes 12 bytes (document, count, the word's
 * posting before it).
 */
export class PostingLists {
  #postings = new Uint32Array(FIELDS * 1024);
  // The place 0 stands for "no posting".
  #length = 1;
  readonly #last: number[] = [];
  readonly #sizes: number[] = [];

  /** @returns false if there is no room */
  add(word: number, { document, count }: Posting): boolean {
    if (this.#length > POSTING_LIMIT) return false;
    if (this.#length * FIELDS === this.#postings.length) this.#grow();
    this.#postings.set([document, count, this.#last[word] ?? 0], this.#length * FIELDS);
    this.#last[word] = this.#length;
    this.#sizes[word] = this.sizeOf(word) + 1;
    this.#length += 1;
    return true;
  }

  get size(): number {
    return this.#length - 1;
  }

  /** In how many documents a word stands. */
  sizeOf(word: number): number {
    return this.#sizes[word] ?? 0;
  }

  *of(word: number): Generator<Posting> {
    for (let at = this.#last[word] ?? 0; at !== 0; at = this.#field(at, 2)) {
      yield { document: this.#field(at, 0), count: this.#field(at, 1) };
    }
  }

  #field(posting: number, field: number): number {
    return this.#postings[posting * FIELDS + field] as number;
  }

  #grow(): void {
    const larger = new Uint32Array(this.#postings.length * 2);
    larger.set(this.#postings);
    this.#postings = larger;
  }
}
