import { differenceOf } from "./difference.ts";
import { baseRevision } from "./base-revision.ts";
import type { CompareOptions } from "./compare-options.ts";
import { shortList } from "./short-list.ts";
import { type Sides, withSides } from "./sides.ts";
import { markdownTable } from "../report/markdown-table.ts";
import { formatRatio, formatSpread } from "../report/number-format.ts";
import { ratiosOf, spreadOf } from "../report/spread.ts";
import { measureContender, runContender } from "../runner/contender-process.ts";
import { git, root } from "../runner/environment.ts";
import { ProgressLine } from "../runner/progress-line.ts";
import { runRounds, shuffled } from "../runner/rounds.ts";
import { selectScenarios } from "../runner/selection.ts";
import type { Metric, Scenario } from "../scenario.ts";

/** One contender of busline, before and after. */
interface Pair {
  readonly scenario: Scenario;
  readonly contender: string;
  /** The main metric of each round. */
  readonly base: number[];
  readonly present: number[];
}

const mostRounds = 50;
/** For a free core: a round that is disturbed is better than one that is not run. */
const longestWaitMs = 1_000;

/** Measures busline as it is now beside busline as it was, and prints how they differ. */
export async function compare(all: readonly Scenario[], options: CompareOptions): Promise<void> {
  const end = performance.now() + options.seconds * 1_000;
  const isShort = options.scopes.length === 0;
  const scenarios = isShort
    ? all.filter(({ name }) => shortList.includes(name))
    : selectScenarios(all, options.scopes);
  const wanted = scenarios.flatMap((scenario) =>
    scenario.ours.slice(0, isShort ? 1 : undefined).map((contender) => ({ scenario, contender })),
  );
  const revision = baseRevision(options.base, git);
  console.log(`busline as it is built now, to ${git("log", "-1", "--format=%h %s", revision)}`);
  await withSides(root, revision, async (sides) => {
    const pairs = await comparablePairs(wanted, sides);
    await measurePairs(pairs, sides, end);
    if (pairs.length > 0) console.log(differencesTable(pairs));
  });
}

/** Those that the base can run at all: the benchmarks may use what it has not yet. */
async function comparablePairs(
  wanted: readonly Pick<Pair, "scenario" | "contender">[],
  sides: Sides,
): Promise<Pair[]> {
  const pairs: Pair[] = [];
  for (const one of wanted) {
    try {
      await runContender({ ...one, node: process.execPath, entry: sides.base, size: "tiny" });
      pairs.push({ ...one, base: [], present: [] });
    } catch (error) {
      console.log(`not compared, as the base cannot run it: ${(error as Error).message}`);
    }
  }
  return pairs;
}

async function measurePairs(pairs: readonly Pair[], sides: Sides, end: number): Promise<void> {
  const line = new ProgressLine();
  // The two sides directly after one another, in a random order.
  const measure = async (pair: Pair): Promise<void> => {
    for (const side of shuffled(["base", "present"] as const)) {
      const { scenario, contender } = pair;
      const run = { scenario, contender, node: process.execPath, entry: sides[side] };
      const { metrics } = await measureContender({ ...run, size: "short" }, longestWaitMs);
      pair[side].push(metrics[scenario.mainMetric] ?? Number.NaN);
    }
  };
  let longest = 0;
  try {
    for (let round = 1; round <= mostRounds; round++) {
      const begin = performance.now();
      if (round > 1 && begin + longest > end) return;
      await runRounds(pairs, 1, measure, ({ position, count, next }) => {
        line.show(`round ${round}`, `${position}/${count}  ${next.scenario.name}`);
      });
      longest = Math.max(longest, performance.now() - begin);
    }
  } finally {
    line.clear();
  }
}

function differencesTable(pairs: readonly Pair[]): string {
  const rows = pairs.map(({ scenario, contender, base, present }) => {
    const { unit, better } = scenario.metrics[scenario.mainMetric] as Metric;
    const ratios = ratiosOf(present, base, better);
    const { verdict } = differenceOf(ratios);
    return [
      scenario.name,
      contender,
      formatRatio(spreadOf(ratios)),
      verdict === "better" || verdict === "worse" ? verdict.toUpperCase() : verdict,
      `${formatSpread(spreadOf(base))} ${unit}`,
      `${formatSpread(spreadOf(present))} ${unit}`,
    ];
  });
  const rounds = pairs[0]?.base.length ?? 0;
  return [
    markdownTable(["scenario", "contender", "now to base", "difference", "base", "now"], rows),
    `${rounds} rounds; above 1 the present busline is better. Medians, smallest and largest.`,
  ].join("\n");
}
