import type { Message, MessageListenerObject } from "busline";
import type { Finding } from "./walker.ts";
import { MOST_NAMED, type Unreadable, WalkSummary } from "./walk-summary.ts";

/** What the audit is told. */
export type AuditEntry =
  | Finding
  | { readonly kind: "indexed"; readonly path: string; readonly size: number }
  /** It was found, and could not be read. */
  | { readonly kind: "not read"; readonly path: string; readonly reason: string }
  /** With all that it has come upon, where the audit was not told one by one. */
  | { readonly kind: "end of walk"; readonly summary?: WalkSummary | undefined }

  // Only where messages outlive the process:
  | { readonly kind: "walk given up"; readonly reason: string }
  /** So many messages of earlier runs are delivered in this one. */
  | { readonly kind: "waiting"; readonly messageCount: number }
  /** An earlier run has read it. */
  | { readonly kind: "recovered"; readonly path: string; readonly size: number }
  /** An earlier run has not been able to. */
  | { readonly kind: "not read before"; readonly path: string; readonly reason: string }
  /** It was found, and could not be sent. */
  | { readonly kind: "not sent"; readonly path: string }
  /** One of two messages about it has ended without doing anything. */
  | { readonly kind: "twice"; readonly path: string };

/**
 * Keeps the books: every file that was found must be indexed exactly once, or named as unreadable. Remembers only the
 * files that are on their way, which the queues bound, and those that could not be read.
 */
export class Audit implements MessageListenerObject<AuditEntry> {
  indexedCount = 0;
  indexedBytes = 0;
  /** How many of these an earlier run has read. */
  recoveredCount = 0;
  first: string | undefined;
  last: string | undefined;
  /** What the walk came upon. */
  walk = new WalkSummary();
  /** What is not as it should be. */
  readonly objections: string[] = [];
  /** Resolves when the walk is over and nothing is on its way. */
  readonly complete: Promise<void>;
  readonly #onTheirWay = new Set<string>();
  readonly #notRead = new Map<string, string>();
  /** Messages of earlier runs that have not ended: which files they are about is known when they do. */
  #waitingCount = 0;
  #heardOfCount = 0;
  #isWalkOver = false;
  #resolveComplete = (): void => {};

  constructor() {
    this.complete = new Promise((resolve) => {
      this.#resolveComplete = resolve;
    });
  }

  receive({ payload: entry }: Message<AuditEntry>): void {
    this.record(entry);
  }

  record(entry: AuditEntry): void {
    switch (entry.kind) {
      case "file":
        if (this.#onTheirWay.has(entry.path)) this.#object(`${entry.path} was found twice`);
        this.#onTheirWay.add(entry.path);
        this.#heardOf(entry.path);
        break;
      case "indexed":
        this.#ended(entry.path);
        // What could not be read before was tried again.
        this.#notRead.delete(entry.path);
        this.#indexed(entry.size);
        break;
      case "not read":
        this.#ended(entry.path);
        this.#notRead.set(entry.path, entry.reason);
        break;
      case "unreadable":
      case "left aside":
        this.walk.note(entry);
        break;
      case "end of walk":
        this.walk = entry.summary ?? this.walk;
        this.#isWalkOver = true;
        break;
      case "walk given up":
        this.#object(`the walk was given up: ${entry.reason}`);
        this.#isWalkOver = true;
        break;
      case "waiting":
        this.#waitingCount += entry.messageCount;
        break;
      case "recovered":
        this.#heardOf(entry.path);
        this.#indexed(entry.size);
        this.recoveredCount += 1;
        break;
      case "not read before":
        this.#heardOf(entry.path);
        this.#notRead.set(entry.path, entry.reason);
        break;
      case "not sent":
        this.#onTheirWay.delete(entry.path);
        this.#heardOfCount -= 1;
        break;
      case "twice":
        this.#cameTwice(entry.path);
        break;
    }
    if (this.#isWalkOver && this.onTheirWayCount === 0) this.#resolveComplete();
  }

  /** Files that have been found. */
  get foundCount(): number {
    return this.#heardOfCount + this.#waitingCount;
  }

  /** Files that were found and have not been indexed yet. */
  get onTheirWayCount(): number {
    return this.#onTheirWay.size + this.#waitingCount;
  }

  /** Files that were found and could not be read. */
  get unreadableFileCount(): number {
    return this.#notRead.size;
  }

  get unreadableCount(): number {
    return this.unreadableFileCount + this.walk.unreachableCount;
  }

  /** The first few that could not be read, and why. */
  get unreadable(): readonly Unreadable[] {
    const named = [...this.walk.unreachable];
    for (const [path, reason] of this.#notRead) {
      if (named.length === MOST_NAMED) break;
      named.push({ path, reason });
    }
    return named;
  }

  /** Whether nothing need be done about a file, except, if it is on its way, to wait for it. */
  knows(path: string): boolean {
    return this.#onTheirWay.has(path) || this.#notRead.has(path);
  }

  /** Whether every file is accounted for, those too that a walk has counted in an earlier run. */
  get isBalanced(): boolean {
    const accounted = this.indexedCount + this.unreadableFileCount + this.onTheirWayCount;
    return (
      this.objections.length === 0 &&
      this.foundCount === accounted &&
      this.foundCount >= this.walk.fileCount
    );
  }

  #heardOf(path: string): void {
    this.#heardOfCount += 1;
    this.first ??= path;
    this.last = path;
  }

  #indexed(size: number): void {
    this.indexedCount += 1;
    this.indexedBytes += size;
  }

  /** A message about a file has ended. */
  #ended(path: string): void {
    if (this.#onTheirWay.delete(path)) return;
    if (this.#waitingCount === 0) return this.#object(`${path} was read but not on its way`);
    this.#waitingCount -= 1;
    if (!this.#notRead.has(path)) this.#heardOf(path);
  }

  /** The file counts once: where it was found anew, or where it had waited. */
  #cameTwice(path: string): void {
    if (this.#onTheirWay.delete(path)) this.#heardOfCount -= 1;
    else if (this.#waitingCount > 0) this.#waitingCount -= 1;
    else this.#object(`${path} was read twice`);
  }

  #object(objection: string): void {
    if (this.objections.length < MOST_NAMED) this.objections.push(objection);
  }
}
