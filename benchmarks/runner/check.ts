import type { Scenario } from "../scenario.ts";
import type { BenchOptions } from "./bench-options.ts";
import { runContender } from "./contender-process.ts";
import { nodesToMeasure } from "./node-binary.ts";
import { obstaclesOf } from "./obstacles.ts";
import { ProgressLine } from "./progress-line.ts";
import { checkContenders, selectContenders, selectScenarios } from "./selection.ts";

/** Runs every contender once with a tiny amount of work: does it run, and is its count right? */
export async function check(all: readonly Scenario[], options: BenchOptions): Promise<void> {
  const scenarios = selectScenarios(all, options.scopes);
  checkContenders(scenarios, options.contenders);
  const line = new ProgressLine();
  const failures: string[] = [];
  let count = 0;
  const leftOut = new Set<string>();
  for (const node of nodesToMeasure(options.nodes)) {
    // Whether a sync reaches a disk is no question here, and with so little to do nothing takes long.
    const conditions = { node: node.version, isLong: true };
    for (const scenario of scenarios) {
      const contenders = selectContenders(scenario, options.contenders);
      const obstacles = obstaclesOf({ ...scenario, isOnDisk: false }, contenders, conditions);
      for (const contender of contenders) {
        const obstacle = obstacles.get(contender);
        if (obstacle !== undefined) {
          leftOut.add(`Left out on Node.js ${node.major}: ${contender} ${obstacle}`);
          continue;
        }
        line.show(`Node.js ${node.major}  ${scenario.name}`, contender);
        count++;
        await runContender({ scenario, contender, node: node.path, size: "tiny" }).catch(
          (error: unknown) => failures.push((error as Error).message),
        );
      }
    }
  }
  line.clear();
  for (const text of leftOut) console.log(text);
  for (const failure of failures) console.error(failure);
  console.log(`${count - failures.length} passed, ${failures.length} failed`);
  if (failures.length > 0) process.exitCode = 1;
}
