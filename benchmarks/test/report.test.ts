import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { checksText } from "../report/checks-text.ts";
import { formatNumber, formatTick } from "../report/number-format.ts";
import { renderReport } from "../report/report.ts";
import { ScenarioFigures } from "../report/scenario-figures.ts";
import { readResults } from "../runner/results-folder.ts";
import { exampleResult } from "./example-result.ts";

const docs = path.resolve(import.meta.dirname, "../../docs");
const results = [
  exampleResult({
    busline: [2e6, 3e6],
    fastq: [1e6, 1e6],
    "p-<queue>": [10, 10],
    loop: [9e6, 9e6],
  }),
  exampleResult({ busline: [0], fastq: [0] }, { name: "start/empty", topology: "start" }),
];

describe("benchmarks - report", () => {
  test("benchmarks - docs/performance.md and its charts are what the results files make of them", () => {
    const files = renderReport(readResults());
    const kept = readdirSync(docs).filter((file) => /^performance.*\.(?:md|svg)$/.test(file));
    expect(kept.toSorted()).toEqual([...files.keys()].toSorted());
    for (const [name, text] of files) {
      const is = readFileSync(path.join(docs, name), "utf8") === text;
      expect(is, `docs/${name} is out of date: npm run bench:report`).toBe(true);
    }
  });

  test("benchmarks - a table has ratios before figures", () => {
    const page = renderReport(results).get("performance.md") ?? "";
    const row = page.split("\n").find((line) => line.startsWith("| fastq"));
    expect(row?.split("|").map((cell) => cell.trim())).toEqual([
      "",
      "fastq",
      "2.50 (2.00–3.00)",
      "1.00M (1.00M–1.00M)",
      "",
    ]);
  });

  test("benchmarks - a contender that only a newer Node.js has is in the table, and why it is not on the other", () => {
    const page = renderReport([
      {
        ...exampleResult({ busline: [2] }, { isOnDisk: true }, { disk: "ext4 on /dev/vda" }),
        leftOut: { sqlite: "needs Node.js 22.14 or later" },
      },
      exampleResult({ busline: [2], sqlite: [4] }, {}, { node: "24.0.0" }),
    ]).get("performance.md");
    const row = page?.split("\n").find((line) => line.startsWith("| sqlite"));
    expect(row?.replaceAll(/ +/g, " ")).toBe(
      "| sqlite | – | 0.500 (0.500–0.500) | – | 4.00 (4.00–4.00) |",
    );
    expect(page).toContain("Not measured on Node.js 20: sqlite needs Node.js 22.14 or later.");
    expect(page).toContain("The files lay on ext4 on /dev/vda.");
  });

  test("benchmarks - whoever is better than can be is named", () => {
    const checks = [{ metric: "rate", most: 1.2, missing: "a sync" }];
    const told = (busline: number): string[] =>
      checksText(
        new ScenarioFigures(exampleResult({ busline: [busline], file: [0.9] }, { checks })),
      );
    expect(told(1.2)[0]).toMatch(/busline 1\.20, file 0\.900; nobody leaves it out\.$/);
    expect(told(1.3)[0]).toMatch(/\*\*busline must be missing it\.\*\*$/);
  });

  test("benchmarks - without any result there is a page, and no chart", () => {
    expect([...renderReport([]).keys()]).toEqual(["performance.md"]);
  });

  test("benchmarks - a chart is well formed, whatever the names and the values are", () => {
    for (const [name, text] of renderReport(results)) {
      if (!name.endsWith(".svg")) continue;
      expect(text).not.toMatch(/NaN|Infinity|undefined|<queue>/);
      expect(text).toMatch(/^<svg [^]*<\/svg>\n$/);
    }
  });

  test.each([
    [0, "0"],
    [0.01234, "0.0123"],
    [-3, "-3.00"],
    [12.34, "12.3"],
    [999.9, "1000"],
    [9_990, "9990"],
    [12_345, "12.3k"],
    [999_999, "1.00M"],
    [1.5e9, "1.50G"],
  ])("benchmarks - %d is written %s", (value, text) => {
    expect(formatNumber(value)).toBe(text);
  });

  test("benchmarks - round numbers are short", () => {
    expect([0.01, 1, 100, 10_000, 1e6].map((tick) => formatTick(tick))).toEqual([
      "0.01",
      "1",
      "100",
      "10k",
      "1M",
    ]);
  });
});
