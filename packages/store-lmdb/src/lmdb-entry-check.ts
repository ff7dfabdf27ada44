import type { LmdbPage } from "./lmdb-page.ts";

/** What is checked of an entry beside its place in the tree. */
export interface LmdbEntryCheck {
  /** Whether the keys are numbers, not bytes. */
  readonly hasNumbers: boolean;
  /** Whether an entry may be the record of another tree. */
  readonly hasTrees: boolean;
  /** @param overflow where in the file the value begins, unless it follows the key */
  check(leaf: LmdbPage, node: number, overflow: number | undefined): void;
}
