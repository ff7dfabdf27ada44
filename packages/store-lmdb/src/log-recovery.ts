import type { StoreChange } from "busline";
import type { StoreNotes } from "./entry-table.ts";
import { LOG_HEADER_BYTES, type LogHeader, unpackLogHeader } from "./log-header.ts";
import { ScannedLog } from "./scanned-log.ts";
import type { StoreFolder } from "./store-folder.ts";
import { StoreProblem } from "./store-problem.ts";
import { SyncedMark } from "./synced-mark.ts";

/*
 * What a process that dies can leave, in the order in which it comes about. Log 7 is in use, and is folded; `6` stands for
 * what LMDB's notes call the last folded commit, `log 7` for their first log.
 *
 *   1  log 7                                            the usual case
 *   2  log 7, an empty log 8                            log 8 was made ready: it has not begun
 *   3  log 7, log 8 with its header                     the same
 *   4  log 7 with its end, log 8 with its header        log 8 has begun
 *   5  log 7 with its end, log 8 with commits           both are needed, whatever LMDB is doing
 *   6  the same, and LMDB's notes say log 8             the fold is done: log 7 can go
 *   7  log 8                                            as 1
 *
 * The names of both logs are on the disk before 3, all of log 7 before a stable commit in log 8 is acknowledged, and before
 * LMDB begins with it. So where power fails:
 *
 *   -  of 3, log 7 may lack commits that were not synced, though log 8 says that they were there. Nothing in log 8 counts.
 *   -  of 4 and 5, log 8 may lack its header, or the end of its last record; nothing in it was acknowledged as stable then.
 *      The mark in `synced` knows better: it is written when a sync has ended, and what it says has to be there.
 *
 * All else is damage: a log that is missing between the first and the last, or behind one that has an end; one that begins
 * where the one before does not end; a record that is not sound before others that are.
 */

/** What has been found, with nothing changed yet. */
export interface FoundLogs {
  /** Those with commits that LMDB does not have, or the one that is to have them. */
  readonly logs: readonly ScannedLog[];
  /** Those that LMDB has all of, and one that has not begun. */
  readonly needless: readonly number[];
  /** What of the last log is to be set aside. */
  readonly torn: { readonly at: number; readonly length: number } | undefined;
  /** What else has to be said, as sentences that follow the store's name. */
  readonly warnings: readonly string[];
}

/** Reads the logs of a store. */
export class LogRecovery {
  readonly #folder: StoreFolder;
  readonly #notes: StoreNotes;
  readonly #acceptsTornTail: boolean;
  readonly #warnings: string[] = [];

  constructor(folder: StoreFolder, notes: StoreNotes, acceptsTornTail: boolean) {
    this.#folder = folder;
    this.#notes = notes;
    this.#acceptsTornTail = acceptsTornTail;
  }

  /** @throws {StoreProblem} something that was committed may be missing */
  find(): FoundLogs {
    const { firstLog } = this.#notes;
    const numbers = this.#folder.logNumbers();
    const needless = numbers.filter((number) => number < firstLog);
    const last = numbers.at(-1) ?? 0;
    const logs: ScannedLog[] = [];
    for (let number = firstLog; number <= Math.max(last, firstLog); number += 1) {
      if (!numbers.includes(number)) this.#damaged(number, "is missing");
      const log = this.#scan(number, logs.at(-1));
      if (log === undefined) needless.push(number);
      else logs.push(log);
    }
    const lastLog = logs.at(-1) as ScannedLog;
    if (lastLog.nextNumber !== undefined && !needless.includes(lastLog.nextNumber)) {
      this.#damaged(lastLog.nextNumber, "is missing");
    }
    const torn = this.#tornOf(lastLog);
    this.#checkSynced(lastLog);
    return { logs, needless, torn, warnings: this.#warnings };
  }

  /** @returns undefined if it has not begun */
  #scan(number: number, before: ScannedLog | undefined): ScannedLog | undefined {
    const path = this.#folder.logFile(number);
    const bytes = this.#folder.read(path) as Buffer;
    const header = this.#headerOf(number, bytes, before);
    if (header === undefined) return undefined;
    const log = new ScannedLog(path, header, bytes);
    const expected = (before?.lastSequence ?? this.#notes.foldedSequence) + 1;
    if (before !== undefined && before.nextNumber === undefined) {
      // It has not begun, unless there are commits in it. Nothing can be behind one that has not.
      const isBegun = log.hasCommits || log.rest !== undefined || log.nextNumber !== undefined;
      if (!isBegun) {
        if (header.firstSequence > expected) this.#lost(before.path, `commit ${expected} and on`);
        return undefined;
      }
    }
    if (before?.rest !== undefined) this.#refuse(before.path, before.rest.at, "and more follows");
    if (header.firstSequence === expected) return log;
    const text = `begins with commit ${header.firstSequence} instead of ${expected}`;
    return this.#damaged(number, text);
  }

  #headerOf(number: number, bytes: Buffer, before: ScannedLog | undefined): LogHeader | undefined {
    const header = unpackLogHeader(bytes);
    if (header === undefined) {
      // That of the first one is on the disk before LMDB says that it is the first.
      if (before === undefined || bytes.length >= LOG_HEADER_BYTES) {
        this.#damaged(number, "has no sound header");
      }
      if (bytes.length > 0 || before.nextNumber !== undefined) {
        this.#lost(this.#folder.logFile(number), "all that may have been in it");
      }
      return undefined;
    }
    if ("laterFormat" in header) {
      throw StoreProblem.laterVersion(`it has a log of format ${header.laterFormat}`);
    }
    const { storeId, foldedSequence } = this.#notes;
    if (header.storeId !== storeId) this.#damaged(number, "belongs to another store");
    if (header.number !== number) this.#damaged(number, `is log ${header.number}`);
    if (header.foldedSequence > foldedSequence) {
      const { dataFile } = this.#folder;
      throw StoreProblem.damaged(
        `${dataFile} ends with commit ${foldedSequence}, and has had ${header.foldedSequence}`,
      );
    }
    return header;
  }

  #tornOf({ path, rest }: ScannedLog): FoundLogs["torn"] {
    if (rest === undefined) return undefined;
    if (!rest.isCutOff && !this.#acceptsTornTail) {
      this.#refuse(path, rest.at, "with the option acceptTornTail it is set aside");
    }
    return rest;
  }

  #checkSynced({ lastSequence, path }: ScannedLog): void {
    const synced = SyncedMark.read(this.#folder, this.#notes.storeId);
    if (synced === undefined || synced <= lastSequence) return;
    const what = `commits up to ${synced} were on the disk, and ${path} ends with ${lastSequence}`;
    if (!this.#acceptsTornTail) throw StoreProblem.damaged(what);
    this.#warnings.push(`lacks what was acknowledged: ${what}`);
  }

  #lost(path: string, what: string): void {
    this.#warnings.push(`lacks ${what}, of ${path}: it had not been synced`);
  }

  #refuse(path: string, at: number, remark: string): never {
    const text = `in ${path}, at byte ${at}, is no sound record`;
    throw StoreProblem.damaged(`${text}; ${remark}`);
  }

  #damaged(number: number, text: string): never {
    throw StoreProblem.damaged(`${this.#folder.logFile(number)} ${text}`);
  }
}

/** The last value of each key that logs have changed. */
export function netChangesOf(logs: readonly ScannedLog[]): Map<string, StoreChange["value"]> {
  const net = new Map<string, StoreChange["value"]>();
  for (const log of logs) log.addTo(net);
  return net;
}
