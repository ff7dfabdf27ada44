import { randomBytes } from "node:crypto";
import { EntryTable, type StoreNotes } from "./entry-table.ts";
import { LOG_HEADER_BYTES, packLogHeader } from "./log-header.ts";
import type { StoreFolder } from "./store-folder.ts";
import { STORE_VERSION } from "./store-layout.ts";
import { packMarker } from "./store-marker.ts";
import { StoreProblem } from "./store-problem.ts";

const FIRST_LOG = 1;
const STORE_ID_BYTES = 16;
const LMDB_FIRST_BYTES = 131_072;

/**
 * Makes a store where there is none. Its marker gets its name last: while it is called `STORE.new` nobody has been told
 * that the store is open, so nothing can be in it, and whoever comes next begins anew. Without any marker there must not be
 * anything else either: it may be a store that has lost it.
 *
 * @throws {StoreProblem} there may have been a store
 */
export async function createStore(folder: StoreFolder): Promise<void> {
  refuseRemains(folder);
  const storeId = randomBytes(STORE_ID_BYTES).toString("hex");
  folder.overwrite(folder.newMarkerFile, packMarker(storeId));
  folder.sync();
  for (const number of folder.logNumbers()) folder.remove(folder.logFile(number));
  for (const file of [folder.dataFile, folder.syncedFile]) folder.remove(file);
  // Where there is no room for its first pages, LMDB ends the process: here it is only an error.
  folder.create(folder.dataFile, Buffer.alloc(LMDB_FIRST_BYTES));
  folder.cut(folder.dataFile, 0);
  folder.renewLmdbLock();
  const notes = { version: STORE_VERSION, storeId, foldedSequence: 0, firstLog: FIRST_LOG };
  await fill(folder, notes);
  const header = { storeId, number: FIRST_LOG, firstSequence: 1, foldedSequence: 0 };
  folder.create(folder.logFile(FIRST_LOG), packLogHeader(header));
  folder.sync();
  folder.files.rename(folder.newMarkerFile, folder.markerFile);
  folder.sync();
}

function refuseRemains(folder: StoreFolder): void {
  const begun = folder.exists(folder.newMarkerFile);
  for (const file of [folder.dataFile, ...folder.logNumbers().map((one) => folder.logFile(one))]) {
    const isData = file === folder.dataFile;
    if (!folder.exists(file)) continue;
    if (begun && (isData || (folder.read(file)?.length ?? 0) <= LOG_HEADER_BYTES)) continue;
    throw StoreProblem.damaged(`there is ${file}, and ${folder.markerFile} is missing`);
  }
}

async function fill(folder: StoreFolder, notes: StoreNotes): Promise<void> {
  const table = new EntryTable(folder.path, folder.dataFile);
  try {
    table.change(new Map(), notes);
  } finally {
    await table.close();
  }
}
