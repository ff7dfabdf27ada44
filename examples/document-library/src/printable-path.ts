/** A path as it may be shown: a name may hold line ends and terminal commands. */
export function printable(path: string): string {
  return path.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, (character) => {
    return `\\u{${(character.codePointAt(0) as number).toString(16)}}`;
  });
}
