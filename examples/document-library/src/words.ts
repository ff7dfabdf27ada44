const WORD = /[\p{L}\p{M}\p{N}]{2,}/gu;
const LONGEST_WORD = 40;

/** The words of a text, in lower case: letters and digits, 2 to 40 of them. What is longer is no word. */
export function* wordsOf(text: string): Generator<string> {
  for (const [word] of text.matchAll(WORD))
    if (word.length <= LONGEST_WORD) yield word.toLowerCase();
}
