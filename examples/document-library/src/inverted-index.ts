import { createHash } from "node:crypto";
import type { Document } from "./extractor.ts";
import { PostingLists } from "./posting-lists.ts";
import { wordsOf } from "./words.ts";

/** What somebody looks for: documents that hold all of the words. With none, the index chooses one itself. */
export interface Query {
  readonly words: readonly string[];
}

export interface Match {
  readonly path: string;
  readonly score: number;
}

export interface Answer {
  /** The words that were looked for. */
  readonly words: readonly string[];
  /** How many documents hold all of them. */
  readonly matchCount: number;
  /** The best of these, best first. */
  readonly best: readonly Match[];
}

/** So many different words are kept. */
export const DICTIONARY_LIMIT: number = 2 ** 19;
const MOST_SHOWN = 10;
/** No word occurs so often in what is indexed of one document. */
const COUNT_RANGE = 2 ** 20;
const FAVOURITE_WORD = "message";

/** From words to documents. Only paths, hashes and numbers stay in memory, never a text. */
export class InvertedIndex {
  /** What did not go in, for want of room. */
  readonly leftOut = { words: 0, postings: 0, cutTexts: 0 };
  textCount = 0;
  readonly #paths: string[] = [];
  readonly #known = new Set<string>();
  readonly #hashes = new Set<string>();
  readonly #words = new Map<string, number>();
  readonly #postings = new PostingLists();

  get documentCount(): number {
    return this.#paths.length;
  }

  /** Documents with the same content as an earlier one. */
  get duplicateCount(): number {
    return this.#paths.length - this.#hashes.size;
  }

  get wordCount(): number {
    return this.#words.size;
  }

  get postingCount(): number {
    return this.#postings.size;
  }

  has(path: string): boolean {
    return this.#known.has(path);
  }

  /** Adds a document, once. @returns false if it is there already */
  add(found: Document): boolean {
    if (this.#known.has(found.path)) return false;
    const document = this.#paths.push(found.path) - 1;
    this.#known.add(found.path);
    this.#hashes.add(Buffer.from(found.sha256, "hex").toString("latin1"));
    if (found.isText) this.textCount += 1;
    if (found.isCut) this.leftOut.cutTexts += 1;
    this.leftOut.words += found.leftOutWordCount;
    for (const [word, count] of found.wordCounts) {
      const number = this.#numberOf(word);
      if (number === undefined || !this.#postings.add(number, { document, count }))
        this.leftOut.postings += 1;
    }
    return true;
  }

  /** Finds the documents that hold all the words; a rare word weighs more than a common one. */
  search(query: Query): Answer {
    const chosen = query.words.length > 0 ? query.words : this.#sampleWord();
    const words = [...new Set(wordsOf(chosen.join(" ")))];
    let scores: Map<number, number> | undefined;
    for (const word of words) scores = this.#scoresOf(word, scores);
    const matches = [...(scores ?? [])].map(([document, score]) => ({
      path: this.#paths[document] as string,
      score,
    }));
    matches.sort((one, other) => other.score - one.score || (one.path < other.path ? -1 : 1));
    return { words, matchCount: matches.length, best: matches.slice(0, MOST_SHOWN) };
  }

  /** A hash over all paths, contents and postings: the same for the same documents, in whatever order they have come. */
  digest(): string {
    const hash = createHash("sha256");
    const paths = this.#paths.toSorted();
    hash.update(JSON.stringify([paths, [...this.#hashes].toSorted()]));
    const ranks = new Map(paths.map((path, rank) => [path, rank]));
    const rankOf = this.#paths.map((path) => ranks.get(path) as number);
    for (const [word, number] of [...this.#words].toSorted(([one], [other]) =>
      one < other ? -1 : 1,
    )) {
      const postings = new Float64Array(this.#postings.sizeOf(number));
      let at = 0;
      for (const { document, count } of this.#postings.of(number)) {
        postings[at] = (rankOf[document] as number) * COUNT_RANGE + count;
        at += 1;
      }
      hash.update(`${word}\n${at}\n`).update(postings.toSorted());
    }
    return hash.digest("hex");
  }

  /** Adds a word's scores to those of the documents that hold all words before it. */
  #scoresOf(word: string, before: ReadonlyMap<number, number> | undefined): Map<number, number> {
    const scores = new Map<number, number>();
    const number = this.#words.get(word);
    if (number === undefined) return scores;
    const rarity = Math.log(1 + this.documentCount / this.#postings.sizeOf(number));
    for (const { document, count } of this.#postings.of(number)) {
      const score = before === undefined ? 0 : before.get(document);
      if (score !== undefined) scores.set(document, score + (1 + Math.log(count)) * rarity);
    }
    return scores;
  }

  /** A word worth looking for: in many documents, but not in most. */
  #sampleWord(): readonly string[] {
    if (this.#words.has(FAVOURITE_WORD)) return [FAVOURITE_WORD];
    let best: string | undefined;
    let bestSize = 0;
    for (const [word, number] of this.#words) {
      const size = this.#postings.sizeOf(number);
      if (
        size <= bestSize ||
        (size > 1 && size > this.documentCount / 2) ||
        !/^\p{L}{4,}$/u.test(word)
      )
        continue;
      best = word;
      bestSize = size;
    }
    return best === undefined ? [] : [best];
  }

  #numberOf(word: string): number | undefined {
    const known = this.#words.get(word);
    if (known !== undefined || this.#words.size === DICTIONARY_LIMIT) return known;
    // A copy: a word cut out of a text would hold on to the whole text.
    this.#words.set(Buffer.from(word).toString(), this.#words.size);
    return this.#words.size - 1;
  }
}
