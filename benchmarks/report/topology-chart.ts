import type { Topology } from "../scenario.ts";
import { LogScale } from "./log-scale.ts";
import { formatNumber, formatTick } from "./number-format.ts";
import { kindOf, type ScenarioFigures } from "./scenario-figures.ts";
import { contendersOf, type ScenarioRow } from "./scenario-row.ts";
import { chartKey } from "./chart-key.ts";
import { type Paint, Svg } from "./svg.ts";

const width = 860;
const margin = 16;
const rowHeight = 20;
const barHeight = 7;
const labelSize = 12;
const valueWidth = 150;
const mostPeers = 6;

/** One panel for each scenario: horizontal bars of its main metric, on a scale of powers of ten. */
export function topologyChart(topology: Topology, rows: readonly ScenarioRow[]): string {
  const svg = new Svg(width, `busline, its peers and the limit: ${topology}`);
  let y = chartKey(svg, margin, rows[0]?.byNode ?? []);
  for (const row of rows) y = drawPanel(svg, row, y + 14);
  return svg.toString(y + margin);
}

/** @returns where the next panel may begin */
function drawPanel(svg: Svg, row: ScenarioRow, top: number): number {
  const { first, byNode } = row;
  const shown = contendersToShow(row);
  const { title, unit, better } = first.mainMetric;
  const labels = Math.max(...shown.map((name) => Svg.widthOf(name, labelSize))) + margin + 8;
  const right = width - valueWidth;
  const medians = shown.flatMap((name) =>
    byNode.flatMap(({ figures }) => medianOf(figures, name) ?? []),
  );
  const scale = new LogScale(medians, labels, right - labels);

  svg.text(margin, top + 14, row.scenario.name, { size: 14, bold: true });
  svg.text(margin, top + 31, `${title} (${unit}), ${better} is better`, { paint: "faint" });
  const begin = top + 40;
  const end = begin + shown.length * rowHeight;
  for (const tick of scale.ticks()) {
    svg.line(scale.at(tick), begin, scale.at(tick), end);
    svg.text(scale.at(tick), end + 14, formatTick(tick), {
      paint: "faint",
      size: 11,
      anchor: "middle",
    });
  }

  for (const [index, name] of shown.entries()) {
    const y = begin + index * rowHeight;
    const paint: Paint = kindOf(first.result.scenario, name);
    svg.text(labels - 8, y + 14, name, { anchor: "end", bold: paint === "ours" });
    const values = byNode.map(({ figures }) => medianOf(figures, name));
    for (const [second, value] of values.entries()) {
      if (value === undefined) continue;
      const height = values.length === 1 ? barHeight * 2 : barHeight;
      svg.bar(labels, y + 3 + second * (barHeight + 1), scale.at(value) - labels, height, {
        paint,
        isSecond: second > 0,
      });
    }
    const known = values.filter((value) => value !== undefined);
    const text = known.map((value) => formatNumber(value)).join(" / ");
    const behind = scale.at(Math.max(0, ...known)) + 6;
    svg.paper(behind - 2, y + 4, Svg.widthOf(text, 11) + 4, 13);
    svg.text(behind, y + 14, text, { paint: "faint", size: 11 });
  }
  return end + 22;
}

/** busline, the limit, whom the goals name, and the best of the peers: the others are in the table. */
function contendersToShow(row: ScenarioRow): string[] {
  const { scenario } = row.first.result;
  const all = contendersOf(row);
  const peers = all.filter((name) => kindOf(scenario, name) === "peer");
  const left = new Set(peers.slice(mostPeers));
  for (const { against = "" } of scenario.goals) left.delete(against);
  return all.filter((name) => !left.has(name));
}

function medianOf(figures: ScenarioFigures | undefined, contender: string): number | undefined {
  return figures?.spread(contender)?.median;
}
