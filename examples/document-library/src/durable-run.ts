import { lstat, rm } from "node:fs/promises";
import path from "node:path";
import type { Message } from "busline";
import { type DocumentRecord, nameOf, recordsIn } from "./document-record.ts";
import type { FileToRead } from "./extraction.ts";
import type { Library } from "./library.ts";
import type { LibraryFolder, LibrarySubject } from "./library-folder.ts";
import { type FoundFile, walk } from "./walker.ts";
import { WalkSummary } from "./walk-summary.ts";

/** What earlier runs have left. */
export interface Remains {
  /** Documents that have been read. */
  readonly documentCount: number;
  /** Messages that wait. */
  readonly messageCount: number;
  /** The last of these runs had come to its end. */
  readonly wasComplete: boolean;
}

/** So many files are sent at once: they share one sync of the disk. */
const TOGETHER = 32;

/**
 * A run of a durable library. Three things outlive the process: the messages that wait, in the store; a record of each
 * document that was read; what the walk came upon. Index and books are made of these again at each start. Whoever does
 * something keeps it before the message ends that asked for it: a kill between the two has it done twice, and nothing lost.
 */
export class DurableRun {
  readonly #library: Library;
  readonly #own: LibraryFolder;
  readonly #subject: LibrarySubject;
  readonly #stop: AbortSignal;
  #isToWalk = false;
  #walking: Promise<void> | undefined;

  /** @param stop aborted when nothing more is to be begun */
  constructor(library: Library, own: LibraryFolder, subject: LibrarySubject, stop: AbortSignal) {
    this.#library = library;
    this.#own = own;
    this.#subject = subject;
    this.#stop = stop;
    const { audit, bus } = library;
    bus.listen("library/walks", (message) => (this.#walking = this.#walk(message)), {
      name: "walk",
    });
    bus.getDestination("library/documents")?.addDestinationEventListener({
      messageDiscarded({ payload }, reason) {
        const { path: twice } = payload as FileToRead;
        if (reason === "duplicate") audit.record({ kind: "twice", path: twice });
      },
    });
    // Nothing is begun before it is known what is done.
    bus.getDestination("library/walks")?.pause();
    bus.getDestination("library/documents")?.pause();
  }

  /** Brings back what earlier runs have done. */
  async recover(): Promise<Remains> {
    const { audit, bus, index } = this.#library;
    await bus.ready();
    await this.#own.tidy();
    const walkCount = this.#waitingAt("library/walks");
    const documentMessageCount = this.#waitingAt("library/documents");
    const messageCount = walkCount + documentMessageCount;
    const summary = await this.#own.walk();
    // Where nothing waits the folder is walked anew, and what is not as it was is read again.
    this.#isToWalk = messageCount === 0;
    if (this.#isToWalk) await this.#own.forgetWalk();
    audit.record({ kind: "waiting", messageCount: documentMessageCount });
    for await (const [file, record] of recordsIn(this.#own.documents)) {
      if (this.#stop.aborted) break;
      if (this.#isToWalk && !(await this.#isAsItWas(record))) await rm(file);
      else this.#bringBack(record);
    }
    const isWalkOver = messageCount > 0 && walkCount === 0;
    if (isWalkOver && !this.#stop.aborted) audit.record({ kind: "end of walk", summary });
    const wasComplete = this.#isToWalk && summary !== undefined;
    return { documentCount: index.documentCount, messageCount, wasComplete };
  }

  /** Goes on with what waits, or walks anew. Resolves when all is done, or nothing more is to be begun. */
  async finish(): Promise<void> {
    if (this.#stop.aborted) return;
    const { audit, bus } = this.#library;
    bus.getDestination("library/walks")?.resume();
    bus.getDestination("library/documents")?.resume();
    if (this.#isToWalk) await bus.send("library/walks", { folder: this.#subject.folder });
    const stopped = new Promise<void>((resolve) => {
      this.#stop.addEventListener("abort", () => resolve());
    });
    await Promise.race([audit.complete, stopped]);
    // One that was stopped has failed, and its message stays.
    await this.#walking?.catch(() => {});
  }

  /** Messages that an earlier run has left. */
  #waitingAt(name: "library/walks" | "library/documents"): number {
    return this.#library.bus.getDestination(name)?.statistics.recoveredMessageCount ?? 0;
  }

  /** What could not be read may be readable now. */
  async #isAsItWas({ found, outcome }: DocumentRecord): Promise<boolean> {
    if ("reason" in outcome) return false;
    const file = path.join(this.#subject.folder, found.path);
    const now = await lstat(file).catch(() => undefined);
    return now?.isFile() === true && now.size === found.size && now.mtimeMs === found.mtimeMs;
  }

  #bringBack({ found, outcome }: DocumentRecord): void {
    const { audit, index } = this.#library;
    const { path: of } = found;
    if ("reason" in outcome) return audit.record({ kind: "not read before", path: of, ...outcome });
    index.add(outcome);
    audit.record({ kind: "recovered", path: of, size: outcome.size });
  }

  /** Sends each file to be read that is not done. After a kill it begins once more, and the message has the same id. */
  async #walk({ id, payload: { folder } }: Message<{ readonly folder: string }>): Promise<void> {
    const { audit, bus, index } = this.#library;
    const summary = new WalkSummary();
    const found: FoundFile[] = [];
    for await (const finding of walk(folder, this.#subject.excluded, this.#own.pathWithin)) {
      this.#stop.throwIfAborted();
      summary.note(finding);
      if (finding.kind !== "file") continue;
      if (index.has(finding.path) || audit.knows(finding.path)) continue;
      if (found.push(finding) === TOGETHER) await this.#send(found.splice(0), id);
    }
    await this.#send(found, id);
    await this.#own.keepWalk(summary);
    await bus.send("library/audit", { kind: "end of walk", summary });
  }

  async #send(files: readonly FoundFile[], walkId: string): Promise<void> {
    const { audit, bus } = this.#library;
    const sending = files.map(async (file) => {
      await bus.send("library/audit", file);
      try {
        await this.#library.take(file, { id: `${walkId}/${nameOf(file.path)}` });
      } catch (error) {
        audit.record({ kind: "not sent", path: file.path });
        throw error;
      }
    });
    await Promise.all(sending);
  }
}
