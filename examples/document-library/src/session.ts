import { monitorEventLoopDelay } from "node:perf_hooks";
import { DestinationNames } from "busline";
import { DurableRun, type Remains } from "./durable-run.ts";
import { Interruption } from "./interruption.ts";
import type { Answer } from "./inverted-index.ts";
import { Library } from "./library.ts";
import type { LibraryFolder } from "./library-folder.ts";
import { bytes, counted, grouped } from "./number-format.ts";
import { printable } from "./printable-path.ts";
import { ProgressLine } from "./progress-line.ts";
import {
  answerText,
  auditText,
  durableText,
  indexText,
  leftText,
  messagesText,
  remainsText,
} from "./report.ts";
import { addsUp } from "./statistics-table.ts";
import { walk } from "./walker.ts";

/** What is to be read, and what to look for then. */
export interface Task {
  readonly folder: string;
  /** Names of folders that are not entered. */
  readonly excluded: ReadonlySet<string>;
  readonly words: readonly string[];
  readonly usesThreads: boolean;
  /** Where the library keeps what is to outlive the process, if anything is. */
  readonly own?: LibraryFolder;
}

/** So often the event loop is asked whether it is late. */
const DELAY_RESOLUTION_MS = 1;
/** As long as it takes: about 25 days, and who does not want to wait presses Ctrl-C again. */
const NO_HURRY_MS = 2 ** 31 - 1;
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
  readonly #durable: DurableRun | undefined;
  #remains: Remains | undefined;
  #answer: Answer | undefined;

  constructor(task: Task) {
    this.#task = task;
    const { folder, own, usesThreads } = task;
    const stop = this.#interruption.signal;
    const warn = (text: string): void => this.#warn(text);
    const durable = own === undefined ? {} : { durable: { own, stop, warn } };
    this.#library = new Library(folder, { usesThreads, ...durable });
    if (own !== undefined) this.#durable = new DurableRun(this.#library, own, task, stop);
  }

  /** @returns the exit code */
  async run(): Promise<number> {
    const { bus, audit } = this.#library;
    console.log(`Reading ${printable(this.#task.folder)}`);
    this.#delays.enable();
    await this.#workUnlessEnded();
    this.#delays.disable();
    const left = await this.#leave();
    if (this.#interruption.signal.aborted) console.log(`\nInterrupted: ${left}`);
    this.#report();
    if (this.#interruption.signal.aborted) return INTERRUPTED;
    return audit.isBalanced && bus.statistics.destinations.every(addsUp)
      ? ALL_IS_WELL
      : SOMETHING_IS_MISSING;
  }

  async #workUnlessEnded(): Promise<void> {
    using progress = new ProgressLine(process.stderr, () => this.#progress());
    this.#interruption.signal.addEventListener("abort", () => progress.show());
    await Promise.race([this.#work(progress), this.#interruption.insisted]);
  }

  async #work(progress: ProgressLine): Promise<void> {
    const { folder, excluded, own, words } = this.#task;
    const { signal } = this.#interruption;
    const { bus } = this.#library;
    if (this.#durable === undefined || own === undefined) {
      await this.#library.read(walk(folder, excluded), signal);
    } else {
      this.#remains = await this.#durable.recover();
      progress.clear();
      console.log(`Durable in ${printable(own.path)}\n${remainsText(this.#remains)}`);
      await this.#durable.finish();
    }
    if (!signal.aborted) this.#answer = await bus.request("library/queries", { words });
    // What waits in a store need not be finished now.
    if (this.#durable === undefined) await bus.drain();
    else await bus.close({ deadlineMs: NO_HURRY_MS });
  }

  /** @returns what is left undone */
  async #leave(): Promise<string> {
    const { own } = this.#task;
    // A durable bus is closed, or nobody waits for that any more: all that counts is in its store.
    if (own !== undefined) return leftText(this.#openCount, own.path);
    // After the work nothing is left to be dropped; after a second Ctrl-C there is.
    const { undelivered, interrupted } = await this.#library.bus.close({ deadlineMs: 0 });
    const lostCount = undelivered.length + interrupted.length;
    return lostCount === 0
      ? "what was found is finished."
      : `${counted(lostCount, "message")} given up.`;
  }

  /** Messages that are not done. */
  get #openCount(): number {
    const { pendingMessageCount, activeMessageCount } = this.#library.bus.statistics;
    return pendingMessageCount + activeMessageCount;
  }

  /** Before anything is known of earlier runs, what goes wrong ends this one. */
  #warn(text: string): void {
    if (this.#remains !== undefined) console.error(`document-library: ${printable(text)}`);
  }

  #progress(): string {
    const { audit } = this.#library;
    const found = counted(audit.foundCount, "file");
    const indexed = `${grouped(audit.indexedCount)} indexed`;
    const read = bytes(audit.indexedBytes);
    const open = counted(this.#openCount, "message");
    if (this.#interruption.signal.aborted) {
      return `Finishing: ${found} found, ${indexed}, ${read}; Ctrl-C again ends at once`;
    }
    if (this.#durable === undefined) {
      return `Reading: ${found} found, ${indexed}, ${read}; ${open} on their way`;
    }
    const recovered = grouped(audit.recoveredCount);
    return `Durable: ${found}, ${indexed} (${recovered} before), ${read}; ${open} left`;
  }

  #report(): void {
    const { audit, bus, index } = this.#library;
    const preconfigured: readonly string[] = Object.values(DestinationNames);
    const shown = bus.statistics.destinations.filter(
      ({ destinationName, sentMessageCount }) =>
        sentMessageCount > 0 || !preconfigured.includes(destinationName),
    );
    const parts = [
      ...(this.#task.own === undefined ? [] : [durableText(audit, this.#remains, this.#openCount)]),
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
