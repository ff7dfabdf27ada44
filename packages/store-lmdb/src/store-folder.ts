import fs from "node:fs";
import path from "node:path";
import type { FileOperations } from "./file-operations.ts";
import { StoreProblem } from "./store-problem.ts";

const { O_CREAT, O_EXCL, O_RDONLY, O_WRONLY } = fs.constants;
const OTHERS = new Set(["STORE", "STORE.new", "data.mdb", "lock.mdb", "synced"]);
const LOG = /^log-(\d{10})$/u;
/** Two pages: more than LMDB wants to have. */
const LMDB_LOCK_BYTES = 16_384;
const HARDLY_ANY_BYTES = 1_048_576;

/**
 * The files of a store:
 *
 *     STORE            tells that a store was made here, and which
 *     data.mdb         what LMDB holds
 *     lock.mdb         for LMDB's readers, new at each opening
 *     log-0000000001   commits that LMDB does not hold yet; the one with the highest number is being written
 *     synced           up to which commit the disk was told to keep
 *     lock             who has the store open
 */
export class StoreFolder {
  readonly path: string;
  readonly files: FileOperations;

  constructor(folder: string, files: FileOperations) {
    this.path = folder;
    this.files = files;
  }

  get dataFile(): string {
    return path.join(this.path, "data.mdb");
  }

  get markerFile(): string {
    return path.join(this.path, "STORE");
  }

  /** What the marker is called until everything else is there. */
  get newMarkerFile(): string {
    return `${this.markerFile}.new`;
  }

  get syncedFile(): string {
    return path.join(this.path, "synced");
  }

  logFile(number: number): string {
    return path.join(this.path, `log-${String(number).padStart(10, "0")}`);
  }

  /** The numbers of the logs that are there, in their order. */
  logNumbers(): number[] {
    const names = fs.readdirSync(this.path);
    const numbers = names.flatMap((name) => (LOG.test(name) ? [Number(LOG.exec(name)?.[1])] : []));
    return numbers.toSorted((one, other) => one - other);
  }

  exists(file: string): boolean {
    return fs.existsSync(file);
  }

  /** @returns undefined if there is no such file */
  read(file: string): Buffer | undefined {
    if (!this.exists(file)) return undefined;
    const opened = this.files.open(file, O_RDONLY);
    try {
      return fs.readFileSync(opened);
    } finally {
      this.files.close(opened);
    }
  }

  /** Makes a file that must not be there, and has it on the disk; its name once the folder is synced. */
  create(file: string, bytes: Uint8Array): void {
    this.#fill(file, O_CREAT | O_EXCL | O_WRONLY, bytes);
  }

  /** The same where there may be one. */
  overwrite(file: string, bytes: Uint8Array): void {
    this.#fill(file, O_CREAT | O_WRONLY, bytes);
  }

  #fill(file: string, flags: number, bytes: Uint8Array): void {
    const { files } = this;
    const opened = files.open(file, flags);
    try {
      files.truncate(opened, 0);
      this.write(opened, bytes, 0);
      files.sync(opened);
    } finally {
      files.close(opened);
    }
  }

  /** Writes all of it, however many calls that takes. */
  write(file: number, bytes: Uint8Array, position: number): void {
    for (let done = 0; done < bytes.length;) {
      done += this.files.write(file, bytes, done, bytes.length - done, position + done);
    }
  }

  /** Cuts a log off. */
  cut(file: string, length: number): void {
    const opened = this.files.open(file, O_WRONLY);
    try {
      this.files.truncate(opened, length);
      this.files.sync(opened);
    } finally {
      this.files.close(opened);
    }
  }

  /** There is hardly any room left on its disk. */
  get isFull(): boolean {
    const { bavail, bsize } = fs.statfsSync(this.path);
    return bavail * bsize < HARDLY_ANY_BYTES;
  }

  remove(file: string): void {
    this.files.remove(file);
  }

  /** For what does no harm if it stays: it is removed at the next opening. */
  removeIfPossible(file: string): void {
    try {
      this.remove(file);
    } catch {
      // Not now.
    }
  }

  sync(): void {
    this.files.syncFolder(this.path);
  }

  /**
   * Makes LMDB's file of readers anew, full length: LMDB would make one that all may read, and where its disk is full, a
   * write to what is not there yet ends the process. What readers of a process that was killed have left goes with it.
   */
  renewLmdbLock(): void {
    const file = path.join(this.path, "lock.mdb");
    this.remove(file);
    this.create(file, Buffer.alloc(LMDB_LOCK_BYTES));
  }

  /** @throws {StoreProblem} one of the files is a link, or no file: it may lead anywhere */
  refuseLinks(): void {
    for (const name of fs.readdirSync(this.path)) {
      if (!OTHERS.has(name) && !LOG.test(name)) continue;
      const file = path.join(this.path, name);
      if (fs.lstatSync(file).isFile()) continue;
      throw StoreProblem.failed(`is refused: ${file} is no ordinary file`);
    }
  }
}
