import { describe, expect, test } from "vitest";
import { ratiosOf, ratioSpread, spreadOf } from "../report/spread.ts";

describe("benchmarks - statistics", () => {
  test("benchmarks - the median of an odd number of values is the middle one", () => {
    expect(spreadOf([5, 1, 3])).toEqual({ median: 3, min: 1, max: 5 });
  });

  test("benchmarks - the median of an even number of values is between the middle ones", () => {
    expect(spreadOf([4, 1, 3, 10])).toEqual({ median: 3.5, min: 1, max: 10 });
  });

  test("benchmarks - there is no spread of nothing, nor of what is no number", () => {
    expect(spreadOf([])).toBeUndefined();
    expect(spreadOf([1, 0 / 0])).toBeUndefined();
    expect(spreadOf([1, 1 / 0])).toBeUndefined();
  });

  test("benchmarks - a ratio is of the same round, not of the medians", () => {
    // The machine was three times as fast in the second round.
    expect(ratiosOf([10, 60, 11], [5, 15, 5], "more")).toEqual([2, 4, 2.2]);
    expect(ratioSpread([10, 60, 11], [5, 15, 5], "more")).toEqual({ median: 2.2, min: 2, max: 4 });
  });

  test("benchmarks - a ratio of more is better also where less of the metric is", () => {
    expect(ratiosOf([5], [10], "less")).toEqual([2]);
    expect(ratiosOf([5], [10], "more")).toEqual([0.5]);
  });

  test("benchmarks - rounds that only one of the two has are left out", () => {
    expect(ratiosOf([2, 4], [1], "more")).toEqual([2]);
  });
});
