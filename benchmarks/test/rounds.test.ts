import { describe, expect, test } from "vitest";
import { groupScenarios } from "../runner/groups.ts";
import { runRounds, shuffled } from "../runner/rounds.ts";
import { exampleOf } from "./example-result.ts";

describe("benchmarks - rounds", () => {
  test("benchmarks - every case is measured once a round, before any is measured again", async () => {
    const measured: string[] = [];
    await runRounds(["a", "b", "c"], 3, (one) => Promise.resolve(measured.push(one)));
    const rounds = [measured.slice(0, 3), measured.slice(3, 6), measured.slice(6)];
    const sorted = rounds.map((round) => round.toSorted().join(""));
    expect(sorted).toEqual(["abc", "abc", "abc"]);
  });

  test("benchmarks - the n-th sample of a case is that of round n", async () => {
    let round = 0;
    const samples = await runRounds(
      ["a", "b"],
      3,
      (one) => Promise.resolve(`${one}${round}`),
      (progress) => {
        ({ round } = progress);
      },
    );
    expect(samples.get("a")).toEqual(["a1", "a2", "a3"]);
    expect(samples.get("b")).toEqual(["b1", "b2", "b3"]);
  });

  test("benchmarks - a shuffle takes its order from the chance it is given", () => {
    expect(shuffled([1, 2, 3, 4], () => 0)).toEqual([1, 2, 3, 4]);
    expect(shuffled([1, 2, 3, 4], () => 0.99)).toEqual([4, 3, 2, 1]);
  });

  test("benchmarks - a measurement that fails ends the rounds", async () => {
    const fail = (): Promise<never> => Promise.reject(new Error("a wrong count"));
    await expect(runRounds(["a"], 2, fail)).rejects.toThrow("a wrong count");
  });

  test("benchmarks - small scenarios of a topology share their rounds, large ones do not", () => {
    const named = (name: string, topology: "flood" | "mixed") => exampleOf({ name, topology });
    const scenarios = [
      named("a", "flood"),
      named("b", "flood"),
      named("c", "flood"),
      named("d", "mixed"),
    ];
    const groups = groupScenarios(scenarios, ({ name }) => (name === "c" ? 40 : 10));
    expect(groups.map((group) => group.map(({ name }) => name))).toEqual([
      ["a", "b"],
      ["c"],
      ["d"],
    ]);
  });
});
