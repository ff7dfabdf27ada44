import { createReadStream } from "node:fs";
import { describe, expect, test } from "vitest";
import { JsonCodec, jsonCodec } from "../src/json-codec.ts";

const codec = jsonCodec();

function roundTrip(payload: unknown): unknown {
  return codec.decode(codec.encode(payload));
}

function nested(depth: number): unknown {
  let value: unknown = "innermost";
  for (let level = 0; level < depth; level += 1) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

describe("codec - keeps", () => {
  const plain: [string, unknown][] = [
    ["null", null],
    ["a text", "text"],
    ["an empty text", ""],
    ["a lone surrogate", "\uD800"],
    ["a number", 1.5e300],
    ["a truth", true],
    ["a nested thing", { a: [1, { b: null }], "": "empty key", constructor: 1, prototype: [2] }],
    ["an object without prototype", Object.assign(Object.create(null), { a: 1 })],
    ["keys that look like indices, and others", { 1: "a", "a.b": "c", "a\\b": "d" }],
    ["64 levels", nested(64)],
  ];
  test.each(plain)("codec - %s, as plain JSON", (_, payload) => {
    const bytes = codec.encode(payload);
    expect(bytes[0]).toBe(1);
    expect(Buffer.from(bytes).toString("utf8", 1)).toBe(JSON.stringify(payload));
    expect(codec.decode(bytes)).toEqual(payload);
  });

  const date = new Date("2026-01-02T03:04:05.678Z");
  const rich: [string, unknown][] = [
    ["undefined", undefined],
    ["undefined inside", { a: undefined, b: [undefined] }],
    ["minus zero", [-0]],
    ["no number", { a: Number.NaN, b: [Infinity, -Infinity] }],
    ["a bigint", { a: 2n ** 80n, b: [-1n] }],
    ["a date", { at: date }],
    ["a date that is none", [new Date(Number.NaN)]],
    [
      "a map of anything",
      new Map<unknown, unknown>([
        ["a", date],
        [date, new Map([[1n, "b"]])],
      ]),
    ],
    ["a set in its order", new Set([date, 3, new Set(["x"]), "a"])],
    ["a URL and a regular expression", { url: new URL("https://a.example/b?c"), test: /a\/b"/giu }],
    ["a name without letters", { "": date, " ": [date] }],
  ];
  test.each(rich)("codec - %s", (_, payload) => {
    expect(codec.encode(payload)[0]).toBe(2);
    expect(roundTrip(payload)).toStrictEqual(payload);
  });

  test("codec - names that mean something elsewhere, or have a meaning in paths", () => {
    const payload = { constructor: date, prototype: 1n, "a.b\\": date, __proto_: [-0] };
    expect(roundTrip(payload)).toEqual(payload);
  });

  test.each([
    Int8Array,
    Uint8Array,
    Uint8ClampedArray,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
    Float32Array,
    Float64Array,
    BigInt64Array,
    BigUint64Array,
  ])("codec - the bytes of %o", (ArrayOf) => {
    const whole = new ArrayOf(Uint8Array.from({ length: 32 }, (_, at) => at * 9).buffer);
    // A part of another one's memory.
    for (const payload of [whole, whole.subarray(1), new ArrayOf(0)]) {
      expect(roundTrip({ payload })).toStrictEqual({ payload });
    }
  });

  test("codec - a Buffer as the Uint8Array that it is, and an ArrayBuffer", () => {
    const found = roundTrip([Buffer.from("bytes"), new Uint8Array([1, 2]).buffer]) as unknown[];
    expect(found).toStrictEqual([
      new Uint8Array(Buffer.from("bytes")),
      new Uint8Array([1, 2]).buffer,
    ]);
    expect(Buffer.isBuffer(found[0])).toBe(false);
  });

  test("codec - of an error its name, message, stack, cause and code, and the errors of several", () => {
    class OwnError extends TypeError {
      override name = "OwnError";
      readonly code = "OWN";
    }
    const cause = new Error("inner", { cause: { at: new Date(0) } });
    const error = new OwnError("outer", { cause });
    const all = new AggregateError([error, new Error("other")], "several");
    const found = roundTrip({ all }) as { readonly all: AggregateError };
    expect(found.all).toBeInstanceOf(Error);
    expect(found.all).toMatchObject({ name: "AggregateError", message: "several" });
    const [first, second] = found.all.errors as [Error, Error];
    expect(first).toMatchObject({ name: "OwnError", message: "outer", code: "OWN" });
    expect(first.stack).toBe(error.stack);
    expect(first.cause).toMatchObject({ message: "inner", cause: { at: new Date(0) } });
    expect(Object.keys(second)).toEqual([]);
    expect(second).not.toHaveProperty("code");
    expect(roundTrip(new DOMException("gone", "AbortError"))).toMatchObject({ name: "AbortError" });
  });

  test("codec - what occurs twice, once for each", () => {
    const one = { at: new Date(1) };
    const other = { at: new Date(2) };
    const payload = { one, other, all: new Set([one, other]), list: [one, one] };
    expect(roundTrip(payload)).toStrictEqual(payload);
  });
});

describe("codec - refuses", () => {
  const holed = [1];
  holed[2] = 3;
  const cycle: { readonly a: unknown[] } = { a: [] };
  cycle.a.push({ b: cycle });
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  class Order {
    readonly card = "4111-SECRET";
  }
  class Items extends Array {}
  const anonymous = Object.create({ constructor: undefined }) as object;
  const longKey = "k".repeat(60);
  let longPath: unknown = () => {};
  for (let level = 0; level < 8; level += 1) longPath = { [longKey]: longPath };
  const cases: [string, unknown][] = [
    ["payload is a function", () => {}],
    ["payload is a symbol", Symbol("SECRET")],
    [
      "payload.order.items[2].parse is a function",
      { order: { items: [1, 2, { parse: () => {} }] } },
    ],
    ["payload.order is an instance of Order", { order: new Order() }],
    ["payload[0] is an instance of Items", [new Items()]],
    ["payload.a is an instance", { a: anonymous }],
    ["payload.a is an instance of Promise", { a: Promise.resolve("SECRET") }],
    ["payload.a is an instance of WeakMap", { a: new WeakMap() }],
    ["payload.a is an instance of DataView", { a: new DataView(new ArrayBuffer(1)) }],
    ["payload.a is an instance of String", { a: new String("SECRET") }],
    ["payload.a is an instance of Date", { a: new (class Date2 extends Date {})() }],
    ["payload has a symbol as a key", { [Symbol("SECRET")]: 1 }],
    ["payload.a[1] is a hole in an array", { a: holed }],
    [
      "payload.a.__proto__ is a name for something else",
      { a: JSON.parse('{"__proto__": {"x": 1}}') },
    ],
    ["payload.a.toJSON is a function", { a: { toJSON: () => "SECRET" } }],
    ["payload.a has a function toJSON", { a: Object.create(null, { toJSON: { value: () => 1 } }) }],
    ["payload.get cannot be read", Object.defineProperty({}, "get", thrower())],
    ["payload.a cannot be read", { a: revoked.proxy }],
    [
      "payload.m[entry 2, value].x is a function",
      {
        m: new Map([
          [1, {}],
          [2, { x: () => {} }],
        ]),
      },
    ],
    ["payload.m[entry 1, key] is a symbol", { m: new Map([[Symbol("SECRET"), 1]]) }],
    ["payload.s[item 2] is a function", { s: new Set([1, () => {}]) }],
    ["payload.e.cause.x is a function", { e: new Error("SECRET", { cause: { x: () => {} } }) }],
    ['payload["a b\\n"] is a function', { "a b\n": () => {} }],
    ["is inside of itself", cycle],
    [`payload${"[0].a".repeat(32)} is nested deeper than 64`, nested(65)],
    [`payload…${longKey.slice(43)}${`.${longKey}`.repeat(3)} is a function`, longPath],
  ];
  test.each(cases)("codec - %s", (text, payload) => {
    const refusal = refusalOf(payload);
    expect(refusal.message).toContain(text);
    expect(refusal.message).not.toContain("SECRET");
    expect(refusal.message).not.toContain("\n");
  });

  test("codec - a stream", () => {
    const stream = createReadStream(import.meta.filename ?? new URL(import.meta.url));
    expect(refusalOf({ stream }).message).toBe("payload.stream is an instance of ReadStream");
    stream.destroy();
  });

  test("codec - what would be too long to be gone through, in no time", () => {
    let shared: unknown[] = ["text"];
    for (let level = 0; level < 60; level += 1) shared = [shared, shared];
    expect(() => jsonCodecOf(1_000).encode(shared)).toThrow(/^payload takes 100\d bytes or more/);
    expect(() => jsonCodecOf(10).encode({ text: "x".repeat(20) })).toThrow(
      "payload takes 25 bytes or more, and 10 are the most (maximumMessageBytes)",
    );
  });

  test("codec - bytes that it has not made", () => {
    expect(() => codec.decode(Uint8Array.of(3, 0x7b, 0x7d))).toThrow(
      "form that is not known here, 3",
    );
    expect(() => codec.decode(new Uint8Array())).toThrow("form that is not known here");
  });
});

describe("codec - is not misled", () => {
  const hostile = (text: string, form = 2): unknown => {
    return codec.decode(Buffer.concat([Buffer.of(form), Buffer.from(text)]));
  };

  test.each([
    [1, '{"__proto__": {"polluted": true}}'],
    [1, '{"constructor": {"prototype": {"polluted": true}}}'],
    [2, '[{"__proto__": {"polluted": true}}, {"a": ["Date"]}]'],
    [2, '[{"a": 1}, {"__proto__.polluted": ["undefined"]}]'],
    [2, '[{"a": 1}, {"constructor.prototype.polluted": ["undefined"]}]'],
    [2, '[["polluted", true], [["custom", "entries"]]]'],
    [2, '[[["__proto__", {"polluted": true}]], [["custom", "entries"]]]'],
    [2, '[{}, [["class", "Object"]]]'],
    [2, '[[1], [["typed-array", "Function"]]]'],
    [2, '[["Function", "cmV0dXJuIDE="], [["custom", "bytes"]]]'],
    [2, '["x", [["symbol", "iterator"]]]'],
    [2, '[{"name": "E", "message": "m", "__proto__": {"polluted": 1}}, [["custom", "error"]]]'],
  ])("codec - by what was put into form %i: %s", (form, text) => {
    try {
      hostile(text, form);
    } catch {
      // To refuse it is as well.
    }
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
    expect(Object.keys(Object.prototype)).toEqual([]);
    expect(Object.keys(Function.prototype)).toEqual([]);
  });
});

function jsonCodecOf(mostBytes: number): JsonCodec {
  return new JsonCodec(mostBytes);
}

function thrower(): PropertyDescriptor {
  return {
    enumerable: true,
    get: () => {
      throw new Error("SECRET");
    },
  };
}

function refusalOf(payload: unknown): Error {
  try {
    codec.encode(payload);
  } catch (error) {
    return error as Error;
  }
  throw new Error("it was not refused");
}
