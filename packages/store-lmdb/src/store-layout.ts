import type { EntryTable, StoreNotes } from "./entry-table.ts";
import { StoreProblem } from "./store-problem.ts";

/** Which layout of LMDB's entries this version writes. */
export const STORE_VERSION = 1;

/**
 * What makes a layout the next one, by the version that it begins with. It returns all changes of entries; they are made
 * together with the new version, so that a process that dies meanwhile has changed nothing.
 */
type Migration = (table: EntryTable) => ReadonlyMap<string, Uint8Array | undefined>;

const migrations: ReadonlyMap<number, Migration> = new Map();

/** @throws {StoreProblem} a later version has written it */
export function bringUpToDate(table: EntryTable, found: StoreNotes): StoreNotes {
  let { version } = found;
  if (version > STORE_VERSION) {
    throw StoreProblem.laterVersion(`it has layout ${version}, and ${STORE_VERSION} is known here`);
  }
  while (version < STORE_VERSION) {
    const migrate = migrations.get(version);
    if (migrate === undefined) {
      throw StoreProblem.damaged(`it has layout ${version}, which there never was`);
    }
    version += 1;
    table.change(migrate(table), { ...found, version });
  }
  return { ...found, version };
}
