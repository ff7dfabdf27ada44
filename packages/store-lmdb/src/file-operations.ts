import fs from "node:fs";
import { promisify } from "node:util";

/** All that a store does with files of its own, so that a test can let any of it fail. What LMDB does is its own affair. */
export interface FileOperations {
  /** @returns its descriptor */
  open(path: string, flags: number): number;
  close(file: number): void;
  /** @returns how many bytes were written, which may be fewer than there are */
  write(file: number, bytes: Uint8Array, from: number, length: number, position: number): number;
  truncate(file: number, length: number): void;
  /** Settles when what was written before the call is on the disk, or may not be. */
  syncData(file: number): Promise<void>;
  /** The same, its length and name included, while the thread waits. */
  sync(file: number): void;
  /** Makes the names in a folder stable. */
  syncFolder(path: string): void;
  rename(from: string, to: string): void;
  remove(path: string): void;
}

/** Nobody but the user who runs the program may read messages. */
const FILE_MODE = 0o600;
// Windows has none.
const NO_FOLLOW = fs.constants.O_NOFOLLOW ?? 0;
const syncData = promisify(fs.fdatasync);

/** Those of Node.js. Links are never followed. */
export const nodeFiles: FileOperations = {
  open: (path, flags) => fs.openSync(path, flags | NO_FOLLOW, FILE_MODE),
  close: (file) => fs.closeSync(file),
  write: (file, bytes, from, length, position) => {
    return fs.writeSync(file, bytes, from, length, position);
  },
  truncate: (file, length) => fs.ftruncateSync(file, length),
  syncData,
  sync: (file) => fs.fsyncSync(file),
  syncFolder: (path) => {
    // Windows cannot open a folder, and writes its names by itself.
    if (process.platform === "win32") return;
    const folder = fs.openSync(path, "r");
    try {
      fs.fsyncSync(folder);
    } finally {
      fs.closeSync(folder);
    }
  },
  rename: (from, to) => fs.renameSync(from, to),
  remove: (path) => fs.rmSync(path, { force: true }),
};
