/**
 * What was thrown on one side of a crossing, for the other: the structured clone of an error keeps neither its class nor
 * its code.
 */
export type CarriedError =
  | { readonly isError: false; readonly value: unknown }
  | {
      readonly isError: true;
      /** The nearest class that every thread has: `Error`, `TypeError` … */
      readonly builtIn: string;
      readonly name: string;
      readonly message: string;
      readonly stack: string | undefined;
      readonly cause: CarriedError | undefined;
      /** Of an `AggregateError`. */
      readonly errors: readonly CarriedError[] | undefined;
      /** What else it has, as far as it can be copied. */
      readonly more: Readonly<Record<string, unknown>>;
    };

const builtIns: Readonly<Record<string, ErrorConstructor>> = {
  Error,
  EvalError: EvalError,
  RangeError: RangeError,
  ReferenceError: ReferenceError,
  SyntaxError: SyntaxError,
  TypeError: TypeError,
  URIError: URIError,
  AggregateError: AggregateError as unknown as ErrorConstructor,
};

/** It has what no other has, and can only be made by its own class. */
const DOM_EXCEPTION = "DOMException";
/** An error that is its own cause, in some turns, ends somewhere. */
const DEEPEST = 8;

/** Takes apart what was thrown. Never throws, whatever it was. */
export function packError(thrown: unknown, depth = 0): CarriedError {
  try {
    if (!(thrown instanceof Error)) return { isError: false, value: copyOf(thrown) };
    const { name, message, stack, cause } = thrown;
    const more: Record<string, unknown> = {};
    for (const key of Object.keys(thrown)) {
      if (["name", "message", "stack", "cause", "errors"].includes(key)) continue;
      const value = copyOf((thrown as unknown as Record<string, unknown>)[key]);
      if (value !== undefined) more[key] = value;
    }
    const errors = thrown instanceof AggregateError ? (thrown.errors as unknown[]) : undefined;
    const isDeep = depth === DEEPEST;
    return {
      isError: true,
      builtIn: builtInOf(thrown),
      name: String(name),
      message: String(message),
      stack: typeof stack === "string" ? stack : undefined,
      cause: !Object.hasOwn(thrown, "cause") || isDeep ? undefined : packError(cause, depth + 1),
      errors: isDeep ? undefined : errors?.map((error) => packError(error, depth + 1)),
      more,
    };
  } catch {
    return { isError: false, value: "(the thrown value cannot be read)" };
  }
}

/**
 * Puts together again what was thrown on the other side.
 *
 * @param classes errors that both sides know, by name
 */
export function unpackError(
  carried: CarriedError,
  classes: Readonly<Record<string, { readonly prototype: Error }>> = {},
): unknown {
  if (!carried.isError) return carried.value;
  const { name, builtIn, message, stack, cause, errors, more } = carried;
  const options = cause === undefined ? undefined : { cause: unpackError(cause, classes) };
  const error: Error =
    builtIn === DOM_EXCEPTION ? new DOMException(message, name) : new Error(message, options);
  const known = classes[name]?.prototype ?? builtIns[builtIn]?.prototype ?? Error.prototype;
  if (builtIn !== DOM_EXCEPTION) Object.setPrototypeOf(error, known);
  else if (options !== undefined) define(error, "cause", options.cause);
  if (error.name !== name) define(error, "name", name);
  define(error, "stack", stack);
  if (errors !== undefined) {
    define(
      error,
      "errors",
      errors.map((one) => unpackError(one, classes)),
    );
  }
  return Object.assign(error, more);
}

function define(error: Error, name: string, value: unknown): void {
  Object.defineProperty(error, name, { value, configurable: true, writable: true });
}

function builtInOf(error: Error): string {
  if (error instanceof DOMException) return DOM_EXCEPTION;
  for (
    let prototype: unknown = Object.getPrototypeOf(error);
    prototype !== null;
    prototype = Object.getPrototypeOf(prototype)
  ) {
    for (const [name, one] of Object.entries(builtIns))
      if (one.prototype === prototype) return name;
  }
  return "Error";
}

/** What of a value can be copied. */
function copyOf(value: unknown, seen = new Set<unknown>()): unknown {
  try {
    return structuredClone(value);
  } catch {
    if (typeof value !== "object" || value === null) return String(value);
    if (seen.has(value)) return undefined;
    seen.add(value);
    const parts = Object.entries(value).map(([key, part]) => [key, copyOf(part, seen)] as const);
    return Array.isArray(value) ? parts.map(([, part]) => part) : Object.fromEntries(parts);
  }
}
