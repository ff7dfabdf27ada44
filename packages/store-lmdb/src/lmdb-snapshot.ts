import type { LmdbPageFile } from "./lmdb-page-file.ts";
import type { LmdbPageSet } from "./lmdb-page-set.ts";

/** What the trees of a file have in common. */
export interface LmdbSnapshot {
  readonly file: LmdbPageFile;
  readonly pageSize: number;
  /** Those that one of the trees has been found to use. */
  readonly pages: LmdbPageSet;
  /** The last one: no page is newer. */
  readonly transaction: number;
}
