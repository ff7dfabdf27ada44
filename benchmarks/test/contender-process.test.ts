import path from "node:path";
import { describe, expect, test } from "vitest";
import { measureContender, runContender } from "../runner/contender-process.ts";
import { exampleOf } from "./example-result.ts";

const entry = path.join(import.meta.dirname, "example-contender.mjs");
const scenario = exampleOf({ name: "one-to-one/example" });

function run(contender: string) {
  return runContender({ scenario, contender, node: process.execPath, entry });
}

describe("benchmarks - process of a contender", () => {
  test("benchmarks - its last line is the sample", async () => {
    const { metrics, arrived } = await run("right");
    expect({ metrics, arrived }).toEqual({ metrics: { rate: 2 }, arrived: 3 });
  });

  test("benchmarks - it has the collector of garbage at hand, and the sizes that are asked for", async () => {
    await expect(run("gc")).resolves.toMatchObject({ arrived: 3 });
    const tiny = {
      scenario,
      contender: "tiny",
      node: process.execPath,
      entry,
      size: "tiny",
    } as const;
    await expect(runContender(tiny)).resolves.toMatchObject({ arrived: 3 });
  });

  test.each([
    ["wrong", "one-to-one/example, wrong: 2 arrived instead of 3"],
    ["undeclared", 'its metric "speed" is not declared'],
    ["incomplete", 'no main metric "rate"'],
    ["endless", 'its metric "rate" is null'],
    ["silent", "its last line is no sample"],
    ["failing", "its process ended with 1\nsome reason"],
  ])("benchmarks - one that is %s fails the run: %s", async (contender, reason) => {
    await expect(run(contender)).rejects.toThrow(reason);
  });

  test("benchmarks - a sample tells how busy others kept the machine", async () => {
    const measured = { scenario, contender: "right", node: process.execPath, entry };
    const { othersLoad } = await measureContender(measured, 0);
    expect(othersLoad).toBeGreaterThanOrEqual(0);
  });
});
