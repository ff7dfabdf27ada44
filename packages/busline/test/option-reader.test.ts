import { InvalidConfigurationError, OptionReader } from "busline";
import { describe, expect, test } from "vitest";

function reader(value: unknown): OptionReader {
  return new OptionReader("acme", { option: value }, ["option"]);
}

describe("option reader", () => {
  test.each([
    ["string", { a: "b" }, { a: 1 }],
    ["number", { a: 1 }, { a: "b" }],
  ] as const)("record - an object whose own properties are all of type %s", (type, good, bad) => {
    expect(reader(good).record("option", type)).toEqual(good);
    expect(reader({}).record("option", type)).toEqual({});
    expect(reader(undefined).record("option", type)).toBeUndefined();
    for (const value of [bad, { ...good, ...bad, c: null }, null, ["a"], 1, "text"]) {
      expect(() => reader(value).record("option", type)).toThrow(InvalidConfigurationError);
    }
  });
});
