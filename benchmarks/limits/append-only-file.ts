import { closeSync, existsSync, fdatasync, openSync, writeSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import type { OpenDurableQueue } from "../peers/durable-queue.ts";
import { Groups } from "./groups.ts";
import { HandWrittenQueue, type QueueTable, type TableEntry } from "./hand-written-queue.ts";
import { LineReader } from "./line-reader.ts";

const sync = promisify(fdatasync);

/**
 * A file that is only ever written to at its end, a line for each: "+" and an entry, whose id is how manieth it is, "*"
 * and the first and last id of those that are marked, "-" and the id of one that is removed. What has come together is
 * written by one call and synced by one. No checksums, no room is ever freed.
 */
class AppendOnlyFile implements QueueTable {
  readonly #file: number;
  readonly #groups: Groups<string>;
  /** Those that were removed before the file was opened. */
  readonly #removed = new Set<number>();
  readonly #reader: LineReader;
  #count = 0;
  #readId = 0;

  constructor(name: string) {
    if (existsSync(name)) this.#scan(name);
    this.#file = openSync(name, "a+");
    this.#reader = new LineReader(this.#file);
    this.#groups = new Groups(async (lines) => {
      writeSync(this.#file, lines.join(""));
      await sync(this.#file);
    });
  }

  put(text: string): Promise<void> {
    this.#count += 1;
    return this.#groups.add(`+${text}\n`);
  }

  mark(entries: readonly TableEntry[]): Promise<void> {
    return this.#groups.add(`*${entries[0]?.id} ${entries.at(-1)?.id}\n`);
  }

  remove(id: number): Promise<void> {
    this.#count -= 1;
    return this.#groups.add(`-${id}\n`);
  }

  next(most: number): TableEntry[] {
    const entries: TableEntry[] = [];
    while (entries.length < most) {
      if (!this.#reader.advance()) break;
      if (this.#reader.kind !== "+") continue;
      this.#readId += 1;
      if (this.#removed.has(this.#readId)) continue;
      entries.push({ id: this.#readId, text: this.#reader.rest });
    }
    return entries;
  }

  count(): number {
    return this.#count;
  }

  close(): Promise<void> {
    closeSync(this.#file);
    return Promise.resolve();
  }

  /** What has been removed, and how many are left. */
  #scan(name: string): void {
    const file = openSync(name, "r");
    const reader = new LineReader(file);
    while (reader.advance()) {
      if (reader.kind === "+") this.#count += 1;
      if (reader.kind === "-") this.#removed.add(Number(reader.rest));
    }
    this.#count -= this.#removed.size;
    closeSync(file);
  }
}

export const open: OpenDurableQueue = (folder) =>
  Promise.resolve(new HandWrittenQueue(new AppendOnlyFile(path.join(folder, "orders"))));
