import type { ScenarioDescription } from "../runner/scenario-result.ts";
import type { ScenarioFigures } from "./scenario-figures.ts";

/** The figures of a scenario on one Node.js, if it was measured there. */
export interface FiguresOnNode {
  readonly major: number;
  readonly figures: ScenarioFigures | undefined;
}

/** A scenario with its figures on every Node.js, oldest first. */
export interface ScenarioRow {
  readonly scenario: ScenarioDescription;
  /** Those on the oldest Node.js that it was measured with. */
  readonly first: ScenarioFigures;
  /** The same Nodes for every scenario. */
  readonly byNode: readonly FiguresOnNode[];
}

/** Those measured on any Node.js, best first by the figures on the oldest one that has them. */
export function contendersOf({ byNode }: ScenarioRow): string[] {
  const medians = new Map<string, number>();
  let sign = 1;
  for (const { figures } of byNode) {
    if (figures === undefined) continue;
    sign = figures.mainMetric.better === "more" ? -1 : 1;
    for (const name of figures.contendersByRank()) {
      if (!medians.has(name)) medians.set(name, figures.spread(name)?.median ?? 0);
    }
  }
  return [...medians]
    .toSorted(([, one], [, other]) => sign * (one - other))
    .map(([contender]) => contender);
}
