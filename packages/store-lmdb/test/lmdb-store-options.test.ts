import path from "node:path";
import { InvalidConfigurationError, type PayloadCodec } from "busline";
import { describe, expect, test } from "vitest";
import { jsonCodec, lmdbStore, type LmdbStoreOptions } from "../src/index.ts";

const text: PayloadCodec = {
  encode: (payload) => Buffer.from(String(payload)),
  decode: (bytes) => Buffer.from(bytes).toString(),
};

describe("options", () => {
  test("options - a store is called by its whole path", () => {
    expect(lmdbStore("./data").name).toBe(path.resolve("data"));
    expect(lmdbStore("/a/b/../c").name).toBe(path.resolve("/a/c"));
  });

  test.each([undefined, "", 7, "a\0b", new URL("file:///a")])(
    "options - refuses %o as a folder",
    (folder) => {
      expect(() => lmdbStore(folder as string)).toThrow(InvalidConfigurationError);
      expect(() => lmdbStore(folder as string)).toThrow(
        /^lmdbStore: folder must be the path of a folder/,
      );
    },
  );

  test.each([
    ["codec", 7],
    ["codec", { encode: () => {} }],
    ["maximumMessageBytes", 0],
    ["maximumMessageBytes", 1.5],
    ["maximumMessageBytes", "1"],
    ["maximumMessageBytes", Infinity],
    ["acceptTornTail", "yes"],
    ["unknown", 1],
  ])("options - refuses %s: %o", (name, value) => {
    const options = { [name]: value } as LmdbStoreOptions;
    expect(() => lmdbStore("data", options)).toThrow(InvalidConfigurationError);
    expect(() => lmdbStore("data", options)).toThrow(new RegExp(`^lmdbStore: ${name} must be`));
  });

  test("options - are not those of a polluted prototype", () => {
    const { prototype } = Object;
    Reflect.defineProperty(prototype, "maximumMessageBytes", { value: 1, configurable: true });
    try {
      expect(lmdbStore("data", {}).codec.encode("text").length).toBe(7);
    } finally {
      Reflect.deleteProperty(prototype, "maximumMessageBytes");
    }
  });

  test("options - a message of the greatest size is taken, and one byte more is not", () => {
    const { codec } = lmdbStore("data", { maximumMessageBytes: 20 });
    // A byte for the form, and the quotes.
    expect(codec.decode(codec.encode("x".repeat(17)))).toBe("x".repeat(17));
    const refusal = "payload becomes 21 bytes, and maximumMessageBytes is 20";
    expect(() => codec.encode("x".repeat(18))).toThrow(refusal);
    expect(() => codec.encode("x".repeat(21))).toThrow(
      /takes 21 bytes or more, and 20 are the most/,
    );
  });

  test("options - of a mebibyte if nothing else is said", () => {
    const { codec } = lmdbStore("data");
    expect(codec.encode("x".repeat(1_048_576 - 3)).length).toBe(1_048_576);
    expect(() => codec.encode("x".repeat(1_048_576 - 2))).toThrow(/1048577 .* 1048576/);
  });

  test("options - a codec of one's own has the same limit, and must make bytes", () => {
    const { codec } = lmdbStore("data", { codec: text, maximumMessageBytes: 3 });
    expect(codec.decode(codec.encode("abc"))).toBe("abc");
    expect(() => codec.encode("abcd")).toThrow(/becomes 4 bytes, and maximumMessageBytes is 3$/);
    const wrong = { encode: () => "text", decode: () => "text" } as unknown as PayloadCodec;
    expect(() => lmdbStore("data", { codec: wrong }).codec.encode(1)).toThrow(
      /has not made a Uint8Array/,
    );
  });

  test("options - the codec can be had alone", () => {
    expect(jsonCodec().decode(jsonCodec().encode({ a: 1n }))).toEqual({ a: 1n });
  });
});
