import { describe, expect, test } from "vitest";
import { differenceOf } from "../compare/difference.ts";

describe("benchmarks - comparison", () => {
  test("benchmarks - rounds that all agree show a difference", () => {
    expect(differenceOf([1.1, 1.2, 1.15, 1.3, 1.12, 1.1])).toMatchObject({ verdict: "better" });
    expect(differenceOf([0.9, 0.8, 0.85, 0.7, 0.88, 0.9])).toMatchObject({ verdict: "worse" });
  });

  test("benchmarks - rounds that disagree show none", () => {
    expect(differenceOf([1.1, 1.2, 0.97, 1.3, 1.12, 1.1])).toMatchObject({
      verdict: "within the noise",
    });
  });

  test("benchmarks - with more rounds, single ones may disagree", () => {
    const ratios = [1.1, 1.2, 0.6, 1.3, 1.12, 1.1, 1.2, 1.1, 1.15];
    expect(differenceOf(ratios)).toEqual({ verdict: "better", from: 1.1, to: 1.2 });
  });

  test("benchmarks - a difference under three in a hundred is none", () => {
    expect(differenceOf([1.01, 1.02, 1.02, 1.02, 1.03, 1.02])).toMatchObject({
      verdict: "within the noise",
    });
  });

  test("benchmarks - under six rounds show nothing, as they may agree by chance", () => {
    expect(differenceOf([2, 2, 2, 2, 2]).verdict).toBe("too few rounds");
    expect(differenceOf([]).verdict).toBe("too few rounds");
  });
});
