import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { compactJson } from "../runner/compact-json.ts";
import { readResults, saveResults } from "../runner/results-folder.ts";
import { exampleResult } from "./example-result.ts";

const order = ["one-to-one/a", "one-to-one/b", "flood/c"];
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "busline-results-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function resultOf(name: string, value: number, node = "20.1.0") {
  const topology = name.startsWith("flood") ? "flood" : "one-to-one";
  return exampleResult({ busline: [value] }, { name, topology }, { node });
}

describe("benchmarks - results", () => {
  test("benchmarks - there is one file for each topology and major Node.js", () => {
    const results = [
      resultOf("one-to-one/a", 1),
      resultOf("flood/c", 1),
      resultOf("one-to-one/a", 1, "24.2.0"),
    ];
    saveResults(results, order, folder);
    expect(readdirSync(folder).toSorted()).toEqual([
      "flood-node20.json",
      "one-to-one-node20.json",
      "one-to-one-node24.json",
    ]);
    expect(readResults(folder)).toHaveLength(3);
  });

  test("benchmarks - what is read is what was saved", () => {
    const result = resultOf("one-to-one/a", 12.5);
    saveResults([result], order, folder);
    expect(readResults(folder)).toEqual([result]);
  });

  test("benchmarks - a scope that is run again replaces its own scenarios only", () => {
    saveResults([resultOf("one-to-one/b", 1), resultOf("one-to-one/a", 1)], order, folder);
    const again = resultOf("one-to-one/b", 2, "20.9.9");
    saveResults([again], order, folder);
    expect(readResults(folder)).toEqual([resultOf("one-to-one/a", 1), again]);
  });

  test("benchmarks - the results of a scenario that is no more are dropped", () => {
    saveResults([resultOf("one-to-one/a", 1), resultOf("one-to-one/b", 1)], order, folder);
    saveResults([resultOf("one-to-one/a", 1)], ["one-to-one/a"], folder);
    expect(readResults(folder)).toEqual([resultOf("one-to-one/a", 1)]);
  });

  test("benchmarks - environments that are alike are written once", () => {
    saveResults([resultOf("one-to-one/a", 1), resultOf("one-to-one/b", 1)], order, folder);
    const file = path.join(folder, "one-to-one-node20.json");
    const { environments } = JSON.parse(readFileSync(file, "utf8")) as { environments: unknown[] };
    expect(environments).toHaveLength(1);
  });

  test("benchmarks - a file has a line for each sample and six digits for each figure", () => {
    expect(compactJson({ figures: [1 / 3, 2], none: undefined })).toBe('{"figures":[0.333333,2]}');
    const long = "x".repeat(150);
    const lines = compactJson({ a: [long, { b: 1 }], none: undefined }).split("\n");
    expect(lines).toEqual(["{", '  "a": [', `    "${long}",`, '    {"b":1}', "  ]", "}"]);
  });
});
