import type { Scenario } from "../scenario.ts";
import { scenarioSummary } from "../report/scenario-summary.ts";
import type { BenchOptions } from "./bench-options.ts";
import { type MeasuredSample, measureContender } from "./contender-process.ts";
import { environmentOf } from "./environment.ts";
import { groupBy } from "./group-by.ts";
import { groupScenarios } from "./groups.ts";
import { type NodeBinary, nodesToMeasure } from "./node-binary.ts";
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

/** Measures what the options ask for, group by group; the results of each are kept at its end. */
export async function bench(all: readonly Scenario[], options: BenchOptions): Promise<void> {
  const scenarios = selectScenarios(all, options.scopes);
  checkContenders(scenarios, options.contenders);
  const nodes = nodesToMeasure(options.nodes);
  const environments = new Map(nodes.map((node) => [node, environmentOf(node)]));
  const casesOf = (scenario: Scenario): Case[] =>
    nodes.flatMap((node) =>
      selectContenders(scenario, options.contenders).map((contender) => ({
        scenario,
        contender,
        node,
      })),
    );

  const groups = groupScenarios(scenarios, (scenario) => casesOf(scenario).length);
  for (const [index, group] of groups.entries()) {
    const cases = group.flatMap((scenario) => casesOf(scenario));
    const title = `group ${index + 1}/${groups.length}`;
    const results = resultsOf(await measureGroup(cases, options.rounds, title), environments);
    for (const result of results) console.log(`${scenarioSummary(result)}\n`);
    // With some contenders left out, a result is no substitute for a whole one.
    if (options.contenders.length === 0) {
      saveResults(
        results,
        all.map(({ name }) => name),
      );
    }
  }
}

async function measureGroup(cases: readonly Case[], rounds: number, title: string) {
  const line = new ProgressLine();
  try {
    return await runRounds(
      cases,
      rounds,
      ({ node, ...run }) => measureContender({ ...run, node: node.path }),
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

function resultsOf(
  samples: ReadonlyMap<Case, readonly MeasuredSample[]>,
  environments: ReadonlyMap<NodeBinary, Environment>,
): ScenarioResult[] {
  const date = new Date().toISOString().slice(0, 10);
  const entries = [...samples];
  return [...environments].flatMap(([node, environment]) =>
    [...groupBy(entries, ([{ scenario }]) => scenario)].map(([scenario, ofScenario]) => ({
      scenario: describeScenario(scenario),
      environment,
      date,
      samples: Object.fromEntries(
        ofScenario
          .filter(([one]) => one.node === node)
          .map(([{ contender }, measured]) => [contender, measured]),
      ),
    })),
  );
}
