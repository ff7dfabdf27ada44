import { type GoalOutcome, goalOutcome, type ReportedGoal, reportedGoals } from "./goal-outcome.ts";
import { markdownTable } from "./markdown-table.ts";
import { formatNumber, formatRatio, formatSpread, NOTHING } from "./number-format.ts";
import type { ScenarioRow } from "./scenario-row.ts";

/** A newer Node.js shall not fall below so much of what the oldest one reaches. */
const leastOfOldest = 0.8;

const verdicts: Readonly<Record<GoalOutcome["verdict"], string>> = {
  aim: "yes, the aim too",
  bar: "yes",
  missed: "**no**",
  "not measured": NOTHING,
};

const introduction = `## Goals

What busline wants to reach: the bar at least, the aim if it can. Ratios are busline's to the other
contender; a figure stands in the unit that is given with it. The last columns set a newer Node.js
beside the oldest one: below ${leastOfOldest} it is marked.`;

export function goalsSection(rows: readonly ScenarioRow[]): string {
  const majors = rows[0]?.byNode.map(({ major }) => major) ?? [];
  const [oldest, ...newer] = majors;
  const head = [
    "Scenario",
    "Goal",
    "Bar",
    "Aim",
    ...majors.flatMap((major) => [`Node.js ${major}`, "Met"]),
    ...newer.map((major) => `${major} to ${oldest}`),
  ];
  const lines = rows.flatMap((row) => reportedGoals(row.first).map((goal) => goalLine(row, goal)));
  if (lines.length === 0) return `${introduction}\n\nNo scenario with a goal has been measured.`;
  const met = lines.filter(({ isMet }) => isMet).length;
  return [
    introduction,
    `Met on Node.js ${oldest}: ${met} of ${lines.length}.`,
    markdownTable(
      head,
      lines.map(({ cells }) => cells),
    ),
  ].join("\n\n");
}

function goalLine({ scenario, first, byNode }: ScenarioRow, goal: ReportedGoal) {
  const outcomes = byNode.map(({ figures }) => goalOutcome(figures, goal));
  const isRatio = goal.against !== undefined;
  const sign = goal.better === "more" ? "≥" : "≤";
  const target = (value: number | undefined): string =>
    value === undefined ? NOTHING : `${sign} ${formatNumber(value)}`;
  const reached = ({ reached: spread }: GoalOutcome): string =>
    isRatio ? formatRatio(spread) : formatSpread(spread);
  const { title, unit } = first.metric(goal.metric);
  const cells = [
    `\`${scenario.name}\``,
    isRatio ? `${goal.contender} to ${goal.against}` : `${goal.contender}: ${title}, ${unit}`,
    target(goal.bar === 0 ? undefined : goal.bar),
    target(goal.aim),
    ...outcomes.flatMap((outcome) => [reached(outcome), verdicts[outcome.verdict]]),
    ...outcomes.slice(1).map((outcome) => besideOldest(outcomes[0], outcome, goal)),
  ];
  return { cells, isMet: outcomes[0]?.verdict === "aim" || outcomes[0]?.verdict === "bar" };
}

function besideOldest(
  oldest: GoalOutcome | undefined,
  newer: GoalOutcome,
  { better }: ReportedGoal,
): string {
  if (oldest?.reached === undefined || newer.reached === undefined) return NOTHING;
  const quotient = newer.reached.median / oldest.reached.median;
  const share = better === "more" ? quotient : 1 / quotient;
  return share < leastOfOldest ? `**${formatNumber(share)}**` : formatNumber(share);
}
