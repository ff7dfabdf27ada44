import assert from "node:assert/strict";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { jsonCodec } from "../src/json-codec.ts";

const RUNS = process.env["BUSLINE_LONG"] === undefined ? 500 : 50_000;
const codec = jsonCodec();

/** What `JSON.parse` could have made. */
const plain = fc.jsonValue({ noUnicodeString: false, maxDepth: 5 }).filter(isWithoutMinusZero);

const leaf = fc.oneof(
  fc.constantFrom<unknown>(undefined, null, -0, Number.NaN, Infinity, -Infinity, true),
  fc.bigInt(),
  fc.double(),
  fc.string({ unit: "binary" }),
  fc.date(),
  fc.uint8Array(),
  fc.float64Array({ noNaN: true }),
  fc.bigInt64Array(),
  fc.webUrl().map((url) => new URL(url)),
  fc.constantFrom(/a/u, /b\/"\\/giu),
);
const key = fc
  .oneof(fc.string(), fc.constantFrom("constructor", "prototype", "", ".", "\\", "a.b", "0", "-1"))
  .filter((name) => name !== "__proto__");
const { rich } = fc.letrec((tie) => {
  const any = fc.oneof({ maxDepth: 4, withCrossShrink: true }, leaf, tie("list"), tie("rich"));
  return {
    rich: fc.oneof(
      fc.dictionary(key, any, { maxKeys: 5, noNullPrototype: true }),
      fc.array(fc.tuple(any, any), { maxLength: 4 }).map((entries) => new Map(entries)),
      fc.array(any, { maxLength: 4 }).map((items) => new Set(items)),
    ),
    list: fc.array(any, { maxLength: 5 }),
  };
});

test("codec - gives back any JSON, in JSON's own words", () => {
  const run = fc.property(plain, (payload) => {
    const bytes = codec.encode(payload);
    expect(bytes[0]).toBe(1);
    expect(Buffer.from(bytes).toString("utf8", 1)).toBe(JSON.stringify(payload));
    expect(codec.decode(bytes)).toEqual(payload);
  });
  fc.assert(run, { numRuns: RUNS });
});

test("codec - gives back whatever is made of what it knows", () => {
  const run = fc.property(rich, (payload) => {
    expect(describe(codec.decode(codec.encode(payload)))).toEqual(describe(payload));
  });
  fc.assert(run, { numRuns: RUNS });
});

test("codec - refuses, or gives back, anything at all", () => {
  const counts = { kept: 0, refused: 0 };
  const anything = fc.anything({
    withBigInt: true,
    withBoxedValues: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withSparseArray: true,
    withTypedArray: true,
    withNullPrototype: true,
  });
  const run = fc.property(anything, (payload) => {
    const bytes = encodedOr(payload);
    if (typeof bytes === "string") assert.match(bytes, /^Error: payload.* (?:is|has|cannot be)/u);
    else assert.deepEqual(describe(codec.decode(bytes)), describe(payload));
    counts[typeof bytes === "string" ? "refused" : "kept"] += 1;
  });
  fc.assert(run, { numRuns: RUNS });
  expect(counts.kept).toBeGreaterThan(RUNS / 10);
  expect(counts.refused).toBeGreaterThan(RUNS / 10);
});

/** @returns what is said if it is refused */
function encodedOr(payload: unknown): Uint8Array | string {
  try {
    return codec.encode(payload);
  } catch (error) {
    return String(error);
  }
}

/** The same in words, with the order in which things stand: a comparison of maps and sets would not look at that. */
function describe(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(describe);
  if (value instanceof Map) return { map: [...value].map(describe) };
  if (value instanceof Set) return { set: [...value].map(describe) };
  if (value instanceof Date) return { date: value.getTime() };
  if (value instanceof URL || value instanceof RegExp)
    return { [value.constructor.name]: value.toString() };
  if (ArrayBuffer.isView(value)) return { [value.constructor.name]: Buffer.from(value.buffer) };
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value !== "object" || value === null) return Object.is(value, -0) ? "-0" : { value };
  return Object.entries(value).map(describe);
}

function isWithoutMinusZero(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return !Object.is(value, -0);
  return (
    Object.values(value).every(isWithoutMinusZero) && !Object.keys(value).includes("__proto__")
  );
}
