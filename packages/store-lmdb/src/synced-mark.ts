import fs from "node:fs";
import { crc32 } from "node:zlib";
import type { StoreFolder } from "./store-folder.ts";

const { O_CREAT, O_WRONLY } = fs.constants;
const BYTES = 12;

/**
 * Up to which commit the disk has been told to keep: without it, nobody could tell a log that was cut off between two
 * commits from one that has always ended there. It is written after a sync and not synced itself, so after a failure of
 * power it may tell of less, never of more.
 */
export class SyncedMark {
  readonly #folder: StoreFolder;
  readonly #storeId: string;
  readonly #file: number;
  readonly #bytes: Buffer = Buffer.alloc(BYTES);

  constructor(folder: StoreFolder, storeId: string) {
    this.#folder = folder;
    this.#storeId = storeId;
    this.#file = folder.files.open(folder.syncedFile, O_CREAT | O_WRONLY);
  }

  /** @returns the last commit; undefined if the file is missing, or says nothing */
  static read(folder: StoreFolder, storeId: string): number | undefined {
    const bytes = folder.read(folder.syncedFile);
    if (bytes?.length !== BYTES) return undefined;
    const sequence = bytes.readUIntLE(0, 6);
    return bytes.readUInt32LE(8) === checkOf(bytes, storeId) ? sequence : undefined;
  }

  /** Nothing depends on it being written. */
  write(sequence: number): void {
    this.#bytes.writeUIntLE(sequence, 0, 6);
    this.#bytes.writeUInt32LE(checkOf(this.#bytes, this.#storeId), 8);
    try {
      this.#folder.write(this.#file, this.#bytes, 0);
    } catch {
      // The next one, or none.
    }
  }

  close(): void {
    this.#folder.files.close(this.#file);
  }
}

function checkOf(bytes: Buffer, storeId: string): number {
  return crc32(bytes.subarray(0, 6), crc32(storeId));
}
