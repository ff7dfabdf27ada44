import { closeSync, fstatSync, openSync } from "node:fs";
import { LmdbChecksums } from "./lmdb-checksums.ts";
import { LmdbDamage } from "./lmdb-damage.ts";
import { LmdbFreeList } from "./lmdb-free-list.ts";
import { LmdbMainEntries } from "./lmdb-main-entries.ts";
import { newestLmdbMeta } from "./lmdb-newest-meta.ts";
import { LmdbPageFile } from "./lmdb-page-file.ts";
import { LmdbPageSet } from "./lmdb-page-set.ts";
import type { LmdbProblem } from "./lmdb-problem.ts";
import { LmdbTreeCheck } from "./lmdb-tree-check.ts";

/** What is checked, of that which LMDB itself knows nothing about. */
interface LmdbFileCheckOptions {
  /** Whether each value ends with the CRC-32 of key and value, in four bytes. On by default. */
  readonly checksums?: boolean;
  /**
   * The names of the databases there have to be beside the main one. A name is guarded by nothing else: where it is
   * damaged, LMDB finds no database, and makes another. By default there may be any.
   */
  readonly databases?: readonly string[];
}

/**
 * Reads a file of LMDB and finds out whether LMDB can: it trusts every bit of it, and a wrong one makes it skip half of a
 * tree in silence or ends the process.
 *
 * @returns what is wrong first of all, or `undefined` when LMDB will find every entry as it was written
 */
export function checkLmdbFile(
  path: string,
  options: LmdbFileCheckOptions = {},
): LmdbProblem | undefined {
  let fd: number | undefined;
  try {
    fd = openSync(path, "r");
    checkFile(new LmdbPageFile(fd, fstatSync(fd).size), options);
    return undefined;
  } catch (error) {
    if (error instanceof LmdbDamage) return { problem: error.message, page: error.page };
    // A file that cannot be read to its end is as bad as one that is wrong.
    return { problem: `cannot be read: ${String(error)}`, page: 0 };
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function checkFile(file: LmdbPageFile, { checksums, databases }: LmdbFileCheckOptions): void {
  const { number, pageSize, lastPage, transaction, free, main } = newestLmdbMeta(file);
  file.warm();
  const pages = new LmdbPageSet(lastPage + 1);
  const snapshot = { file, pageSize, pages, transaction };
  new LmdbTreeCheck(snapshot, free, new LmdbFreeList(snapshot)).run(number, transaction);
  const entries = new LmdbChecksums(file, checksums ?? true);
  const mainEntries = new LmdbMainEntries(snapshot, entries, databases);
  new LmdbTreeCheck(snapshot, main, mainEntries).run(number, transaction);
  mainEntries.checkNames(number);
}
