import fs from "node:fs";
import path from "node:path";
import {
  type Durability,
  InvalidConfigurationError,
  type MessageStore,
  type PayloadCodec,
  type ReadLimits,
  type StoreChange,
  type StoreEntry,
  StoreError,
  type StoreRange,
} from "busline";
import { faultOfChanges } from "./change-list.ts";
import type { OpenedEngine, StartedEngine } from "./engine.ts";
import { EngineThread } from "./engine-thread.ts";
import { type FileOperations, nodeFiles } from "./file-operations.ts";
import { type FoldLimits, Journal, type JournalParts } from "./journal.ts";
import { LayeredEntries } from "./layered-entries.ts";
import {
  type CheckedLmdbStoreOptions,
  type LmdbStoreOptions,
  readLmdbStoreOptions,
} from "./lmdb-store-options.ts";
import { StoreFolder } from "./store-folder.ts";
import { StoreLock } from "./store-lock.ts";
import { StoreProblem } from "./store-problem.ts";
import { SyncedMark } from "./synced-mark.ts";

/** What a test may put in the place of the usual. */
export interface LmdbStoreParts {
  readonly files: FileOperations;
  readonly limits: FoldLimits;
  startEngine(folder: string, lost: (problem: StoreProblem) => void): StartedEngine;
}

/** What an open store has. */
interface Opened {
  readonly lock: StoreLock;
  readonly engine: StartedEngine;
  readonly mark: SyncedMark;
  readonly journal: Journal;
  readonly entries: LayeredEntries;
}

const FOLDER_MODE = 0o700;
const EVERYBODY_WRITES = 0o002;
const usualParts: LmdbStoreParts = {
  files: nodeFiles,
  limits: { bytes: 4 * 1_048_576, changes: 20_000 },
  startEngine: (folder, lost) => new EngineThread(folder, lost),
};

/** A store in a folder, of which one process at a time has the use. It is made by `lmdbStore`. */
export class LmdbStore implements MessageStore {
  readonly name: string;
  readonly codec: PayloadCodec;
  readonly #options: CheckedLmdbStoreOptions;
  readonly #parts: LmdbStoreParts;
  #opening: Promise<void> | undefined;
  #opened: Opened | undefined;
  #closing: Promise<void> | undefined;
  #failure: StoreError | undefined;

  constructor(folder: string, options?: LmdbStoreOptions, parts: Partial<LmdbStoreParts> = {}) {
    this.#options = readLmdbStoreOptions(options);
    this.#parts = { ...usualParts, ...parts };
    this.name = path.resolve(folder);
    this.codec = this.#options.codec;
  }

  async open(): Promise<void> {
    this.#refuseIf(this.#closing !== undefined, "is closed");
    this.#refuseIf(this.#opening !== undefined, "is open, or is being opened");
    this.#opening = this.#open();
    try {
      await this.#opening;
    } catch (error) {
      this.#opening = undefined;
      throw error;
    }
  }

  get(keys: readonly string[]): Promise<readonly (Uint8Array | undefined)[]> {
    return this.#ask((entries) => entries.get(keys));
  }

  read(range: StoreRange, limits: ReadLimits): Promise<readonly StoreEntry[]> {
    return this.#ask((entries) => entries.read(range, limits));
  }

  count(range: StoreRange): Promise<number> {
    return this.#ask((entries) => entries.count(range));
  }

  commit(changes: readonly StoreChange[], durability: Durability): Promise<void> {
    try {
      const { journal } = this.#use();
      const fault = faultOfChanges(changes);
      this.#refuseIf(fault !== undefined, fault ?? "");
      return journal.commit(changes, durability);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #open(): Promise<void> {
    const { files } = this.#parts;
    let lock: StoreLock | undefined;
    let engine: StartedEngine | undefined;
    try {
      const folder = new StoreFolder(makeFolder(this.name, files), files);
      if (isOpenToAll(folder.path)) {
        this.#warn("BUSLINE_STORE_EXPOSED", "lies in a folder in which everybody may write");
      }
      lock = StoreLock.take(folder.path);
      engine = this.#parts.startEngine(folder.path, (problem) => this.#lost(problem));
      const found = await engine.open({ acceptTornTail: this.#options.acceptTornTail });
      this.#opened = this.#start(folder, lock, engine, found);
      for (const warning of found.warnings) this.#warn("BUSLINE_STORE_TORN", warning);
    } catch (error) {
      await engine?.end();
      lock?.release();
      throw this.#errorOf(StoreProblem.of(error, "be opened"));
    }
  }

  #start(folder: StoreFolder, lock: StoreLock, engine: StartedEngine, found: OpenedEngine): Opened {
    const mark = new SyncedMark(folder, found.storeId);
    const parts: JournalParts = {
      folder,
      engine,
      mark,
      limits: this.#parts.limits,
      checkLock: () => {
        if (!lock.isOurs) throw StoreProblem.failed("has failed: it has lost its lock");
      },
      errorOf: (problem) => this.#errorOf(problem),
      failed: (error) => {
        this.#failure ??= error;
      },
    };
    try {
      // All that is there is on the disk.
      mark.write(found.foldedSequence);
      const journal = new Journal(parts, found);
      return { lock, engine, mark, journal, entries: new LayeredEntries(engine, journal) };
    } catch (error) {
      mark.close();
      throw error;
    }
  }

  async #close(): Promise<void> {
    await this.#opening?.catch(() => {});
    if (this.#opened === undefined) return;
    const { journal, engine, mark, lock } = this.#opened;
    this.#opened = undefined;
    try {
      await journal.close();
      await engine.close();
    } catch (error) {
      throw this.#errorOf(error);
    } finally {
      await engine.end();
      mark.close();
      lock.release();
    }
  }

  async #ask<Answer>(question: (entries: LayeredEntries) => Promise<Answer>): Promise<Answer> {
    const { entries } = this.#use();
    try {
      return await question(entries);
    } catch (error) {
      throw this.#failure ?? this.#errorOf(error);
    }
  }

  #use(): Opened {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#opened !== undefined) return this.#opened;
    throw this.#errorOf(
      StoreProblem.failed(this.#closing === undefined ? "is not open" : "is closed"),
    );
  }

  /** The engine has ended by itself. */
  #lost(problem: StoreProblem): void {
    if (this.#opened === undefined) return;
    this.#failure ??= this.#errorOf(problem);
    this.#opened.journal.fail(this.#failure);
  }

  #refuseIf(isRefused: boolean, text: string): void {
    if (isRefused) throw this.#errorOf(StoreProblem.failed(text));
  }

  #errorOf(error: unknown): StoreError {
    if (error instanceof StoreError) return error;
    const { code, message, cause } = StoreProblem.of(error, "do what it was asked for");
    return new StoreError(code, this.name, message, cause === undefined ? undefined : { cause });
  }

  #warn(code: string, text: string): void {
    process.emitWarning(`Store "${this.name}" ${text}`, { type: "BuslineWarning", code });
  }
}

/**
 * A store for a bus's durable destinations, in a folder of this machine, without a server: given as the option `store` of a
 * bus. The folder is made if it is not there. One process at a time can have it open.
 *
 * @throws {InvalidConfigurationError} the folder or an option is not what is allowed
 */
export function lmdbStore(folder: string, options?: LmdbStoreOptions): LmdbStore {
  if (typeof folder !== "string" || folder === "" || folder.includes("\0")) {
    const allowed = "the path of a folder";
    throw new InvalidConfigurationError({
      where: "lmdbStore",
      attribute: "folder",
      value: folder,
      allowed,
    });
  }
  return new LmdbStore(folder, options);
}

/** @returns its real path */
function makeFolder(folder: string, files: FileOperations): string {
  const first = fs.mkdirSync(folder, { recursive: true, mode: FOLDER_MODE });
  const real = fs.realpathSync(folder);
  if (!fs.statSync(real).isDirectory()) throw StoreProblem.failed("is no folder");
  if (first === undefined) return real;
  // The names of all folders that were made.
  const above = path.dirname(first);
  for (let one = path.dirname(real); one.startsWith(above); one = path.dirname(one)) {
    files.syncFolder(one);
    if (one === above) break;
  }
  return real;
}

/** Windows has other ways to say so. */
function isOpenToAll(folder: string): boolean {
  return process.platform !== "win32" && (fs.statSync(folder).mode & EVERYBODY_WRITES) !== 0;
}
