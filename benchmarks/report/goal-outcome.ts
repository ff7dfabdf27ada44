import type { Goal, Metric } from "../scenario.ts";
import { ScenarioFigures } from "./scenario-figures.ts";
import type { Spread } from "./spread.ts";

type Verdict = "aim" | "bar" | "missed" | "not measured";

/** What became of a goal on one Node.js. */
export interface GoalOutcome {
  readonly reached: Spread | undefined;
  readonly verdict: Verdict;
}

/** A goal as the report tells it: for one contender, and so that a ratio of more is always better. */
export interface ReportedGoal {
  readonly contender: string;
  readonly against: string | undefined;
  readonly metric: string;
  readonly bar: number;
  readonly aim: number | undefined;
  /** A ratio is better the more it is; a figure as its metric says. */
  readonly better: Metric["better"];
}

/** One goal for each contender it is about: the one it names, or all that are busline. */
export function reportedGoals(figures: ScenarioFigures): ReportedGoal[] {
  const { goals, mainMetric, ours } = figures.result.scenario;
  return goals.flatMap((goal) => {
    const { against, metric = mainMetric } = goal;
    return (goal.contender === undefined ? ours : [goal.contender]).map((contender) => ({
      contender,
      against,
      metric,
      ...targetOf(goal, figures.metric(metric).better),
    }));
  });
}

export function goalOutcome(
  figures: ScenarioFigures | undefined,
  { contender, against, metric, bar, aim, better }: ReportedGoal,
): GoalOutcome {
  const reached =
    against === undefined
      ? figures?.spread(contender, metric)
      : figures?.ratio(contender, against, metric);
  if (reached === undefined) return { reached, verdict: "not measured" };
  const meets = (target: number | undefined): boolean =>
    target !== undefined &&
    (better === "more" ? reached.median >= target : reached.median <= target);
  // Where there is only an aim, it is the bar.
  if (!meets(bar === 0 ? aim : bar)) return { reached, verdict: "missed" };
  return { reached, verdict: aim !== undefined && meets(aim) ? "aim" : "bar" };
}

/** "At most 1.25 times as much" becomes "at least 0.8 times as good", as all ratios are told. */
function targetOf({ against, bar, aim }: Goal, better: Metric["better"]) {
  if (against === undefined || better === "more") {
    return { bar, aim, better: against === undefined ? better : ("more" as const) };
  }
  return { bar: 1 / bar, aim: aim === undefined ? undefined : 1 / aim, better: "more" as const };
}
