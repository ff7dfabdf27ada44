import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { shortList } from "../compare/short-list.ts";
import { withSides } from "../compare/sides.ts";
import { runContender } from "../runner/contender-process.ts";
import { git, root } from "../runner/environment.ts";
import { scenarios } from "../scenarios.ts";

const longestRunMs = 60_000;

describe("benchmarks - scenarios", () => {
  beforeAll(() => {
    const tsc = ["node_modules/typescript/bin/tsc", "-b", "benchmarks"];
    const { status, stdout } = spawnSync(process.execPath, tsc, { cwd: root, encoding: "utf8" });
    if (status !== 0) throw new Error(stdout);
  }, longestRunMs);

  test("benchmarks - each has a name of its own", () => {
    const names = scenarios.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  test.each(scenarios)("benchmarks - $name is described without a mistake", (scenario) => {
    const { contenders, goals, limit, mainMetric, metrics, name, topology } = scenario;
    expect(name.startsWith(`${topology}/`)).toBe(true);
    expect(metrics).toHaveProperty([mainMetric]);
    const named = [
      ...scenario.ours,
      ...(limit === undefined ? [] : [limit]),
      ...goals.flatMap((goal) => [goal.contender ?? [], goal.against ?? []].flat()),
    ];
    expect(named.filter((contender) => !(contender in contenders))).toEqual([]);
    expect(scenario.ours.length).toBeGreaterThan(0);
  });

  test("benchmarks - the short list of the comparison has only scenarios that exist", () => {
    const names = scenarios.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining([...shortList]));
  });

  test.skipIf(git("rev-parse", "HEAD") === undefined)(
    "benchmarks - a comparison has both sides in a folder of its own, and leaves nothing behind",
    async () => {
      const before = git("worktree", "list");
      let entries: string[] = [];
      const use = withSides(root, "HEAD", async (sides) => {
        entries = Object.values(sides);
        expect(entries.map((entry) => existsSync(entry))).toEqual([true, true]);
        return Promise.reject(new Error("something failed"));
      });
      await expect(use).rejects.toThrow("something failed");
      expect(entries.map((entry) => existsSync(entry))).toEqual([false, false]);
      expect(git("worktree", "list")).toBe(before);
    },
    longestRunMs,
  );

  // The peers run in `npm run bench -- --check`, which takes longer.
  test.each(scenarios)(
    "benchmarks - $name runs with busline, and the count is right",
    async (scenario) => {
      const outputs = scenario.ours.map((contender) =>
        runContender({ scenario, contender, node: process.execPath, size: "tiny" }),
      );
      for (const { arrived, expected } of await Promise.all(outputs)) {
        expect(arrived).toBe(expected);
      }
    },
    longestRunMs,
  );
});
