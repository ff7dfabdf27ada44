import { chartKey } from "./chart-key.ts";
import { LogScale } from "./log-scale.ts";
import { formatNumber } from "./number-format.ts";
import type { ScenarioFigures } from "./scenario-figures.ts";
import type { ScenarioRow } from "./scenario-row.ts";
import type { Spread } from "./spread.ts";
import { Svg } from "./svg.ts";

const width = 860;
const margin = 16;
const rowHeight = 42;
const barHeight = 8;

interface Lead {
  readonly peer: string;
  readonly ratio: Spread;
}

/** busline to the best peer of each scenario: bars to the right of 1 where it is ahead. */
export function overviewChart(rows: readonly ScenarioRow[]): string | undefined {
  const shown = rows
    .map((row) => ({ row, leads: row.byNode.map(({ figures }) => leadOf(figures)) }))
    .filter(({ leads }) => leads.some((lead) => lead !== undefined));
  if (shown.length === 0) return undefined;

  const svg = new Svg(width, "busline to the best peer of each scenario");
  const top =
    chartKey(svg, margin, rows[0]?.byNode ?? [], [
      ["ours", "busline ahead"],
      ["behind", "busline behind"],
    ]) + 14;
  const ratios = shown.flatMap(({ leads }) => leads.flatMap((lead) => lead?.ratio.median ?? []));
  const scale = new LogScale([...ratios, 1], 2 * margin, width - 4 * margin, 2);
  const end = top + shown.length * rowHeight;
  for (const tick of ticksOf(ratios)) {
    svg.line(scale.at(tick), top, scale.at(tick), end, tick === 1 ? "axis" : "line");
    svg.text(scale.at(tick), end + 14, tick < 1 ? `1/${1 / tick}` : `${tick}×`, {
      paint: "faint",
      size: 11,
      anchor: "middle",
    });
  }

  for (const [index, { row, leads }] of shown.entries()) {
    const y = top + index * rowHeight;
    svg.paper(0, y, width, 20);
    svg.text(margin, y + 16, row.scenario.name);
    svg.text(width - margin, y + 16, textOf(leads), { paint: "faint", size: 11, anchor: "end" });
    for (const [second, lead] of leads.entries()) {
      if (lead === undefined) continue;
      const at = scale.at(lead.ratio.median);
      const one = scale.at(1);
      const height = leads.length === 1 ? barHeight * 2 : barHeight;
      svg.bar(Math.min(one, at), y + 22 + second * (barHeight + 1), Math.abs(at - one), height, {
        paint: at >= one ? "ours" : "behind",
        isSecond: second > 0,
      });
    }
  }
  return svg.toString(end + 14 + margin);
}

function leadOf(figures: ScenarioFigures | undefined): Lead | undefined {
  const peer = figures?.peersByRank()[0];
  if (figures === undefined || peer === undefined) return undefined;
  const ratio = figures.ratio(figures.ours, peer);
  return ratio === undefined ? undefined : { peer, ratio };
}

function textOf(leads: readonly (Lead | undefined)[]): string {
  const known = leads.filter((lead) => lead !== undefined);
  const ratios = known.map(({ ratio }) => formatNumber(ratio.median)).join(" / ");
  const peers = [...new Set(known.map(({ peer }) => peer))].join(" / ");
  return `${ratios} × ${peers}`;
}

/** Few enough that their labels do not touch. */
function ticksOf(ratios: readonly number[]): number[] {
  const powers = [...ratios, 1].map((ratio) => Math.log2(ratio));
  const [from, to] = [Math.floor(Math.min(...powers)), Math.ceil(Math.max(...powers))];
  const step = Math.max(1, Math.ceil((to - from) / 8));
  const ticks: number[] = [];
  for (let power = Math.ceil(from / step) * step; power <= to; power += step)
    ticks.push(2 ** power);
  return ticks;
}
