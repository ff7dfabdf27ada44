import { readFileSync } from "node:fs";
import type { Match } from "../src/inverted-index.ts";

/** Looks into every file, one after the other. */
export function naiveSearch(
  root: string,
  files: readonly string[],
  words: readonly string[],
): Match[] {
  const texts = files.map((file) => `${file} ${textOf(`${root}/${file}`)}`);
  const matches: Match[] = [];
  for (const [at, file] of files.entries()) {
    let score = 0;
    for (const word of words) {
      const count = countIn(texts[at] as string, word);
      const documents = texts.filter((text) => countIn(text, word) > 0).length;
      score +=
        count === 0 ? Number.NaN : (1 + Math.log(count)) * Math.log(1 + files.length / documents);
    }
    if (!Number.isNaN(score)) matches.push({ path: file, score });
  }
  return matches.toSorted(
    (one, other) => other.score - one.score || (one.path < other.path ? -1 : 1),
  );
}

function textOf(file: string): string {
  const content = readFileSync(file);
  return content.includes(0) ? "" : content.toString();
}

function countIn(text: string, word: string): number {
  return text
    .toLowerCase()
    .split(/[^\p{L}\p{M}\p{N}]+/u)
    .filter((found) => found === word).length;
}
