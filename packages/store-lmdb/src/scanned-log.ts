import type { StoreChange } from "busline";
import { unpackChanges } from "./change-list.ts";
import { LOG_HEADER_BYTES, type LogHeader, seedOf } from "./log-header.ts";
import { findRecord, type LogRecord, readRecord } from "./log-record.ts";
import { StoreProblem } from "./store-problem.ts";

/** What lies behind the last sound record. */
export interface LogRest {
  /** The file ends inside the next record: a write that did not come to its end, so nobody was told that it had. */
  readonly isCutOff: boolean;
  readonly at: number;
  readonly length: number;
}

/** A log that has been read to its end, with each record checked. */
export class ScannedLog {
  readonly header: LogHeader;
  readonly path: string;
  /** Of the last commit; where there is none, of the one before the log. */
  readonly lastSequence: number;
  /** Of the log that follows, if this one was ended. */
  readonly nextNumber: number | undefined;
  readonly rest: LogRest | undefined;
  readonly #commits: readonly LogRecord[];

  /** @throws {StoreProblem} a record is missing between others */
  constructor(path: string, header: LogHeader, bytes: Buffer) {
    this.path = path;
    this.header = header;
    const seed = seedOf(header);
    const commits: LogRecord[] = [];
    let nextNumber: number | undefined;
    let at = LOG_HEADER_BYTES;
    while (at < bytes.length && nextNumber === undefined) {
      const record = readRecord(bytes, at, seed);
      if (typeof record === "string") break;
      this.#expect(header.firstSequence + commits.length - (record.isCommit ? 0 : 1), record, at);
      if (record.isCommit) commits.push(record);
      else nextNumber = record.body.readUInt32LE(0);
      at = record.end;
    }
    this.#commits = commits;
    this.lastSequence = header.firstSequence + commits.length - 1;
    this.nextNumber = nextNumber;
    this.rest = at === bytes.length ? undefined : this.#restFrom(at, bytes, seed);
  }

  get hasCommits(): boolean {
    return this.#commits.length > 0;
  }

  /** What all its commits have made of keys: the last value of each. */
  addTo(net: Map<string, StoreChange["value"]>): void {
    for (const { body } of this.#commits) {
      for (const { key, value } of unpackChanges(body)) net.set(key, value);
    }
  }

  #expect(sequence: number, record: LogRecord, at: number): void {
    if (record.sequence === sequence) return;
    const found = `commit ${record.sequence} stands where ${sequence} should`;
    throw StoreProblem.damaged(`in ${this.path}, at byte ${at}, ${found}`);
  }

  #restFrom(at: number, bytes: Buffer, seed: number): LogRest {
    const isEnded = this.nextNumber !== undefined;
    if (isEnded || findRecord(bytes, at + 1, seed) >= 0) {
      const where = `${this.path}, at byte ${at}`;
      throw StoreProblem.damaged(`${where}, is no sound record, and more follows`);
    }
    const isCutOff = readRecord(bytes, at, seed) === "cut off";
    return { isCutOff, at, length: bytes.length - at };
  }
}
