import type { DestinationStatistics } from "busline";
import { grouped } from "./number-format.ts";

const TERMS = [
  "delivered",
  "failed",
  "deadLettered",
  "rejected",
  "discarded",
  "expired",
  "duplicate",
  "undelivered",
  "diverted",
  "pending",
  "active",
] as const;

/** Whether every message that was sent is in exactly one of the other counts. */
export function addsUp(statistics: DestinationStatistics): boolean {
  const sum = TERMS.reduce((total, term) => total + statistics[`${term}MessageCount`], 0);
  return sum === statistics.sentMessageCount;
}

/**
 * What became of all messages, a column for each destination: the number that was sent is the sum of those below it.
 * Columns that do not fit side by side follow below.
 */
export function statisticsTable(
  destinations: readonly DestinationStatistics[],
  width: number,
): string {
  const headings = destinations.map(({ destinationName }) => destinationName.split(/(?<=\/)/));
  const height = Math.max(...headings.map(({ length }) => length));
  const labels = [
    ...Array<string>(height).fill(""),
    "type",
    "sent",
    ...TERMS.map(labelOf),
    "adds up",
  ];
  const labelWidth = widthOf(labels);
  const blocks: string[][] = [];
  let room = 0;
  for (const [at, statistics] of destinations.entries()) {
    const heading = headings[at] as string[];
    const column = [
      ...Array<string>(height - heading.length).fill(""),
      ...heading,
      ...cellsOf(statistics),
    ];
    const columnWidth = widthOf(column) + 2;
    if (columnWidth > room) {
      blocks.push(labels.map((label) => label.padEnd(labelWidth)));
      room = width - labelWidth;
    }
    room -= columnWidth;
    const block = blocks.at(-1) as string[];
    for (const [row, cell] of column.entries()) block[row] += cell.padStart(columnWidth);
  }
  // Where all names are short the first line would be empty.
  return blocks.map((block) => block.filter((line) => line.trim() !== "").join("\n")).join("\n\n");
}

function labelOf(term: string, at: number): string {
  const words = term.replace(/[A-Z]/, (letter) => `-${letter.toLowerCase()}`);
  return `${at === 0 ? "=" : "+"} ${words}`;
}

function cellsOf(statistics: DestinationStatistics): string[] {
  const counts = [
    statistics.sentMessageCount,
    ...TERMS.map((term) => statistics[`${term}MessageCount`]),
  ];
  return [statistics.destinationType, ...counts.map(grouped), addsUp(statistics) ? "yes" : "NO"];
}

function widthOf(column: readonly string[]): number {
  return Math.max(...column.map(({ length }) => length));
}
