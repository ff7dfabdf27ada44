import type { Topology } from "../scenario.ts";
import { markdownTable } from "./markdown-table.ts";
import { formatNumber, formatRatio, formatSpread, NOTHING } from "./number-format.ts";
import type { ScenarioRow } from "./scenario-row.ts";

/** What they are, in the order of the report. */
export const topologies: Readonly<Record<Topology, string>> = {
  "one-to-one": "One sender, one destination, one listener.",
  "one-to-ten": "One sender, one destination, ten listeners or more.",
  "ten-to-one": "Ten senders, one destination.",
  pipeline: "Each listener sends on to the next destination.",
  "ping-pong": "Request and reply.",
  flood: "More is sent than can be done.",
  mixed: "Several kinds of work at once.",
  threads: "Tasks for a processor, on threads",
  growth: "What it costs when there is more of something.",
  start: "From the import to the first delivery, and the size.",
};

/** One topology: its chart, then each of its scenarios with ratios first. */
export function topologySection(
  topology: Topology,
  rows: readonly ScenarioRow[],
  chart: string,
): string {
  const title = topology.replaceAll("-", " ");
  return [
    `## ${title.charAt(0).toUpperCase()}${title.slice(1)}`,
    topologies[topology],
    `![The scenarios of ${topology}](${chart})`,
    ...rows.map((row) => scenarioSection(row)),
  ].join("\n\n");
}

function scenarioSection(row: ScenarioRow): string {
  const { name, title } = row.scenario;
  const { title: metric, better } = row.first.mainMetric;
  const heading = name.slice(name.indexOf("/") + 1).replaceAll("-", " ");
  const further = furtherMetrics(row);
  return [
    `### ${row.scenario.topology}: ${heading}`,
    `${title.replace(/\.$/, "")}. Measured: ${metric}, ${better} is better.`,
    mainTable(row),
    ...(further.length === 0 ? [] : [furtherTable(row, further)]),
  ].join("\n\n");
}

function mainTable({ first, byNode }: ScenarioRow): string {
  const { unit } = first.mainMetric;
  const head = [
    "Contender",
    ...byNode.map(({ major }) => `${first.ours} to it, Node.js ${major}`),
    ...byNode.map(({ major }) => `${unit}, Node.js ${major}`),
  ];
  return markdownTable(
    head,
    first
      .contendersByRank()
      .map((contender) => [
        nameOf(first.result.scenario, contender),
        ...byNode.map(({ figures }) =>
          contender === first.ours ? "1" : formatRatio(figures?.ratio(first.ours, contender)),
        ),
        ...byNode.map(({ figures }) => formatSpread(figures?.spread(contender))),
      ]),
  );
}

function furtherTable({ first, byNode }: ScenarioRow, further: readonly string[]): string {
  const { scenario } = first.result;
  const head = further.map((metric) => {
    const { title, unit } = scenario.metrics[metric] ?? { title: metric, unit: "" };
    return `${title}, ${unit}`;
  });
  const rows = first.contendersByRank().map((contender) => [
    nameOf(scenario, contender),
    ...further.map((metric) =>
      byNode
        .map(({ figures }) => figures?.spread(contender, metric))
        .map((spread) => (spread === undefined ? NOTHING : formatNumber(spread.median)))
        .join(" / "),
    ),
  ]);
  const nodes = byNode.map(({ major }) => major).join(" / ");
  return [
    `Further measures, medians on Node.js ${nodes}:`,
    markdownTable(["Contender", ...head], rows),
  ].join("\n\n");
}

function furtherMetrics({ scenario, first }: ScenarioRow): string[] {
  return Object.keys(scenario.metrics).filter(
    (metric) =>
      metric !== scenario.mainMetric &&
      first.contendersByRank().some((name) => first.spread(name, metric) !== undefined),
  );
}

function nameOf({ ours, limit }: ScenarioRow["scenario"], contender: string): string {
  if (ours.includes(contender)) return `**${contender}**`;
  return contender === limit ? `_${contender}_ (limit)` : contender;
}
