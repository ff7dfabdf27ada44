import type { DestinationStatistics } from "busline";
import { TEXT_LIMIT, WORD_LIMIT } from "./extractor.ts";
import type { Audit } from "./audit.ts";
import type { Remains } from "./durable-run.ts";
import { type Answer, DICTIONARY_LIMIT, type InvertedIndex } from "./inverted-index.ts";
import { bytes, counted, grouped } from "./number-format.ts";
import { POSTING_LIMIT } from "./posting-lists.ts";
import { printable } from "./printable-path.ts";
import { addsUp, statisticsTable } from "./statistics-table.ts";

/** Where nobody says how wide the page is. */
const PAGE_WIDTH = 80;

/** The answer to a query. */
export function answerText({ words, matchCount, best }: Answer): string {
  if (words.length === 0) return "There is no word to look for.";
  const looked = words.map((word) => `"${word}"`).join(" and ");
  if (matchCount === 0) return `No document holds ${looked}.`;
  const shown = best.length < matchCount ? `The best ${best.length}:` : "Best first:";
  const lines = best.map(
    ({ path, score }) => `${score.toFixed(2).padStart(8)}  ${printable(path)}`,
  );
  return [`${counted(matchCount, "document")} with ${looked}. ${shown}`, ...lines].join("\n");
}

/** What a durable run has found at its start. */
export function remainsText({ documentCount, messageCount, wasComplete }: Remains): string {
  const done = `${counted(documentCount, "document")} done`;
  if (messageCount > 0) {
    return `Goes on where the last run ended: ${done}, ${counted(messageCount, "message")} left.`;
  }
  if (wasComplete) return `The last run was complete: ${done} and as before. Looks for others.`;
  return documentCount === 0 ? "Begins a new library." : `Begins anew: ${done} and as before.`;
}

/** What a durable run leaves that was interrupted. */
export function leftText(messageCount: number, folder: string): string {
  return (
    `${counted(messageCount, "message")} left in ${printable(folder)}.\n` +
    "The same command goes on from there."
  );
}

/** What a durable run has had from those before it, and what it leaves. */
export function durableText(
  audit: Audit,
  remains: Remains | undefined,
  messageCount: number,
): string {
  const { indexedCount, recoveredCount } = audit;
  return (
    `Durable: ${grouped(indexedCount)} indexed = ${grouped(recoveredCount)} done before ` +
    `+ ${grouped(indexedCount - recoveredCount)} in this run\n` +
    `         ${counted(remains?.messageCount ?? 0, "message")} found, ${grouped(messageCount)} left`
  );
}

/** The books of the audit. */
export function auditText(audit: Audit): string {
  const { foundCount, indexedCount, unreadableFileCount, onTheirWayCount, unreadableCount } = audit;
  const lines = [
    `${counted(foundCount, "file")} found = ${grouped(indexedCount)} indexed ` +
      `+ ${grouped(unreadableFileCount)} unreadable + ${grouped(onTheirWayCount)} unfinished`,
    audit.isBalanced
      ? `Every file is accounted for; ${bytes(audit.indexedBytes)} were read.`
      : "THE BOOKS DO NOT BALANCE.",
    ...audit.objections.map((objection) => `  ${printable(objection)}`),
  ];
  if (audit.first !== undefined)
    lines.push(`First  ${printable(audit.first)}`, `Last   ${printable(audit.last ?? "")}`);
  if (audit.walk.leftAside.size > 0) {
    const kinds = [...audit.walk.leftAside].map(([what, count]) => counted(count, what));
    lines.push(`Left aside: ${kinds.join(", ")}`);
  }
  if (unreadableCount > 0) {
    lines.push(`Could not be read: ${grouped(unreadableCount)}`);
    lines.push(
      ...audit.unreadable.map(({ path, reason }) => `  ${printable(path)}: ${printable(reason)}`),
    );
    const unnamed = unreadableCount - audit.unreadable.length;
    if (unnamed > 0) lines.push(`  and ${grouped(unnamed)} more`);
  }
  return lines.join("\n");
}

/** What the index holds, and what it had no room for. */
export function indexText(index: InvertedIndex): string {
  const { leftOut } = index;
  return [
    `Index: ${counted(index.documentCount, "document")} ` +
      `(${grouped(index.textCount)} with text, ${grouped(index.duplicateCount)} the same as another)`,
    `       ${counted(index.wordCount, "word")}, ${counted(index.postingCount, "posting")}`,
    `       digest ${index.digest()}`,
    `Limits: ${grouped(TEXT_LIMIT / 1024)} KiB and ${grouped(WORD_LIMIT)} words a document, ` +
      `${grouped(DICTIONARY_LIMIT)} words, ${grouped(POSTING_LIMIT)} postings`,
    `Left out: the rest of ${counted(leftOut.cutTexts, "long text")}, ` +
      `${counted(leftOut.words, "word")}, ${counted(leftOut.postings, "posting")}`,
  ].join("\n");
}

/** What became of all messages, and whether it adds up. */
export function messagesText(
  destinations: readonly DestinationStatistics[],
  width: number | undefined,
): string {
  const wrong = destinations.filter((destination) => !addsUp(destination));
  const verdict =
    wrong.length === 0
      ? "Every message that was sent is accounted for."
      : `MESSAGES ARE MISSING at ${wrong.map(({ destinationName }) => destinationName).join(", ")}`;
  return `${statisticsTable(destinations, width ?? PAGE_WIDTH)}\n${verdict}`;
}
