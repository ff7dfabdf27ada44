import { crc32 } from "node:zlib";
import type { StoreChange, StoreEntry, StoreRange } from "busline";
import { open, type RootDatabase } from "lmdb";
import { StoreProblem } from "./store-problem.ts";

/** What LMDB holds about the store itself. */
export interface StoreNotes {
  /** Which layout it has. */
  readonly version: number;
  readonly storeId: string;
  /** The last commit whose changes are in LMDB, as those of all before it are. */
  readonly foldedSequence: number;
  /** The log with the commit behind it. All logs before can go. */
  readonly firstLog: number;
}

/** Before all that is printable. */
const NOTES_KEY = "\u{1}store";
const FIRST_KEY = " ";
const CRC_BYTES = 4;
/** So many changes are made before others have their turn. */
const CHANGES_AT_ONCE = 256;

/** The entries that are in LMDB. Each has a checksum, which is compared whenever it is read. */
export class EntryTable {
  readonly #file: string;
  readonly #lmdb: RootDatabase<Buffer, Buffer>;
  #memory: Buffer = Buffer.allocUnsafeSlow(65_536);

  constructor(folder: string, file: string) {
    this.#file = file;
    this.#lmdb = open<Buffer, Buffer>(folder, {
      // A folder with a dot in its name is taken for a file otherwise.
      noSubdir: false,
      encoding: "binary",
      keyEncoding: "binary",
      overlappingSync: false,
      cache: false,
      compression: false,
    });
  }

  notes(): StoreNotes | undefined {
    const [notes] = this.get([NOTES_KEY]);
    return notes === undefined ? undefined : (JSON.parse(notes.toString()) as StoreNotes);
  }

  get(keys: readonly string[]): (Buffer | undefined)[] {
    return keys.map((key) => {
      const sealed = this.#lmdb.get(bytesOf(key));
      return sealed === undefined ? undefined : this.#unseal(key, sealed);
    });
  }

  has(key: string): boolean {
    return this.#lmdb.doesExist(bytesOf(key));
  }

  /** @returns entries up to the first with which one of the limits is reached */
  read(
    range: StoreRange,
    most: { readonly entries: number; readonly bytes: number },
  ): StoreEntry[] {
    const found: StoreEntry[] = [];
    let left = most.bytes;
    if (isEmpty(range)) return found;
    for (const entry of this.#lmdb.getRange({ ...boundsOf(range), limit: most.entries })) {
      const key = entry.key.toString("latin1");
      const value = this.#unseal(key, entry.value);
      found.push({ key, value });
      left -= value.length;
      if (left <= 0) break;
    }
    return found;
  }

  count(range: StoreRange): number {
    return isEmpty(range) ? 0 : this.#lmdb.getKeysCount(boundsOf(range));
  }

  /**
   * Makes all changes, or none of them, and has them on the disk when it returns.
   *
   * @param meanwhile called again and again: it may read, and must not mind which of the changes it sees
   */
  change(
    net: ReadonlyMap<string, StoreChange["value"]>,
    notes: StoreNotes,
    meanwhile: () => void = () => {},
  ): void {
    // LMDB writes a page once for all of its neighbours.
    const keys = [...net.keys()].toSorted();
    meanwhile();
    this.#lmdb.transactionSync(() => {
      keys.forEach((key, at) => {
        this.#put(key, net.get(key));
        if (at % CHANGES_AT_ONCE === CHANGES_AT_ONCE - 1) meanwhile();
      });
      this.#put(NOTES_KEY, Buffer.from(JSON.stringify(notes)));
    });
  }

  close(): Promise<void> {
    return this.#lmdb.close();
  }

  /** LMDB copies both, so each goes by the same memory: key, value, checksum. */
  #put(key: string, value: Uint8Array | undefined): void {
    const end = key.length + (value?.length ?? 0);
    const entry = this.#room(end + CRC_BYTES);
    entry.write(key, 0, "latin1");
    const keyBytes = entry.subarray(0, key.length);
    if (value === undefined) {
      this.#lmdb.removeSync(keyBytes);
      return;
    }
    entry.set(value, key.length);
    entry.writeUInt32LE(crc32(entry.subarray(0, end)), end);
    this.#lmdb.putSync(keyBytes, entry.subarray(key.length, end + CRC_BYTES));
  }

  #room(length: number): Buffer {
    if (length > this.#memory.length) this.#memory = Buffer.allocUnsafeSlow(2 * length);
    return this.#memory;
  }

  #unseal(key: string, sealed: Buffer): Buffer {
    const length = sealed.length - CRC_BYTES;
    const value = sealed.subarray(0, Math.max(0, length));
    if (length >= 0 && sealed.readUInt32LE(length) === crc32(value, crc32(key))) return value;
    const which = `the value of ${JSON.stringify(key)} is not what was written`;
    throw StoreProblem.damaged(`in ${this.#file}, ${which}`);
  }
}

function bytesOf(key: string): Buffer {
  return Buffer.from(key, "latin1");
}

function isEmpty({ from, to }: StoreRange): boolean {
  return to <= from || to <= FIRST_KEY;
}

/** Without what LMDB holds about the store itself. */
function boundsOf({ from, to }: StoreRange): { readonly start: Buffer; readonly end: Buffer } {
  return { start: bytesOf(from < FIRST_KEY ? FIRST_KEY : from), end: bytesOf(to) };
}
