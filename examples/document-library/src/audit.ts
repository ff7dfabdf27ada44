import type { Message, MessageListenerObject } from "busline";
import type { Finding } from "./walker.ts";

/** What the audit is told. */
export type AuditEntry =
  | Finding
  | { readonly kind: "indexed"; readonly path: string; readonly size: number }
  | { readonly kind: "end of walk" };

const MOST_NAMED = 10;

/**
 * Keeps the books: every file that was found must be indexed exactly once, or named as unreadable. Remembers only the
 * files that are on their way, which the queues bound.
 */
export class Audit implements MessageListenerObject<AuditEntry> {
  foundCount = 0;
  indexedCount = 0;
  indexedBytes = 0;
  /** Files that were found and could not be read. */
  unreadableFileCount = 0;
  /** Files and folders that could not even be looked at. */
  unreachableCount = 0;
  first: string | undefined;
  last: string | undefined;
  /** How many links, FIFOs and so on were not read. */
  readonly leftAside = new Map<string, number>();
  /** The first few that could not be read, and why. */
  readonly unreadable: { readonly path: string; readonly reason: string }[] = [];
  /** What is not as it should be. */
  readonly objections: string[] = [];
  /** Resolves when the walk is over and nothing is on its way. */
  readonly complete: Promise<void>;
  readonly #onTheirWay = new Set<string>();
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
        this.#found(entry.path);
        break;
      case "indexed":
        if (!this.#onTheirWay.delete(entry.path))
          this.#object(`${entry.path} was indexed but not on its way`);
        this.indexedCount += 1;
        this.indexedBytes += entry.size;
        break;
      case "unreadable":
        if (this.#onTheirWay.delete(entry.path)) this.unreadableFileCount += 1;
        else this.unreachableCount += 1;
        if (this.unreadable.length < MOST_NAMED) this.unreadable.push(entry);
        break;
      case "left aside":
        this.leftAside.set(entry.what, (this.leftAside.get(entry.what) ?? 0) + 1);
        break;
      case "end of walk":
        this.#isWalkOver = true;
        break;
    }
    if (this.#isWalkOver && this.#onTheirWay.size === 0) this.#resolveComplete();
  }

  /** Files that were found and have not been indexed yet. */
  get onTheirWayCount(): number {
    return this.#onTheirWay.size;
  }

  get unreadableCount(): number {
    return this.unreadableFileCount + this.unreachableCount;
  }

  /** Whether every file is accounted for. */
  get isBalanced(): boolean {
    const accounted = this.indexedCount + this.unreadableFileCount + this.onTheirWayCount;
    return this.objections.length === 0 && this.foundCount === accounted;
  }

  #found(path: string): void {
    if (this.#onTheirWay.has(path)) this.#object(`${path} was found twice`);
    this.#onTheirWay.add(path);
    this.foundCount += 1;
    this.first ??= path;
    this.last = path;
  }

  #object(objection: string): void {
    if (this.objections.length < MOST_NAMED) this.objections.push(objection);
  }
}
