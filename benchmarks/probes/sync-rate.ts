import {
  closeSync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  openSync,
  rmSync,
  writeSync,
} from "node:fs";
import path from "node:path";

/** How a file is written to before each sync. In place is quicker: its length need not be synced. */
type SyncedWrite = "appending" | "in place";

/** As long as a message of these scenarios. */
const RECORD = Buffer.alloc(200, "a message ");
/** So many are there before they are written in place. */
const RECORDS = 5_000;

interface SyncRate {
  /** How many a second. */
  readonly rate: number;
  readonly count: number;
  /** How many records the file has, by its length. */
  readonly recordCount: number;
}

/** One write and one `fdatasync` after the other, by a thread that waits for each, for so long. */
export function syncRate(folder: string, write: SyncedWrite, forMs: number): SyncRate {
  const name = path.join(folder, `synced-${write === "appending" ? "appending" : "in-place"}`);
  const file = openSync(name, "w");
  try {
    if (write === "in place") {
      writeSync(file, Buffer.alloc(RECORDS * RECORD.length));
      fsyncSync(file);
    }
    const from = performance.now();
    let now = from;
    let count = 0;
    for (; now - from < forMs || count === 0; now = performance.now()) {
      const at = write === "appending" ? null : (count % RECORDS) * RECORD.length;
      writeSync(file, RECORD, 0, RECORD.length, at);
      fdatasyncSync(file);
      count += 1;
    }
    const recordCount = fstatSync(file).size / RECORD.length;
    return { rate: (count * 1_000) / (now - from), count, recordCount };
  } finally {
    closeSync(file);
    rmSync(name);
  }
}

/** The rate of the quicker way to write. */
export function bestSyncRate(folder: string, forMs: number): number {
  const rates = (["appending", "in place"] as const).map((write) => {
    return syncRate(folder, write, forMs / 2).rate;
  });
  return Math.max(...rates);
}
