import type { Check } from "../scenario.ts";
import { formatNumber } from "./number-format.ts";
import type { ScenarioFigures } from "./scenario-figures.ts";

/** What became of each check of a scenario, in a sentence or two. */
export function checksText(figures: ScenarioFigures): string[] {
  return (figures.result.scenario.checks ?? []).flatMap((check) => checkText(figures, check));
}

function checkText(figures: ScenarioFigures, { metric, most, missing }: Check): string[] {
  const reached = figures.contendersByRank().flatMap((contender) => {
    const spread = figures.spread(contender, metric);
    return spread === undefined ? [] : [{ contender, median: spread.median }];
  });
  if (reached.length === 0) return [];
  const cheats = reached.filter(({ median }) => median > most);
  const told = ({ contender, median }: (typeof reached)[number]): string =>
    `${contender} ${formatNumber(median)}`;
  const { title } = figures.metric(metric);
  const verdict =
    cheats.length === 0
      ? "nobody leaves it out."
      : `**${cheats.map((cheat) => cheat.contender).join(", ")} must be missing it.**`;
  return [
    `Check for ${missing}, ${title} ≤ ${formatNumber(most)}: ${reached.map((one) => told(one)).join(", ")}; ${verdict}`,
  ];
}
