import { monitorEventLoopDelay } from "node:perf_hooks";
import { DestinationNames } from "busline";
import { Interruption } from "./interruption.ts";
import type { Answer } from "./inverted-index.ts";
import { Library } from "./library.ts";
import { bytes, counted, grouped } from "./number-format.ts";
import { printable } from "./printable-path.ts";
import { ProgressLine } from "./progress-line.ts";
import { answerText, auditText, indexText, messagesText } from "./report.ts";
import { addsUp } from "./statistics-table.ts";
import { walk } from "./walker.ts";

/** What is to be read, and what to look for then. */
export interface Task {
  readonly folder: string;
  /** Names of folders that are not entered. */
  readonly excluded: ReadonlySet<string>;
  readonly words: readonly string[];
  readonly usesThreads: boolean;
}

/** So often the event loop is asked whether it is late. */
const DELAY_RESOLUTION_MS = 1;
const ALL_IS_WELL = 0;
const SOMETHING_IS_MISSING = 1;
export const INTERRUPTED = 130;

/** Reads a folder into a library, asks it, and shows what was done. */
export class Session {
  readonly #task: Task;
  readonly #library: Library;
  readonly #interruption = new Interruption();
  readonly #startedAt = performance.now();
  readonly #delays = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION_MS });
  #answer: Answer | undefined;

  constructor(task: Task) {
    this.#task = task;
    this.#library = new Library(task.folder, task.usesThreads);
  }

  /** @returns the exit code */
  async run(): Promise<number> {
    const { bus, audit } = this.#library;
    console.log(`Reading ${printable(this.#task.folder)}`);
    this.#delays.enable();
    await this.#workUnlessEnded();
    this.#delays.disable();
    // After the work nothing is left to be dropped; after a second Ctrl-C there is.
    const { undelivered, interrupted } = await bus.close({ deadlineMs: 0 });
    if (this.#interruption.signal.aborted) {
      const lostCount = undelivered.length + interrupted.length;
      const rest =
        lostCount === 0
          ? "what was found is finished"
          : `${counted(lostCount, "message")} given up`;
      console.log(`\nInterrupted: ${rest}.`);
    }
    this.#report();
    if (this.#interruption.signal.aborted) return INTERRUPTED;
    return audit.isBalanced && bus.statistics.destinations.every(addsUp)
      ? ALL_IS_WELL
      : SOMETHING_IS_MISSING;
  }

  async #workUnlessEnded(): Promise<void> {
    using progress = new ProgressLine(process.stderr, () => this.#progress());
    this.#interruption.signal.addEventListener("abort", () => progress.show());
    await Promise.race([this.#work(), this.#interruption.insisted]);
  }

  async #work(): Promise<void> {
    const { folder, excluded, words } = this.#task;
    const { signal } = this.#interruption;
    const { bus } = this.#library;
    await this.#library.read(walk(folder, excluded), signal);
    if (!signal.aborted) this.#answer = await bus.request("library/queries", { words });
    await bus.drain();
  }

  #progress(): string {
    const { audit, bus } = this.#library;
    const { pendingMessageCount, activeMessageCount } = bus.statistics;
    const isFinishing = this.#interruption.signal.aborted;
    return (
      `${isFinishing ? "Finishing" : "Reading"}: ${counted(audit.foundCount, "file")} found, ` +
      `${grouped(audit.indexedCount)} indexed, ${bytes(audit.indexedBytes)}; ` +
      (isFinishing
        ? "Ctrl-C again ends at once"
        : `${counted(pendingMessageCount + activeMessageCount, "message")} on their way`)
    );
  }

  #report(): void {
    const { audit, bus, index } = this.#library;
    const preconfigured: readonly string[] = Object.values(DestinationNames);
    const shown = bus.statistics.destinations.filter(
      ({ destinationName, sentMessageCount }) =>
        sentMessageCount > 0 || !preconfigured.includes(destinationName),
    );
    const parts = [
      auditText(audit),
      indexText(index),
      messagesText(shown, process.stdout.columns || undefined),
    ];
    if (this.#answer !== undefined) parts.push(answerText(this.#answer));
    const seconds = (performance.now() - this.#startedAt) / 1000;
    // Node counts it in KiB.
    const peak = bytes(process.resourceUsage().maxRSS * 1024);
    const place = this.#task.usesThreads ? "threads" : "the event loop";
    parts.push(
      `${seconds.toFixed(1)} s, peak memory ${peak} (RSS)\n` +
        `Files were read on ${place}; meanwhile the event loop was late by at most ` +
        `${milliseconds(this.#delays.percentile(99))} in 99 of 100 turns, ` +
        `${milliseconds(this.#delays.max)} in all.`,
    );
    console.log(`\n${parts.join("\n\n")}`);
  }
}

/** The monitor counts in nanoseconds, and from its own resolution on. */
function milliseconds(nanoseconds: number): string {
  return `${Math.max(0, nanoseconds / 1e6 - DELAY_RESOLUTION_MS).toFixed(1)} ms`;
}
