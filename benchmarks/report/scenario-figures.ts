import type { Metric } from "../scenario.ts";
import type { ScenarioDescription, ScenarioResult } from "../runner/scenario-result.ts";
import { ratioSpread, type Spread, spreadOf } from "./spread.ts";

/** What a contender is: busline, written by hand as the limit is, or a peer. */
export function kindOf(
  { ours, limit, byHand = [] }: ScenarioDescription,
  contender: string,
): "ours" | "limit" | "peer" {
  if (ours.includes(contender)) return "ours";
  return contender === limit || byHand.includes(contender) ? "limit" : "peer";
}

/** Reads the figures of one scenario on one Node.js out of its samples. */
export class ScenarioFigures {
  readonly result: ScenarioResult;

  constructor(result: ScenarioResult) {
    this.result = result;
  }

  get nodeMajor(): number {
    return Number.parseInt(this.result.environment.node, 10);
  }

  get mainMetric(): Metric {
    return this.metric();
  }

  metric(metric: string = this.result.scenario.mainMetric): Metric {
    const { metrics, name } = this.result.scenario;
    const found = metrics[metric];
    if (found === undefined) throw new Error(`${name} has no ${metric}`);
    return found;
  }

  /** The contender of busline that the others are compared with. */
  get ours(): string {
    return this.result.scenario.ours[0] ?? "";
  }

  /** How busy others kept the machine, in cores. */
  get othersLoad(): Spread | undefined {
    const samples = Object.values(this.result.samples).flat();
    return spreadOf(samples.map(({ othersLoad }) => othersLoad));
  }

  get rounds(): number {
    return Math.max(0, ...Object.values(this.result.samples).map(({ length }) => length));
  }

  spread(contender: string, metric: string = this.result.scenario.mainMetric): Spread | undefined {
    return spreadOf(this.#values(contender, metric));
  }

  /** How many times as good one contender is as another. */
  ratio(
    contender: string,
    against: string,
    metric: string = this.result.scenario.mainMetric,
  ): Spread | undefined {
    return ratioSpread(
      this.#values(contender, metric),
      this.#values(against, metric),
      this.metric(metric).better,
    );
  }

  /** Best first, by the main metric. */
  contendersByRank(): string[] {
    const sign = this.mainMetric.better === "more" ? -1 : 1;
    const rank = (name: string): number => sign * (this.spread(name)?.median ?? 0);
    return Object.keys(this.result.samples).toSorted((a, b) => rank(a) - rank(b));
  }

  /** Those that are neither busline nor written by hand, best first. */
  peersByRank(): string[] {
    return this.contendersByRank().filter((name) => kindOf(this.result.scenario, name) === "peer");
  }

  #values(contender: string, metric: string): number[] {
    const samples = this.result.samples[contender] ?? [];
    return samples.map(({ metrics }) => metrics[metric] ?? Number.NaN);
  }
}
