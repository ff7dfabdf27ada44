import { describe, expect, test } from "vitest";
import { goalOutcome, reportedGoals } from "../report/goal-outcome.ts";
import { renderReport } from "../report/report.ts";
import { ScenarioFigures } from "../report/scenario-figures.ts";
import type { Goal } from "../scenario.ts";
import { exampleResult } from "./example-result.ts";

const heap = { title: "heap a message", unit: "B", better: "less" } as const;
const values = { busline: [30, 31, 29], fastq: [10, 10, 10] };

function verdictOf(goal: Goal, better: "more" | "less" = "more"): string {
  const metrics = better === "more" ? {} : { metrics: { rate: heap } };
  const figures = new ScenarioFigures(exampleResult(values, { goals: [goal], ...metrics }));
  const [reported] = reportedGoals(figures);
  if (reported === undefined) throw new Error("There is no goal");
  return goalOutcome(figures, reported).verdict;
}

describe("benchmarks - goals", () => {
  test("benchmarks - a ratio is held to the bar and to the aim", () => {
    expect(verdictOf({ against: "fastq", bar: 2, aim: 3 })).toBe("aim");
    expect(verdictOf({ against: "fastq", bar: 2, aim: 4 })).toBe("bar");
    expect(verdictOf({ against: "fastq", bar: 3 })).toBe("bar");
    expect(verdictOf({ against: "fastq", bar: 3.1 })).toBe("missed");
  });

  test("benchmarks - where less is better, a goal is so many times as much at most", () => {
    expect(verdictOf({ against: "fastq", bar: 3.2 }, "less")).toBe("bar");
    expect(verdictOf({ against: "fastq", bar: 2.8 }, "less")).toBe("missed");
  });

  test("benchmarks - a goal without a rival is a figure", () => {
    expect(verdictOf({ bar: 30 })).toBe("bar");
    expect(verdictOf({ bar: 31 })).toBe("missed");
    expect(verdictOf({ bar: 40, aim: 30 }, "less")).toBe("aim");
    expect(verdictOf({ bar: 29 }, "less")).toBe("missed");
  });

  test("benchmarks - a goal that names no contender is for every one that is busline", () => {
    const result = exampleResult({}, { ours: ["serial", "parallel"], goals: [{ bar: 1 }] });
    const contenders = reportedGoals(new ScenarioFigures(result)).map((goal) => goal.contender);
    expect(contenders).toEqual(["serial", "parallel"]);
  });

  test("benchmarks - a goal may be about another figure than the main one", () => {
    const metrics = { rate: heap, speed: { ...heap, better: "more" } } as const;
    const goals = [{ metric: "speed", bar: 5 }, { bar: 30 }];
    const figures = new ScenarioFigures(exampleResult({ busline: [30] }, { goals, metrics }));
    const [ofSpeed, ofMain] = reportedGoals(figures);
    expect([ofSpeed, ofMain]).toMatchObject([
      { metric: "speed", better: "more" },
      { metric: "rate", better: "less" },
    ]);
    expect(ofMain && goalOutcome(figures, ofMain).verdict).toBe("bar");
    expect(ofSpeed && goalOutcome(figures, ofSpeed).verdict).toBe("not measured");
  });

  test("benchmarks - what was not measured is not met", () => {
    expect(verdictOf({ against: "p-queue", bar: 1 })).toBe("not measured");
  });

  test("benchmarks - a newer Node.js that falls behind the oldest one is marked", () => {
    const goals = [{ against: "fastq", bar: 2 }];
    const page = renderReport([
      exampleResult({ busline: [30], fastq: [10] }, { goals }),
      exampleResult({ busline: [21], fastq: [10] }, { goals }, { node: "24.0.0" }),
    ]).get("performance.md");
    const row = page?.split("\n").find((line) => line.includes("busline to fastq |"));
    expect(row?.replaceAll(/ +/g, " ")).toBe(
      "| `one-to-one/example` | busline to fastq | ≥ 2.00 | – " +
        "| 3.00 (3.00–3.00) | yes | 2.10 (2.10–2.10) | yes | **0.700** |",
    );
  });
});
