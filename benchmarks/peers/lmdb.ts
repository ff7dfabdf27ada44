import { type Database, open as openLmdb, type RootDatabase } from "lmdb";
import {
  HandWrittenQueue,
  type QueueTable,
  type TableEntry,
} from "../limits/hand-written-queue.ts";
import type { OpenDurableQueue } from "./durable-queue.ts";

/**
 * What its promises put together becomes one transaction. Without `overlappingSync` each resolves when the transaction has
 * been synced, which was quicker here than to await `flushed` as well.
 */
class LmdbTable implements QueueTable {
  readonly #root: RootDatabase<string, number>;
  readonly #orders: Database<string, number>;
  readonly #marks: Database<string, number>;
  #lastId: number;
  #readId = 0;

  constructor(folder: string) {
    const encoding = "string";
    this.#root = openLmdb({ path: folder, encoding, overlappingSync: false });
    this.#orders = this.#root.openDB({ name: "orders", encoding });
    this.#marks = this.#root.openDB({ name: "marks", encoding });
    const [last] = this.#orders.getKeys({ reverse: true, limit: 1 });
    this.#lastId = last ?? 0;
  }

  put(text: string): Promise<unknown> {
    this.#lastId += 1;
    return this.#orders.put(this.#lastId, text);
  }

  mark(entries: readonly TableEntry[]): Promise<unknown> {
    return Promise.all(entries.map(({ id }) => this.#marks.put(id, "1")));
  }

  remove(id: number): Promise<unknown> {
    void this.#marks.remove(id);
    return this.#orders.remove(id);
  }

  next(most: number): TableEntry[] {
    const range = this.#orders.getRange({ start: this.#readId + 1, limit: most });
    const entries = [...range.map(({ key, value }) => ({ id: key, text: value }))];
    this.#readId = entries.at(-1)?.id ?? this.#readId;
    return entries;
  }

  count(): number {
    return this.#orders.getKeysCount();
  }

  close(): Promise<void> {
    return this.#root.close();
  }
}

export const open: OpenDurableQueue = (folder) =>
  Promise.resolve(new HandWrittenQueue(new LmdbTable(folder)));
