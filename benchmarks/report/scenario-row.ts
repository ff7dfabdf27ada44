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
