import fs from "node:fs";
import type { StoreChange } from "busline";
import { LOG_HEADER_BYTES, type LogHeader, packLogHeader, seedOf } from "./log-header.ts";
import { RecordWriter } from "./log-record.ts";
import type { StoreFolder } from "./store-folder.ts";
import { StoreProblem } from "./store-problem.ts";

const { O_RDWR } = fs.constants;

/** A log that is being written. Each record is there as a whole, or not at all. */
export class LogFile {
  readonly number: number;
  readonly path: string;
  /** There is something in it that was written after its last sync began. */
  isDirty = false;
  changeCount = 0;
  /** Of the last commit, once it has been ended. */
  lastSequence = 0;
  readonly #folder: StoreFolder;
  readonly #file: number;
  readonly #records: RecordWriter;
  #length: number = LOG_HEADER_BYTES;
  #isClosed = false;
  /** What has made it unknown where it ends. */
  #ruin: StoreProblem | undefined;

  private constructor(folder: StoreFolder, header: Pick<LogHeader, "storeId" | "number">) {
    this.number = header.number;
    this.path = folder.logFile(header.number);
    this.#folder = folder;
    this.#records = new RecordWriter(seedOf(header));
    this.#file = folder.files.open(this.path, O_RDWR);
  }

  /** One that has its header, and nothing else. */
  static reopen(folder: StoreFolder, header: Pick<LogHeader, "storeId" | "number">): LogFile {
    return new LogFile(folder, header);
  }

  /** Gives one that is empty its header. */
  static begin(folder: StoreFolder, header: LogHeader): LogFile {
    const log = new LogFile(folder, header);
    try {
      folder.write(log.#file, packLogHeader(header), 0);
      log.isDirty = true;
      return log;
    } catch (error) {
      log.close();
      throw StoreProblem.of(error, "begin a new log");
    }
  }

  get length(): number {
    return this.#length;
  }

  /** It has a header only. */
  get isEmpty(): boolean {
    return this.#length === LOG_HEADER_BYTES;
  }

  /** Nobody knows where it ends: nothing can be written to it any more. */
  get isRuined(): boolean {
    return this.#ruin !== undefined;
  }

  /** @throws {StoreProblem} it has not been written; unless the log is ruined, it is as if it had not been tried */
  append(sequence: number, changes: readonly StoreChange[], isStable: boolean): void {
    this.#write(this.#records.commit(sequence, changes, isStable));
    this.changeCount += changes.length;
  }

  /** Says that another log follows. */
  end(lastSequence: number, nextNumber: number): void {
    this.#write(this.#records.end(lastSequence, nextNumber));
    this.lastSequence = lastSequence;
  }

  /** Settles when everything that has been written is on the disk. */
  sync(): Promise<void> {
    this.isDirty = false;
    return this.#folder.files.syncData(this.#file);
  }

  /** May be called again. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#folder.files.close(this.#file);
  }

  #write(record: Buffer): void {
    if (this.#ruin !== undefined) throw this.#ruin;
    try {
      this.isDirty = true;
      this.#folder.write(this.#file, record, this.#length);
    } catch (error) {
      const problem = StoreProblem.of(error, "write to its log");
      this.#cutBack(problem);
      throw problem;
    }
    this.#length += record.length;
  }

  #cutBack(problem: StoreProblem): void {
    try {
      this.#folder.files.truncate(this.#file, this.#length);
    } catch {
      this.#ruin = StoreProblem.failed(`${problem.message}; what was half written is still there`, {
        cause: problem.cause,
      });
      throw this.#ruin;
    }
  }
}
