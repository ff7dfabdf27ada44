import type { ScenarioResult } from "../runner/scenario-result.ts";
import { checksText } from "./checks-text.ts";
import { markdownTable } from "./markdown-table.ts";
import { formatRatio, formatSpread } from "./number-format.ts";
import { ScenarioFigures } from "./scenario-figures.ts";

/** What the terminal shows of a scenario that has just been measured. */
export function scenarioSummary(result: ScenarioResult): string {
  const figures = new ScenarioFigures(result);
  const { ours, mainMetric } = figures;
  const rows = figures
    .contendersByRank()
    .map((name) => [
      name,
      formatRatio(figures.ratio(ours, name)),
      formatSpread(figures.spread(name)),
    ]);
  const { scenario, environment } = result;
  return [
    `${scenario.name}, Node.js ${environment.node}`,
    markdownTable(["contender", `${ours} to it`, `${mainMetric.title}, ${mainMetric.unit}`], rows),
    ...checksText(figures),
    ...Object.entries(result.leftOut ?? {}).map(([name, reason]) => `Left out: ${name} ${reason}.`),
    ...(scenario.isOnDisk === true && rows.length > 0 && environment.disk !== undefined
      ? [`The files lay on ${environment.disk}.`]
      : []),
  ].join("\n");
}
