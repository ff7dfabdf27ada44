/** A step into a payload: a property, an item, or a part that has no name of its own. */
export type Place = string | number | { readonly text: string };

const IDENTIFIER = /^[A-Za-z_$][\w$]{0,63}$/u;
const LONGEST_KEY = 64;

/** What follows the name of the whole, such as `.items` or `[2]`: on one line, and not long. */
export function describePlace(place: Place): string {
  if (typeof place === "number") return `[${place}]`;
  if (typeof place === "object") return `[${place.text}]`;
  if (IDENTIFIER.test(place)) return `.${place}`;
  const key = place.length > LONGEST_KEY ? `${place.slice(0, LONGEST_KEY)}…` : place;
  return `[${JSON.stringify(key).replaceAll(/[\u007F-\u009F\u2028\u2029]/gu, "?")}]`;
}
