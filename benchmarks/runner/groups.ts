import type { Scenario } from "../scenario.ts";

/** About a minute's worth of processes, so that what is compared is run within a minute or so. */
const largestGroup = 30;

/**
 * Neighbouring scenarios of one topology that are measured in the same rounds. One with more
 * contenders than fit is a group by itself.
 */
export function groupScenarios(
  scenarios: readonly Scenario[],
  runsOf: (scenario: Scenario) => number,
): Scenario[][] {
  const groups: Scenario[][] = [];
  let room = 0;
  for (const scenario of scenarios) {
    const group = groups.at(-1);
    room -= runsOf(scenario);
    if (group !== undefined && group[0]?.topology === scenario.topology && room >= 0) {
      group.push(scenario);
    } else {
      groups.push([scenario]);
      room = largestGroup - runsOf(scenario);
    }
  }
  return groups;
}
