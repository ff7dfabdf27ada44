import { describe, expect, test } from "vitest";
import { parseCompareOptions } from "../compare/compare-options.ts";
import { parseBenchOptions, UsageError } from "../runner/bench-options.ts";
import { checkContenders, selectContenders, selectScenarios } from "../runner/selection.ts";
import { exampleOf } from "./example-result.ts";

const scenarios = [
  exampleOf({ name: "one-to-one/a" }, "busline", "fastq"),
  exampleOf({ name: "one-to-one/b" }, "busline"),
  exampleOf({ name: "flood/c" }, "busline"),
];

function namesIn(...scopes: string[]): string[] {
  return selectScenarios(scenarios, scopes).map(({ name }) => name);
}

describe("benchmarks - options", () => {
  test("benchmarks - without options there are five rounds of everything", () => {
    expect(parseBenchOptions([])).toEqual({
      scopes: [],
      rounds: 5,
      nodes: [],
      contenders: [],
      isLong: false,
      isCheck: false,
    });
  });

  test("benchmarks - lists are repeated options, or commas, or both", () => {
    const { scopes } = parseBenchOptions(["--scope", "a,b", "--scope", "c"]);
    expect(scopes).toEqual(["a", "b", "c"]);
  });

  test.each([["--rounds", "0"], ["--rounds", "some"], ["--wrong"], ["--scope"], ["word"]])(
    "benchmarks - %s %s is refused in one line that says what is allowed",
    (...words) => {
      const given = words.filter((word) => word !== undefined);
      expect(() => parseBenchOptions(given)).toThrow(UsageError);
      expect(() => parseBenchOptions(given)).toThrow(/^[^\n]*(?:allowed|must be)[^\n]*$/);
    },
  );

  test.each([
    ["--seconds", "0"],
    ["--scpe", "a"],
  ])("benchmarks - the comparison refuses %s %s, too", (...words) => {
    expect(() => parseCompareOptions(words)).toThrow(UsageError);
  });

  test("benchmarks - a scope is the beginning of names, and none is all", () => {
    expect(namesIn("one-to")).toEqual(["one-to-one/a", "one-to-one/b"]);
    expect(namesIn("flood", "one-to-one/b")).toEqual(["one-to-one/b", "flood/c"]);
    expect(namesIn()).toHaveLength(3);
  });

  test("benchmarks - an unknown scope is refused with those there are", () => {
    expect(() => namesIn("flod")).toThrow(UsageError);
    expect(() => namesIn("flod")).toThrow("one-to-one/a, one-to-one/b, flood/c");
  });

  test("benchmarks - an unknown contender is refused with those there are", () => {
    expect(() => checkContenders(scenarios, ["fastq"])).not.toThrow();
    expect(() => checkContenders(scenarios, ["slowq"])).toThrow("busline, fastq");
    expect(scenarios.map((one) => selectContenders(one, ["fastq"]))).toEqual([["fastq"], [], []]);
  });
});
