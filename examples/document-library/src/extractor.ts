import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import path from "node:path";
import type { FoundFile } from "./walker.ts";
import { wordsOf } from "./words.ts";

/** A file that has been read: what the index is told of it. */
export interface Document {
  readonly path: string;
  /** How many bytes were read. */
  readonly size: number;
  readonly sha256: string;
  readonly isText: boolean;
  /** How often each word occurs in the path and in the text. */
  readonly wordCounts: ReadonlyMap<string, number>;
  /** Words that were one too many for one document. */
  readonly leftOutWordCount: number;
  /** Whether the text goes on after what was indexed. */
  readonly isCut: boolean;
}

/** Of each file, so much text is indexed. The hash is over all of it. */
export const TEXT_LIMIT = 256 * 1024;
/** So many different words of one document are indexed. */
export const WORD_LIMIT = 5_000;
const CHUNK = 64 * 1024;
const SMALLEST_CHUNK = 4 * 1024;

// A link or a FIFO may have taken the file's place since it was found: neither is followed or waited for.
const FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** Reads a file of any size in flat memory: hashes all of it and counts the words at its beginning. */
export async function extract(
  folder: string,
  file: FoundFile,
  signal: AbortSignal,
): Promise<Document> {
  const handle = await open(path.join(folder, file.path), FLAGS);
  // Threads load this as it is, and Node.js 22 has no `await using`.
  try {
    return await read(handle, file.path, signal);
  } finally {
    await handle.close();
  }
}

async function read(
  handle: FileHandle,
  documentPath: string,
  signal: AbortSignal,
): Promise<Document> {
  const stats = await handle.stat();
  if (!stats.isFile()) throw new Error("it is not a file any more");
  const hash = createHash("sha256");
  const beginning: Buffer[] = [];
  let isText = true;
  let size = 0;
  for await (const chunk of chunksOf(handle, stats.size)) {
    signal.throwIfAborted();
    hash.update(chunk);
    if (size === 0) isText = looksLikeText(chunk);
    if (isText && size < TEXT_LIMIT)
      beginning.push(Buffer.from(chunk.subarray(0, TEXT_LIMIT - size)));
    size += chunk.length;
  }
  // What is not UTF-8 becomes U+FFFD, which is part of no word.
  const text = new TextDecoder().decode(Buffer.concat(beginning));
  const isCut = isText && size > TEXT_LIMIT;
  return {
    path: documentPath,
    size,
    sha256: hash.digest("hex"),
    isText,
    isCut,
    ...countWords(documentPath, text),
  };
}

/** The same buffer again and again. */
async function* chunksOf(handle: FileHandle, size: number): AsyncGenerator<Buffer> {
  const buffer = Buffer.allocUnsafe(Math.min(CHUNK, Math.max(SMALLEST_CHUNK, size)));
  for (;;) {
    const { bytesRead } = await handle.read(buffer, 0, buffer.length);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
  }
}

/** No zero byte, and few control characters. */
function looksLikeText(chunk: Buffer): boolean {
  let controlCount = 0;
  for (const byte of chunk) {
    if (byte === 0) return false;
    if (byte < 0x20 && !(byte >= 0x08 && byte <= 0x0d) && byte !== 0x1b) controlCount += 1;
  }
  return controlCount <= chunk.length / 20;
}

function countWords(
  ...texts: readonly string[]
): Pick<Document, "wordCounts" | "leftOutWordCount"> {
  const wordCounts = new Map<string, number>();
  let leftOutWordCount = 0;
  for (const text of texts) {
    for (const word of wordsOf(text)) {
      const count = wordCounts.get(word);
      if (count === undefined && wordCounts.size === WORD_LIMIT) leftOutWordCount += 1;
      else wordCounts.set(word, (count ?? 0) + 1);
    }
  }
  return { wordCounts, leftOutWordCount };
}
