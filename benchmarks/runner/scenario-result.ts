import type { Scenario } from "../scenario.ts";
import type { MeasuredSample } from "./contender-process.ts";

/** What a measurement was made with. */
export interface Environment {
  readonly node: string;
  readonly v8: string;
  readonly system: string;
  readonly processor: string;
  readonly cores: number;
  /** In GiB. */
  readonly memory: number;
  /** Of busline; ends in "-dirty" when its sources were not committed. */
  readonly revision: string;
  /** The versions of the peers, and of the servers that they need. */
  readonly peers: Readonly<Record<string, string>>;
  /** What the folder for temporary files lies on: "ext4 on /dev/vda". */
  readonly disk?: string;
}

/** A scenario without its code, as the report needs it. */
export type ScenarioDescription = Omit<Scenario, "contenders" | "obstacles">;

/** All that was measured of one scenario with one Node.js. */
export interface ScenarioResult {
  readonly scenario: ScenarioDescription;
  readonly environment: Environment;
  /** The day, in UTC. */
  readonly date: string;
  /** By contender; the n-th samples of all contenders were taken in the same round. */
  readonly samples: Readonly<Record<string, readonly MeasuredSample[]>>;
  /** By contender that was left out: why, in words that follow its name. */
  readonly leftOut?: Readonly<Record<string, string>>;
}

export function describeScenario({
  contenders: _code,
  obstacles: _moreCode,
  ...description
}: Scenario) {
  return description satisfies ScenarioDescription;
}
