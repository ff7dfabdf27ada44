import type { BuslineErrorCode } from "./error-catalogue.ts";

const family: unique symbol = Symbol.for("busline.error");

/**
 * The root of every error that busline raises by itself. `code` is stable across releases; `message` is for people
 * and may change. Payloads and headers never stand in an error.
 *
 * `instanceof` also recognises the errors of another installed copy of busline.
 */
export class BuslineError extends Error {
  /** What went wrong, for programs. The catalogue is in `docs/reference/errors.md`. */
  readonly code: BuslineErrorCode;

  static {
    nameErrorClass(this, "BuslineError");
  }

  constructor(code: BuslineErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(
      message,
      options !== undefined && Object.hasOwn(options, "cause")
        ? { cause: options.cause }
        : undefined,
    );
    this.code = code;
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    const wanted = familyNameOf(this.prototype);
    let link: unknown =
      typeof value === "object" && value !== null ? Object.getPrototypeOf(value) : null;
    while (typeof link === "object" && link !== null) {
      if (familyNameOf(link) === wanted) return true;
      link = Object.getPrototypeOf(link);
    }
    return false;
  }
}

/** Gives an error class its name and its brand: on the prototype, so that a minifier or a second copy changes neither. */
export function nameErrorClass(errorClass: { readonly prototype: Error }, name: string): void {
  Object.defineProperty(errorClass.prototype, "name", {
    value: name,
    configurable: true,
    writable: true,
  });
  Object.defineProperty(errorClass.prototype, family, { value: name });
}

function familyNameOf(prototype: object): unknown {
  return Object.hasOwn(prototype, family)
    ? (prototype as { [family]?: unknown })[family]
    : prototype;
}
