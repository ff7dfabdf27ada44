import { InvalidConfigurationError } from "busline";

const LONGEST_DURATION_MS = 2_147_483_647;

/** Reads an object of options: only known names, each value checked as it is read. */
export interface Settings {
  text(name: string): string | undefined;
  texts(name: string): readonly string[] | undefined;
  wholeNumber(name: string, least: number): number | undefined;
  duration(name: string): number | undefined;
  function<F>(name: string): F | undefined;
  /** An object whose own properties are all of a kind. */
  record<V extends string | number>(
    name: string,
    kind: "text" | "number",
  ): Record<string, V> | undefined;
}

/** @throws {InvalidConfigurationError} an option that is not known */
export function readSettings(where: string, options: unknown, known: readonly string[]): Settings {
  const refuse = (attribute: string, value: unknown, allowed: string): never => {
    throw new InvalidConfigurationError({ where, attribute, value, allowed });
  };
  const given = new Map<string, unknown>();
  if (options !== undefined) {
    if (typeof options !== "object" || options === null) refuse("options", options, "an object");
    for (const [name, value] of Object.entries(options as object)) {
      if (!known.includes(name)) refuse(name, value, `absent (known: ${known.join(", ")})`);
      given.set(name, value);
    }
  }
  function checked<T>(
    name: string,
    allowed: string,
    fits: (value: unknown) => boolean,
  ): T | undefined {
    const value = given.get(name);
    if (value === undefined) return undefined;
    return fits(value) ? (value as T) : refuse(name, value, allowed);
  }
  return {
    text: (name) => checked(name, "a text of 1 to 255 characters", isText),
    texts: (name) =>
      checked(name, "a list of texts", (value) => Array.isArray(value) && value.every(isText)),
    wholeNumber: (name, least) =>
      checked(
        name,
        `a whole number of at least ${least}`,
        (value) => Number.isSafeInteger(value) && (value as number) >= least,
      ),
    duration: (name) =>
      checked(
        name,
        `a number of milliseconds from 0 to ${LONGEST_DURATION_MS}`,
        (value) => typeof value === "number" && value >= 0 && value <= LONGEST_DURATION_MS,
      ),
    function: (name) => checked(name, "a function", (value) => typeof value === "function"),
    record: (name, kind) =>
      checked(name, `an object of ${kind}s`, (value) => {
        if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
        const type = kind === "text" ? "string" : "number";
        return Object.values(value).every((one) => typeof one === type);
      }),
  };
}

function isText(value: unknown): boolean {
  return typeof value === "string" && value.length >= 1 && value.length <= 255;
}
