import type { RunConditions, Scenario } from "../scenario.ts";
import { scenarioSummary } from "../report/scenario-summary.ts";
import type { BenchOptions } from "./bench-options.ts";
import { type MeasuredSample, measureContender } from "./contender-process.ts";
import { environmentOf } from "./environment.ts";
import { groupScenarios } from "./groups.ts";
import { type NodeBinary, nodesToMeasure } from "./node-binary.ts";
import { obstaclesOf } from "./obstacles.ts";
import { ProgressLine } from "./progress-line.ts";
import { saveResults } from "./results-folder.ts";
import { runRounds } from "./rounds.ts";
import { describeScenario, type Environment, type ScenarioResult } from "./scenario-result.ts";
import { checkContenders, selectContenders, selectScenarios } from "./selection.ts";

interface Case {
  readonly scenario: Scenario;
  readonly contender: string;
  readonly node: NodeBinary;
}

/** A scenario on one Node.js: what is measured of it, and what is left out and why. */
interface Plan {
  readonly scenario: Scenario;
  readonly node: NodeBinary;
  readonly cases: readonly Case[];
  readonly leftOut: ReadonlyMap<string, string>;
}

/** Measures what the options ask for, group by group; the results of each are kept at its end. */
export async function bench(all: readonly Scenario[], options: BenchOptions): Promise<void> {
  const scenarios = selectScenarios(all, options.scopes);
  checkContenders(scenarios, options.contenders);
  const nodes = nodesToMeasure(options.nodes);
  const environments = new Map(nodes.map((node) => [node, environmentOf(node)]));
  const plans = new Map(
    scenarios.map((scenario) => [scenario, nodes.map((node) => planOf(scenario, node, options))]),
  );
  const plansOf = (scenario: Scenario): Plan[] => plans.get(scenario) ?? [];
  const casesOf = (scenario: Scenario): Case[] => plansOf(scenario).flatMap(({ cases }) => cases);

  const groups = groupScenarios(scenarios, (scenario) => casesOf(scenario).length);
  for (const [index, group] of groups.entries()) {
    const cases = group.flatMap((scenario) => casesOf(scenario));
    const title = `group ${index + 1}/${groups.length}`;
    const samples = await measureGroup(cases, options, title);
    const results = nodes.flatMap((node) =>
      group
        .flatMap((scenario) => plansOf(scenario))
        .filter((plan) => plan.node === node)
        .map((plan) => resultOf(plan, samples, environments.get(node) as Environment)),
    );
    for (const result of results) console.log(`${scenarioSummary(result)}\n`);
    // With only some of the contenders asked for, a result is no substitute for a whole one.
    if (options.contenders.length === 0) {
      saveResults(
        results.filter(({ samples: taken }) => Object.keys(taken).length > 0),
        all.map(({ name }) => name),
      );
    }
  }
}

function planOf(scenario: Scenario, node: NodeBinary, options: BenchOptions): Plan {
  const contenders = selectContenders(scenario, options.contenders);
  const conditions: RunConditions = { node: node.version, isLong: options.isLong };
  const leftOut = obstaclesOf(scenario, contenders, conditions);
  const cases = contenders
    .filter((contender) => !leftOut.has(contender))
    .map((contender) => ({ scenario, contender, node }));
  return { scenario, node, cases, leftOut };
}

async function measureGroup(
  cases: readonly Case[],
  { rounds, isLong }: BenchOptions,
  title: string,
) {
  const line = new ProgressLine();
  try {
    return await runRounds(
      cases,
      rounds,
      ({ node, ...run }) =>
        measureContender({ ...run, node: node.path, size: isLong ? "long" : undefined }),
      ({ round, position, count, next }) => {
        line.show(
          `${title}  ${cases[0]?.scenario.topology}  round ${round}/${rounds}`,
          `${position}/${count}  ${next.scenario.name}  ${next.contender}  Node.js ${next.node.major}`,
        );
      },
    );
  } finally {
    line.clear();
  }
}

function resultOf(
  { scenario, cases, leftOut }: Plan,
  samples: ReadonlyMap<Case, readonly MeasuredSample[]>,
  environment: Environment,
): ScenarioResult {
  return {
    scenario: describeScenario(scenario),
    environment,
    date: new Date().toISOString().slice(0, 10),
    samples: Object.fromEntries(cases.map((one) => [one.contender, samples.get(one) ?? []])),
    ...(leftOut.size === 0 ? {} : { leftOut: Object.fromEntries(leftOut) }),
  };
}
