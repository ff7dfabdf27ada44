import { SuperJSON } from "superjson";

type BytesConstructor = new (buffer: ArrayBuffer) => ArrayBufferView;

/** These, and no others, are made of what lies on a disk. */
const byteArrays: ReadonlyMap<string, BytesConstructor> = new Map<string, BytesConstructor>([
  ["Int8Array", Int8Array],
  ["Uint8Array", Uint8Array],
  ["Uint8ClampedArray", Uint8ClampedArray],
  ["Int16Array", Int16Array],
  ["Uint16Array", Uint16Array],
  ["Int32Array", Int32Array],
  ["Uint32Array", Uint32Array],
  ["Float32Array", Float32Array],
  ["Float64Array", Float64Array],
  ["BigInt64Array", BigInt64Array],
  ["BigUint64Array", BigUint64Array],
]);
/** What superjson makes a path of without fail. */
const SIMPLE_KEY = /^[\w$-]+$/u;
const REFUSED_KEYS: ReadonlySet<string> = new Set(["constructor", "prototype", "__proto__"]);

interface FlatError {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  readonly cause?: unknown;
  readonly code?: unknown;
  readonly errors?: unknown;
}

const json = new SuperJSON();

json.registerCustom<ArrayBufferView, string[]>(
  {
    isApplicable: (value): value is ArrayBufferView => ArrayBuffer.isView(value),
    serialize: (view) => [nameOf(view), base64Of(view.buffer, view.byteOffset, view.byteLength)],
    deserialize: ([name = "", text = ""]) => {
      const Constructor = byteArrays.get(name);
      if (Constructor === undefined) throw new Error(`${name} is not known`);
      return new Constructor(bufferOf(text));
    },
  },
  "bytes",
);
json.registerCustom<ArrayBuffer, string>(
  {
    isApplicable: (value): value is ArrayBuffer => value instanceof ArrayBuffer,
    serialize: (buffer) => base64Of(buffer, 0, buffer.byteLength),
    deserialize: bufferOf,
  },
  "buffer",
);
json.registerCustom<Date, null>(
  {
    isApplicable: (value): value is Date => value instanceof Date && Number.isNaN(value.getTime()),
    serialize: () => null,
    deserialize: () => new Date(Number.NaN),
  },
  "no date",
);
json.registerCustom<Error, never>(
  {
    isApplicable: (value): value is Error => value instanceof Error,
    serialize: (error) => flatten(error) as never,
    deserialize: (flat: FlatError) => revive(flat),
  },
  "error",
);
json.registerCustom<object, never>(
  {
    isApplicable: (value): value is object => isPlain(value) && !Object.keys(value).every(isSimple),
    serialize: (value) => Object.entries(value) as never,
    deserialize: (entries: readonly (readonly [string, unknown])[]) => Object.fromEntries(entries),
  },
  "entries",
);

/** JSON with notes about what JSON has no words for. */
export function stringifyRich(payload: unknown): string {
  const { json: plain, meta } = json.serialize(payload);
  // That a thing occurs twice is not noted, as in plain JSON: superjson puts the second one in a wrong place of a set.
  return JSON.stringify([plain, meta?.values]);
}

export function parseRich(text: string): unknown {
  const [plain, values] = JSON.parse(text) as [never, never];
  const meta = values === undefined || values === null ? undefined : { values, v: 1 };
  return json.deserialize({ json: plain, ...(meta === undefined ? {} : { meta }) });
}

function isPlain(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function isSimple(key: string): boolean {
  return SIMPLE_KEY.test(key) && !REFUSED_KEYS.has(key);
}

/** A `Buffer` comes back as what it is beneath. */
function nameOf(view: ArrayBufferView): string {
  return Buffer.isBuffer(view) ? "Uint8Array" : view.constructor.name;
}

function base64Of(buffer: ArrayBufferLike, from: number, length: number): string {
  return Buffer.from(buffer, from, length).toString("base64");
}

function bufferOf(text: string): ArrayBuffer {
  return new Uint8Array(Buffer.from(text, "base64")).buffer;
}

function flatten(error: Error): FlatError {
  const { name, message, stack } = error;
  const flat: Record<string, unknown> = {
    name,
    message,
    ...(stack === undefined ? {} : { stack }),
  };
  for (const key of ["cause", "code", "errors"]) {
    if (key in error) flat[key] = (error as unknown as Record<string, unknown>)[key];
  }
  return flat as unknown as FlatError;
}

/** An `Error`, whatever class it has been: its name says which. */
function revive({ name, message, stack, code, ...parts }: FlatError): Error {
  const error = new Error(message);
  const hidden = { stack, ...(name === "Error" ? {} : { name }), ...parts };
  for (const [key, value] of Object.entries(hidden)) {
    Object.defineProperty(error, key, { value, configurable: true, writable: true });
  }
  return code === undefined ? error : Object.assign(error, { code });
}
