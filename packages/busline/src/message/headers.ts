import { isArray, quote } from "../errors/describe-value.ts";
import { InvalidConfigurationError } from "../errors/invalid-configuration-error.ts";

/** Texts that travel with a message, by name: no prototype, frozen before anybody sees them. */
export type Headers = Readonly<Record<string, string>>;

const MOST_HEADERS = 64;
const MOST_CHARACTERS = 8_192;

/** The headers of a message that has none. */
export const NO_HEADERS: Headers = Object.freeze(Object.create(null) as Record<string, string>);

/**
 * Copies a sender's headers: own, enumerable, named by a text, with a text as value; at most 64 of them and 8,192
 * characters in all. To freeze them costs four times as much, and is left to who shows them.
 */
export function copyHeaders(given: unknown, where: string): Headers {
  if (given === undefined) return NO_HEADERS;
  // What was to be a header may be a secret, even if it is no text.
  const refuse = (attribute: string, value: unknown, allowed: string): never => {
    throw new InvalidConfigurationError({ where, attribute, value, allowed, isPrivate: true });
  };
  if (typeof given !== "object" || given === null || isArray(given)) {
    return refuse("headers", given, "an object of texts");
  }
  const copy = Object.create(null) as Record<string, string>;
  let characters = 0;
  let count = 0;
  for (const name of namesOf(given, where)) {
    const value = valueOf(given, name, where);
    if (typeof value !== "string") return refuse(`headers[${quote(name)}]`, value, "a text");
    copy[name] = value;
    characters += name.length + value.length;
    count += 1;
  }
  if (count > MOST_HEADERS)
    return refuse("headers", given, `at most ${MOST_HEADERS} headers (there are ${count})`);
  if (characters > MOST_CHARACTERS) {
    return refuse(
      "headers",
      given,
      `at most ${MOST_CHARACTERS} characters in all (there are ${characters})`,
    );
  }
  return copy;
}

// Names and values one by one: `Object.entries` takes six times as long.
function namesOf(given: object, where: string): string[] {
  try {
    return Object.keys(given);
  } catch (cause) {
    return unreadable(given, where, cause);
  }
}

function valueOf(given: object, name: string, where: string): unknown {
  try {
    return Reflect.get(given, name);
  } catch (cause) {
    return unreadable(given, where, cause);
  }
}

function unreadable(given: object, where: string, cause: unknown): never {
  throw new InvalidConfigurationError(
    { where, attribute: "headers", value: given, allowed: "readable" },
    { cause },
  );
}
