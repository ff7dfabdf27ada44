import fs from "node:fs";
import { packChanges } from "./change-list.ts";
import type {
  CountOrder,
  EngineWork,
  EntryPage,
  FoldOrder,
  OpenedEngine,
  PageOrder,
} from "./engine.ts";
import { EntryTable, type StoreNotes } from "./entry-table.ts";
import { checkLmdbFile } from "./lmdb-file-check.ts";
import { packLogHeader, unpackLogHeader } from "./log-header.ts";
import { type FoundLogs, LogRecovery, netChangesOf } from "./log-recovery.ts";
import { ScannedLog } from "./scanned-log.ts";
import { createStore } from "./store-creation.ts";
import type { StoreFolder } from "./store-folder.ts";
import { bringUpToDate } from "./store-layout.ts";
import { unpackMarker } from "./store-marker.ts";
import { StoreProblem } from "./store-problem.ts";

/** The engine itself, for a thread that may wait for the disk. */
export class LmdbEngine implements EngineWork {
  readonly #folder: StoreFolder;
  /** Called while a fold goes on: the moment to let others read. */
  readonly #meanwhile: () => void;
  #table: EntryTable | undefined;
  #notes: StoreNotes | undefined;

  constructor(folder: StoreFolder, meanwhile: () => void = () => {}) {
    this.#folder = folder;
    this.#meanwhile = meanwhile;
  }

  async open({ acceptTornTail }: { readonly acceptTornTail: boolean }): Promise<OpenedEngine> {
    const folder = this.#folder;
    folder.refuseLinks();
    try {
      if (!folder.exists(folder.markerFile)) await createStore(folder);
      const notes = this.#openTable();
      const found = new LogRecovery(folder, notes, acceptTornTail).find();
      const warnings = [...found.warnings, ...this.#setAside(found)];
      const { number } = this.#takeOver(found);
      const { storeId, foldedSequence } = this.#knownNotes;
      return { storeId, foldedSequence, logNumber: number, warnings };
    } catch (error) {
      throw this.#problemOf(error, "be opened");
    }
  }

  prepareLog(number: number): void {
    const file = this.#folder.logFile(number);
    // One is there if it could not be made ready before.
    this.#folder.remove(file);
    this.#folder.create(file, new Uint8Array());
    this.#folder.sync();
  }

  async fold({ logNumber, throughSequence, nextLog }: FoldOrder): Promise<void> {
    const folder = this.#folder;
    const path = folder.logFile(logNumber);
    const bytes = folder.read(path) ?? Buffer.alloc(0);
    this.#meanwhile();
    const header = unpackLogHeader(bytes);
    if (header === undefined || "laterFormat" in header) {
      throw StoreProblem.damaged(`${path} has lost its header`);
    }
    const log = new ScannedLog(path, header, bytes);
    if (log.lastSequence !== throughSequence || log.nextNumber !== nextLog) {
      throw StoreProblem.damaged(`${path} has lost what was written to it`);
    }
    await this.#changeOrRecover([log], nextLog);
    folder.removeIfPossible(path);
  }

  get(keys: readonly string[]): Uint8Array<ArrayBuffer> {
    const values = this.#openedTable.get(keys);
    return packChanges(keys.map((key, at) => ({ key, value: values[at] })));
  }

  read({ entries, bytes, ...range }: PageOrder): EntryPage {
    const found = this.#openedTable.read(range, { entries, bytes });
    const size = found.reduce((sum, { value }) => sum + value.length, 0);
    return { bytes: packChanges(found), isLast: found.length < entries && size < bytes };
  }

  count({ without, ...range }: CountOrder): number {
    const table = this.#openedTable;
    return table.count(range) - without.filter((key) => table.has(key)).length;
  }

  async close(): Promise<void> {
    await this.#table?.close();
    this.#table = undefined;
  }

  get #openedTable(): EntryTable {
    if (this.#table !== undefined) return this.#table;
    throw StoreProblem.failed("is not open");
  }

  get #knownNotes(): StoreNotes {
    return this.#notes as StoreNotes;
  }

  #openTable(): StoreNotes {
    const folder = this.#folder;
    const { dataFile, markerFile } = folder;
    const storeId = unpackMarker(folder.read(markerFile) ?? Buffer.alloc(0), markerFile);
    if (!folder.exists(dataFile)) throw StoreProblem.damaged(`${dataFile} is missing`);
    const damage = checkLmdbFile(dataFile, { databases: [] });
    if (damage !== undefined) {
      const { page, problem } = damage;
      throw StoreProblem.damaged(`in ${dataFile}, page ${page} ${problem}`);
    }
    folder.renewLmdbLock();
    const table = new EntryTable(folder.path, dataFile);
    this.#table = table;
    const notes = table.notes();
    if (notes?.storeId !== storeId) {
      throw StoreProblem.damaged(`${dataFile} is not the one that belongs to it`);
    }
    this.#notes = bringUpToDate(table, notes);
    return this.#notes;
  }

  /** Keeps a copy of what is cut off. @returns what has to be said about it */
  #setAside({ logs, torn }: FoundLogs): string[] {
    const log = logs.at(-1);
    if (log === undefined || torn === undefined) return [];
    const folder = this.#folder;
    const bytes = (folder.read(log.path) as Buffer).subarray(torn.at);
    let copy = `${log.path}.torn-1`;
    for (let number = 2; fs.existsSync(copy); number += 1) copy = `${log.path}.torn-${number}`;
    folder.create(copy, bytes);
    folder.sync();
    folder.cut(log.path, torn.at);
    const what = `the last ${torn.length} bytes of ${log.path}, which are no whole commit`;
    return [`has set aside ${what}: they are in ${copy}`];
  }

  /** Has LMDB take over all logs. @returns the one to go on with, in which there is no commit */
  #takeOver({ logs, needless }: FoundLogs): ScannedLog["header"] {
    const folder = this.#folder;
    for (const number of needless) folder.remove(folder.logFile(number));
    const last = logs.at(-1) as ScannedLog;
    const isUsed = last.nextNumber !== undefined || logs.some((log) => log.hasCommits);
    const { storeId, foldedSequence } = this.#knownNotes;
    let { header } = last;
    if (isUsed) {
      const firstSequence = last.lastSequence + 1;
      header = { storeId, number: header.number + 1, firstSequence, foldedSequence };
      folder.create(folder.logFile(header.number), packLogHeader(header));
      folder.sync();
    }
    if (header.number === this.#knownNotes.firstLog) return header;
    this.#change(logs, header.number);
    for (const { path } of logs) if (path !== folder.logFile(header.number)) folder.remove(path);
    return header;
  }

  async #changeOrRecover(logs: readonly ScannedLog[], firstLog: number): Promise<void> {
    try {
      this.#change(logs, firstLog);
    } catch (error) {
      const problem = this.#problemOf(error, "let LMDB take over a log");
      // What LMDB thinks of itself after a failure is not relied upon.
      await this.close();
      this.#table = new EntryTable(this.#folder.path, this.#folder.dataFile);
      throw problem;
    }
  }

  #problemOf(error: unknown, doing: string): StoreProblem {
    return StoreProblem.of(error, doing, () => this.#folder.isFull);
  }

  #change(logs: readonly ScannedLog[], firstLog: number): void {
    const foldedSequence = (logs.at(-1) as ScannedLog).lastSequence;
    const notes = { ...this.#knownNotes, foldedSequence, firstLog };
    const net = netChangesOf(logs);
    this.#meanwhile();
    this.#openedTable.change(net, notes, this.#meanwhile);
    this.#notes = notes;
  }
}
