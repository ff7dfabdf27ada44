import { InvalidConfigurationError } from "../errors/invalid-configuration-error.ts";

/** The longest time that a timer of Node can wait for: 2^31 - 1 ms, a little under 25 days. */
export const LONGEST_DURATION_MS = 2_147_483_647;

const NONE: readonly never[] = [];

/**
 * Reads one object of options: own properties only, known ones only, each checked as it is read. A getter that throws,
 * a polluted `Object.prototype` or an unknown name cannot get past it. Every refusal is an
 * {@link InvalidConfigurationError} that says where, what and what is allowed.
 */
export class OptionReader {
  readonly #where: string;
  // Two short lists: a map takes as long to make as all of the reading.
  #names: readonly string[] = NONE;
  #values: readonly unknown[] = NONE;

  /** @param allowed the names that may occur */
  constructor(where: string, options: unknown, allowed: readonly string[]) {
    this.#where = where;
    if (options === undefined) return;
    if (typeof options !== "object" || options === null)
      this.#refuse("options", options, "an object");
    let name: PropertyKey | undefined;
    try {
      // Both together take half as long as `Reflect.ownKeys`.
      const names = Object.getOwnPropertyNames(options);
      const values: unknown[] = [];
      for (name of names) {
        if (!allowed.includes(name)) this.#unknown(options, name, allowed);
        values.push(Reflect.get(options, name));
      }
      for (name of Object.getOwnPropertySymbols(options)) this.#unknown(options, name, allowed);
      this.#names = names;
      this.#values = values;
    } catch (error) {
      if (error instanceof InvalidConfigurationError) throw error;
      this.#refuse(String(name ?? "options"), undefined, "readable (reading it threw)", error);
    }
  }

  /** Whether the option was given, and not as `undefined`. */
  has(name: string): boolean {
    return this.any(name) !== undefined;
  }

  /** The unchecked value. */
  any(name: string): unknown {
    const names = this.#names;
    for (let at = 0; at < names.length; at += 1) if (names[at] === name) return this.#values[at];
    return undefined;
  }

  /** A whole number of at least `least`. */
  wholeNumber(name: string, least: number): number | undefined {
    const value = this.any(name);
    if (value === undefined) return undefined;
    if (!isWholeNumber(value) || value < least) {
      return this.refuse(name, `a whole number of at least ${least}`);
    }
    return value === 0 ? 0 : value; // -0 is a whole number too
  }

  /** A whole number between two others, or one of them. */
  wholeNumberWithin(name: string, least: number, most: number): number | undefined {
    const value = this.any(name);
    if (value === undefined || (isWholeNumber(value) && value >= least && value <= most)) {
      return value;
    }
    return this.refuse(name, `a whole number from ${least} to ${most}`);
  }

  /** A whole number of at least 1, or `Infinity`. */
  limit(name: string): number | undefined {
    const value = this.any(name);
    if (value === undefined || value === Infinity) return value;
    if (isWholeNumber(value) && value >= 1) return value;
    return this.refuse(name, "a whole number of at least 1, or Infinity");
  }

  /** A number between two others, or one of them. */
  numberWithin(name: string, least: number, most: number): number | undefined {
    const value = this.any(name);
    if (value === undefined || isWithin(value, least, most)) return value;
    return this.refuse(name, `a number from ${least} to ${most}`);
  }

  /** A time in milliseconds: finite, not negative, at most 2^31 - 1. */
  duration(name: string): number | undefined {
    const value = this.any(name);
    if (value === undefined || isWithin(value, 0, LONGEST_DURATION_MS)) return value;
    return this.refuse(name, `a number of milliseconds from 0 to ${LONGEST_DURATION_MS}`);
  }

  /** A moment: a `Date`, or milliseconds since the epoch. @returns milliseconds since the epoch */
  moment(name: string): number | undefined {
    const allowed = "a Date, or a number of milliseconds since the epoch";
    const moment = this.#checked(name, allowed, isMoment);
    return moment instanceof Date ? moment.getTime() : moment;
  }

  /** A function. */
  function<F>(name: string): F | undefined {
    const value = this.any(name);
    if (value === undefined || typeof value === "function") return value as F | undefined;
    return this.refuse(name, "a function");
  }

  /** `true` or `false`. */
  boolean(name: string): boolean | undefined {
    const value = this.any(name);
    if (value === undefined || typeof value === "boolean") return value;
    return this.refuse(name, "true or false");
  }

  /** A text that is not empty, at most 255 characters. */
  text(name: string): string | undefined {
    const value = this.any(name);
    if (value === undefined || isText(value)) return value;
    return this.refuse(name, "a text of 1 to 255 characters");
  }

  /** A list of texts that are not empty, each of at most 255 characters. */
  texts(name: string): readonly string[] | undefined {
    return this.#checked(name, "a list of texts", (value): value is readonly string[] => {
      return Array.isArray(value) && value.every(isText);
    });
  }

  /** An object whose own properties are all texts, or all numbers. */
  record<Value extends "string" | "number">(
    name: string,
    type: Value,
  ): Readonly<Record<string, Value extends "string" ? string : number>> | undefined {
    const allowed = `an object of ${type === "string" ? "texts" : "numbers"}`;
    return this.#checked(name, allowed, (value): value is never => {
      if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
      return Object.values(value).every((one) => typeof one === type);
    });
  }

  /** One of a few texts. */
  oneOf<T extends string>(name: string, choices: readonly T[]): T | undefined {
    const value = this.any(name) as T | undefined;
    if (value === undefined || choices.includes(value)) return value;
    return this.refuse(name, choices.map((choice) => `"${choice}"`).join(" or "));
  }

  /** An `AbortSignal`. */
  signal(name: string): AbortSignal | undefined {
    return this.#checked(name, "an AbortSignal", isSignal);
  }

  /** An object that has the named methods. */
  objectWith<T extends object>(name: string, methods: readonly string[]): T | undefined {
    return this.#checked(
      name,
      `an object with the methods ${methods.join(", ")}`,
      (value): value is T => {
        if (typeof value !== "object" || value === null) return false;
        return methods.every((method) => typeof Reflect.get(value, method) === "function");
      },
    );
  }

  /** Refuses an option for a reason that only its reader knows. */
  refuse(name: string, allowed: string): never {
    this.#refuse(name, this.any(name), allowed);
  }

  /** For checks that may throw, as what is looked at may be a proxy. */
  #checked<T>(
    name: string,
    allowed: string,
    isAllowed: (value: unknown) => value is T,
  ): T | undefined {
    const value = this.any(name);
    if (value === undefined) return undefined;
    let fits: boolean;
    try {
      fits = isAllowed(value);
    } catch (error) {
      this.#refuse(name, value, allowed, error);
    }
    return fits ? (value as T) : this.#refuse(name, value, allowed);
  }

  #unknown(options: object, name: PropertyKey, allowed: readonly string[]): never {
    const known = `absent (known: ${allowed.join(", ")})`;
    return this.#refuse(String(name), Reflect.get(options, name), known);
  }

  #refuse(attribute: string, value: unknown, allowed: string, cause?: unknown): never {
    throw new InvalidConfigurationError(
      { where: this.#where, attribute, value, allowed },
      cause === undefined ? undefined : { cause },
    );
  }
}

function isSignal(value: unknown): value is AbortSignal {
  return value instanceof AbortSignal;
}

function isMoment(value: unknown): value is number | Date {
  return Number.isFinite(value instanceof Date ? value.getTime() : value);
}

function isWholeNumber(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

function isWithin(value: unknown, least: number, most: number): value is number {
  return typeof value === "number" && value >= least && value <= most;
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value.length >= 1 && value.length <= 255;
}
