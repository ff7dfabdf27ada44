import type { Topology } from "../scenario.ts";
import { markdownTable } from "./markdown-table.ts";
import { formatNumber, formatRatio, formatSpread, NOTHING } from "./number-format.ts";
import { checksText } from "./checks-text.ts";
import { contendersOf, type ScenarioRow } from "./scenario-row.ts";

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
  durable: "Messages that are on the disk before their sender goes on.",
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
  const leftOut = rows.map((row) => leftOutLines(row));
  // What is the same for all of them is told once.
  const ofAll = (leftOut[0] ?? []).filter((line) => leftOut.every((lines) => lines.includes(line)));
  return [
    `## ${title.charAt(0).toUpperCase()}${title.slice(1)}`,
    topologies[topology],
    ...diskLines(rows),
    ...ofAll,
    `![The scenarios of ${topology}](${chart})`,
    ...rows.map((row) => scenarioSection(row, ofAll)),
  ].join("\n\n");
}

function scenarioSection(row: ScenarioRow, told: readonly string[]): string {
  const { name, title, note } = row.scenario;
  const { title: metric, better } = row.first.mainMetric;
  const heading = name.slice(name.indexOf("/") + 1).replaceAll("-", " ");
  const further = furtherMetrics(row);
  return [
    `### ${row.scenario.topology}: ${heading}`,
    `${title.replace(/\.$/, "")}. Measured: ${metric}, ${better} is better.`,
    mainTable(row),
    ...(further.length === 0 ? [] : [furtherTable(row, further)]),
    ...checkLines(row),
    ...leftOutLines(row).filter((line) => !told.includes(line)),
    ...(note === undefined ? [] : [note]),
  ].join("\n\n");
}

function mainTable(row: ScenarioRow): string {
  const { first, byNode } = row;
  const { unit } = first.mainMetric;
  const head = [
    "Contender",
    ...byNode.map(({ major }) => `${first.ours} to it, Node.js ${major}`),
    ...byNode.map(({ major }) => `${unit}, Node.js ${major}`),
  ];
  return markdownTable(
    head,
    contendersOf(row).map((contender) => [
      nameOf(first.result.scenario, contender),
      ...byNode.map(({ figures }) =>
        contender === first.ours ? "1" : formatRatio(figures?.ratio(first.ours, contender)),
      ),
      ...byNode.map(({ figures }) => formatSpread(figures?.spread(contender))),
    ]),
  );
}

function furtherTable(row: ScenarioRow, further: readonly string[]): string {
  const { first, byNode } = row;
  const { scenario } = first.result;
  const head = further.map((metric) => {
    const { title, unit } = scenario.metrics[metric] ?? { title: metric, unit: "" };
    return `${title}, ${unit}`;
  });
  const rows = contendersOf(row).map((contender) => [
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

function furtherMetrics(row: ScenarioRow): string[] {
  const { scenario, byNode } = row;
  return Object.keys(scenario.metrics).filter(
    (metric) =>
      metric !== scenario.mainMetric &&
      contendersOf(row).some((name) =>
        byNode.some(({ figures }) => figures?.spread(name, metric) !== undefined),
      ),
  );
}

function checkLines({ byNode }: ScenarioRow): string[] {
  return byNode.flatMap(({ figures, major }) =>
    (figures === undefined ? [] : checksText(figures)).map((text) => `Node.js ${major}: ${text}`),
  );
}

function leftOutLines({ byNode }: ScenarioRow): string[] {
  return byNode.flatMap(({ figures, major }) =>
    Object.entries(figures?.result.leftOut ?? {}).map(
      ([contender, reason]) => `Not measured on Node.js ${major}: ${contender} ${reason}.`,
    ),
  );
}

function diskLines(rows: readonly ScenarioRow[]): string[] {
  const figures = rows
    .filter(({ scenario }) => scenario.isOnDisk === true)
    .flatMap(({ byNode }) => byNode.flatMap((one) => one.figures ?? []));
  const disks = new Set(figures.flatMap(({ result }) => result.environment.disk ?? []));
  return disks.size === 0 ? [] : [`The files lay on ${[...disks].join(", ")}.`];
}

function nameOf({ ours, limit }: ScenarioRow["scenario"], contender: string): string {
  if (ours.includes(contender)) return `**${contender}**`;
  return contender === limit ? `_${contender}_ (limit)` : contender;
}
