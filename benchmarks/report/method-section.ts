import { isDeepStrictEqual } from "node:util";
import type { Environment } from "../runner/scenario-result.ts";
import { markdownTable } from "./markdown-table.ts";
import { formatNumber, formatSpread, NOTHING } from "./number-format.ts";
import { ScenarioFigures } from "./scenario-figures.ts";
import type { ScenarioRow } from "./scenario-row.ts";
import { spreadOf } from "./spread.ts";

const method = `## How it is measured

- Every sample comes from a fresh process, started with \`--expose-gc\` when a core is free, or after
  some seconds of waiting for one. The process warms up, then measures.
- A round runs every contender of a scenario once on every Node.js, in a random order, within minutes of
  each other. Ratios are taken within a round; the tables give the median over the rounds and, in
  brackets, the smallest and the largest.
- Each sample says how many messages arrived, or what they add up to. A wrong count fails the run.
- busline runs as it is built and packed, with its defaults on: envelope, bound, statistics and
  asynchronous context. Peers are called the way their own documentation shows.
- The limit is written by hand for each scenario: what the language allows when nothing is asked of a
  bus but this one thing. It has no envelope, no bound and no counts unless it says so.
- A difference of less than 1.3 times between two contenders is seldom certain on a shared machine.

Every sample is in \`benchmarks/results\`. \`npm run bench\` measures again and \`npm run bench:report\` makes
this page and its charts out of those files.`;

export function methodSection(rows: readonly ScenarioRow[]): string {
  return [
    method,
    "### Limits",
    limitsTable(rows),
    "### Machine and versions",
    ...environments(rows),
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

function limitsTable(rows: readonly ScenarioRow[]): string {
  const lines = rows.map(({ scenario, byNode, first }) => [
    `\`${scenario.name}\``,
    scenario.limitTitle ?? scenario.limit ?? "none",
    ...byNode.map(({ figures }) => reachedOf(figures, first.ours)),
  ]);
  const majors = rows[0]?.byNode.map(({ major }) => `busline to it, Node.js ${major}`) ?? [];
  return markdownTable(["Scenario", "Limit", ...majors], lines);
}

function reachedOf(figures: ScenarioFigures | undefined, ours: string): string {
  const limit = figures?.result.scenario.limit;
  const ratio = limit === undefined ? undefined : figures?.ratio(ours, limit);
  return ratio === undefined ? NOTHING : formatNumber(ratio.median);
}

/** One table of what was measured when, and the versions of the peers. */
function environments(rows: readonly ScenarioRow[]): string[] {
  const figures = rows.flatMap(({ byNode }) => byNode.flatMap((one) => one.figures ?? []));
  const groups: ScenarioFigures[][] = [];
  for (const one of figures) {
    const alike = groups.find(([first]) => isAlike(first, one));
    if (alike === undefined) groups.push([one]);
    else alike.push(one);
  }
  const head = [
    "Scenarios",
    "Date",
    "Rounds",
    "Node.js",
    "V8",
    "busline",
    "Machine",
    "Others, cores",
  ];
  const lines = groups.map((group) => {
    const { environment, date } = group[0]?.result ?? {};
    return [
      scopeOf(group),
      date ?? NOTHING,
      String(group[0]?.rounds),
      environment?.node ?? NOTHING,
      environment?.v8 ?? NOTHING,
      `\`${environment?.revision}\``,
      machineOf(environment),
      formatSpread(spreadOf(group.flatMap(({ othersLoad }) => othersLoad?.median ?? []))),
    ];
  });
  return [
    markdownTable(head, lines),
    "The last column tells how many cores other processes kept busy meanwhile: the median of each scenario,\nand of those the median, the smallest and the largest.",
    `Peers: ${peersOf(figures)}.`,
  ];
}

function isAlike(a: ScenarioFigures | undefined, b: ScenarioFigures): boolean {
  return (
    a?.result.date === b.result.date &&
    a.rounds === b.rounds &&
    a.result.scenario.topology === b.result.scenario.topology &&
    isDeepStrictEqual(a.result.environment, b.result.environment)
  );
}

function scopeOf(group: readonly ScenarioFigures[]): string {
  const names = group.map(({ result }) => result.scenario.name);
  return names.length === 1
    ? `\`${names[0]}\``
    : `${group[0]?.result.scenario.topology} (${names.length})`;
}

function machineOf(environment: Environment | undefined): string {
  if (environment === undefined) return NOTHING;
  const { processor, cores, memory, system } = environment;
  return `${cores} × ${processor}, ${memory} GiB, ${system}`;
}

function peersOf(figures: readonly ScenarioFigures[]): string {
  const versions = new Set(
    figures.flatMap(({ result }) =>
      Object.entries(result.environment.peers).map(([name, version]) => `${name} ${version}`),
    ),
  );
  return [...versions].toSorted().join(", ");
}
