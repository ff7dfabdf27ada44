import { setTimeout } from "node:timers/promises";
import type { Durability, StoreChange, StoreError } from "busline";
import type { Engine, OpenedEngine } from "./engine.ts";
import { GroupSync } from "./group-sync.ts";
import { HeldCommits } from "./held-commits.ts";
import { LogFile } from "./log-file.ts";
import { Overlay } from "./overlay.ts";
import type { StoreFolder } from "./store-folder.ts";
import { StoreProblem } from "./store-problem.ts";
import type { SyncedMark } from "./synced-mark.ts";

/** When a log is folded: LMDB takes over what its commits have made of the keys, and the log goes. */
export interface FoldLimits {
  /** It is so long. */
  readonly bytes: number;
  /** So many changes have been made. */
  readonly changes: number;
}

/** What a journal needs of its store. */
export interface JournalParts {
  readonly folder: StoreFolder;
  readonly engine: Engine;
  readonly limits: FoldLimits;
  readonly mark: SyncedMark;
  /** @throws {StoreProblem} the store is in other hands by now, or its folder is gone */
  checkLock(): void;
  errorOf(problem: StoreProblem): StoreError;
  /** Nothing may be relied upon any more. */
  failed(error: StoreError): void;
}

/** A log, and what its commits have made of the keys. */
interface Chapter {
  readonly log: LogFile;
  readonly overlay: Overlay;
}

/** So many times the limits may a log grow while the one before is being folded. */
const MOST_GROWTH = 8;
/** How long a fold that had no room is not tried again. */
const PAUSE_MS = 250;
/** How long a lock may be away that is put back. */
const PUT_BACK_MS = 50;
const DONE = Promise.resolve();

/**
 * Where commits go: into a log, one after the other, and from there, many at a time, into LMDB. While LMDB takes over one
 * log, the next is written.
 */
export class Journal {
  readonly #parts: JournalParts;
  readonly #storeId: string;
  readonly #sync: GroupSync;
  #current: Chapter;
  /** One that is to be folded: nothing is written to it any more. */
  #ended: Chapter | undefined;
  /** Of the last commit. */
  #sequence: number;
  /** Of the last commit that LMDB has. */
  #foldedSequence: number;
  /** A log that can be begun at once. */
  #readyLog: number | undefined;
  /** Those that wait until a log may grow again. */
  readonly #held: HeldCommits;
  #folding: Promise<void> | undefined;
  /** Why the last fold came to nothing, if it did. */
  #foldError: StoreError | undefined;
  #pauseUntil = 0;
  /** Why nobody knows what the disk has. */
  #syncError: StoreError | undefined;
  /** Why nothing is done any more. What has been written is made stable even then, unless a sync has failed. */
  #failure: StoreError | undefined;

  constructor(parts: JournalParts, { storeId, foldedSequence, logNumber }: OpenedEngine) {
    this.#parts = parts;
    this.#storeId = storeId;
    this.#sequence = foldedSequence;
    this.#foldedSequence = foldedSequence;
    const log = LogFile.reopen(parts.folder, { storeId, number: logNumber });
    this.#current = { log, overlay: new Overlay() };
    this.#sync = new GroupSync(() => this.#syncLogs());
    this.#held = new HeldCommits((changes, durability) => this.#write(changes, durability));
  }

  /** What LMDB does not have yet, the newest first. */
  get overlays(): readonly Overlay[] {
    const { overlay } = this.#current;
    return this.#ended === undefined ? [overlay] : [overlay, this.#ended.overlay];
  }

  /** To be called as long as the journal has not failed. */
  commit(changes: readonly StoreChange[], durability: Durability): Promise<void> {
    if (this.#held.isEmpty && !this.#hasGrown(MOST_GROWTH)) return this.#write(changes, durability);
    this.#foldUnlessPaused();
    if (this.#folding === undefined) return Promise.reject(this.#foldError);
    return this.#held.add(changes, durability);
  }

  /**
   * Has LMDB take over everything. If it has no room for that, everything is stable all the same.
   *
   * @throws {StoreError} the store has failed
   */
  async close(): Promise<void> {
    await this.#folding;
    while (this.#failure === undefined && !this.#isFolded) {
      this.#pauseUntil = 0;
      this.#foldUnlessPaused();
      await this.#folding;
      if (this.#foldError !== undefined) break;
    }
    try {
      // Nothing may be closed that is still being synced.
      if (!this.#isFolded) await this.#sync.next();
    } finally {
      this.#current.log.close();
      this.#ended?.log.close();
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Nothing may be relied upon any more: all who wait are told so, and all who come. */
  fail(error: StoreError): void {
    this.#failure ??= error;
    this.#held.reject(this.#failure);
    this.#parts.failed(this.#failure);
  }

  get #isFolded(): boolean {
    return this.#ended === undefined && this.#current.log.isEmpty;
  }

  #hasGrown(times: number): boolean {
    const { log } = this.#current;
    const { bytes, changes } = this.#parts.limits;
    return log.length >= times * bytes || log.changeCount >= times * changes;
  }

  #write(changes: readonly StoreChange[], durability: Durability): Promise<void> {
    const { log, overlay } = this.#current;
    try {
      log.append(this.#sequence + 1, changes, durability === "stable");
    } catch (error) {
      const refused = this.#parts.errorOf(StoreProblem.of(error, "write to its log"));
      if (log.isRuined) this.fail(refused);
      return Promise.reject(refused);
    }
    this.#sequence += 1;
    overlay.apply(changes);
    if (this.#hasGrown(1)) this.#foldUnlessPaused();
    return durability === "stable" ? this.#sync.next() : DONE;
  }

  /** The older log first: what is stable must have no gap. */
  async #syncLogs(): Promise<void> {
    if (this.#syncError !== undefined) throw this.#syncError;
    const through = this.#sequence;
    const chapters = [this.#ended, this.#current];
    try {
      for (const chapter of chapters) if (chapter?.log.isDirty === true) await chapter.log.sync();
    } catch (error) {
      const text = "could not make sure that commits are on the disk";
      this.#syncError = this.#parts.errorOf(StoreProblem.failed(text, { cause: error }));
      this.fail(this.#syncError);
      throw this.#syncError;
    }
    await this.#refuseIfLocked();
    this.#parts.mark.write(through);
  }

  /** Whoever has taken the lock since has read what was written before that: all else must not be acknowledged. */
  async #refuseIfLocked(): Promise<void> {
    try {
      this.#parts.checkLock();
      return;
    } catch {
      // Another process that has looked at it may be about to put it back.
      await setTimeout(PUT_BACK_MS);
    }
    try {
      this.#parts.checkLock();
    } catch (error) {
      const lost = this.#parts.errorOf(StoreProblem.of(error, "keep its lock"));
      this.fail(lost);
      throw lost;
    }
  }

  #foldUnlessPaused(): void {
    if (this.#folding !== undefined || performance.now() < this.#pauseUntil) return;
    const ended = this.#fold().then(
      () => {
        this.#foldError = undefined;
      },
      (error: unknown) => this.#foldFailed(error),
    );
    this.#folding = ended.then(() => {
      this.#folding = undefined;
      this.#letHeldGo();
    });
  }

  async #fold(): Promise<void> {
    if (this.#ended === undefined) {
      this.#parts.checkLock();
      await this.#makeReady();
      this.#switchLogs();
      this.#letHeldGo();
    }
    const { log } = this.#ended as Chapter;
    // What LMDB has must be in a log that is on the disk, so that nobody ever misses the rest of it.
    await this.#sync.next();
    log.close();
    const throughSequence = log.lastSequence;
    const nextLog = this.#current.log.number;
    await this.#parts.engine.fold({ logNumber: log.number, throughSequence, nextLog });
    this.#foldedSequence = throughSequence;
    this.#ended = undefined;
  }

  async #makeReady(): Promise<void> {
    const number = this.#current.log.number + 1;
    if (this.#readyLog === number) return;
    await this.#parts.engine.prepareLog(number);
    this.#readyLog = number;
  }

  /** From one commit to the next. Where it fails, the log goes on. */
  #switchLogs(): void {
    if (this.#failure !== undefined) throw this.#failure;
    const { log } = this.#current;
    const next = LogFile.begin(this.#parts.folder, {
      storeId: this.#storeId,
      number: this.#readyLog as number,
      firstSequence: this.#sequence + 1,
      foldedSequence: this.#foldedSequence,
    });
    try {
      log.end(this.#sequence, next.number);
    } catch (error) {
      next.close();
      throw error;
    }
    this.#ended = this.#current;
    this.#current = { log: next, overlay: new Overlay() };
  }

  #foldFailed(error: unknown): void {
    if (this.#failure !== undefined) return;
    const problem = StoreProblem.of(error, "let LMDB take over a log");
    this.#foldError = this.#parts.errorOf(problem);
    this.#pauseUntil = performance.now() + PAUSE_MS;
    if (!problem.mayPass || this.#current.log.isRuined) this.fail(this.#foldError);
  }

  #letHeldGo(): void {
    this.#held.release(() => !this.#hasGrown(MOST_GROWTH));
    if (this.#held.isEmpty || this.#folding !== undefined) return;
    this.#foldUnlessPaused();
    if (this.#folding === undefined) this.#held.reject(this.#foldError as StoreError);
  }
}
