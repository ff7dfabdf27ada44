const LONGEST_TEXT = 80;

/** A short, one-line, harmless description of any value for an error's text. Objects are named, never printed. */
export function describeValue(value: unknown): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(
        value.length > LONGEST_TEXT ? `${value.slice(0, LONGEST_TEXT)}…` : value,
      );
    case "bigint":
      return `${value}n`;
    case "symbol":
      return "a symbol";
    case "function":
      return "a function";
    case "object":
      if (value === null) return "null";
      return Array.isArray(value) ? "an array" : "an object";
    default:
      return Object.is(value, -0) ? "-0" : String(value);
  }
}
