const LONGEST_TEXT = 80;

/** A short, one-line, harmless description of any value for an error's text. Objects are named, never printed. */
export function describeValue(value: unknown): string {
  switch (typeof value) {
    case "string":
      return quote(value);
    case "bigint":
      return `${value}n`;
    case "symbol":
      return "a symbol";
    case "function":
      return "a function";
    case "object":
      if (value === null) return "null";
      return isArray(value) ? "an array" : "an object";
    default:
      return Object.is(value, -0) ? "-0" : String(value);
  }
}

/** `Array.isArray`, which throws for a revoked proxy. */
export function isArray(value: unknown): boolean {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}

/** A text that may come from anywhere, quoted, cut, on one line. */
export function quote(text: string): string {
  const short = text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text;
  return oneLine(JSON.stringify(short));
}

/** A text that may come from anywhere, with all that is not printable escaped. */
export function oneLine(text: string): string {
  return text.replaceAll(/[^\P{C}]|[\u2028\u2029]/gu, (character) => {
    return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
  });
}
