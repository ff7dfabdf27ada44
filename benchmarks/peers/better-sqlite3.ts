import path from "node:path";
import type { Database, Statement } from "better-sqlite3";
import { Groups } from "../limits/groups.ts";
import {
  HandWrittenQueue,
  type QueueTable,
  type TableEntry,
} from "../limits/hand-written-queue.ts";
import type { OpenDurableQueue } from "./durable-queue.ts";
import { betterSqlite3Obstacle } from "./obstacles.ts";

/** One change: a statement, and what it is given. */
type Change = readonly [Statement<[number | string]>, number | string];

/** WAL, `synchronous=FULL`; what has come together in a turn of the event loop becomes one transaction. */
class SqliteTable implements QueueTable {
  readonly #database: Database;
  readonly #groups: Groups<Change>;
  readonly #insert: Statement<[number | string]>;
  readonly #mark: Statement<[number | string]>;
  readonly #delete: Statement<[number | string]>;
  readonly #selectNext: Statement<[number, number], TableEntry>;
  readonly #countAll: Statement<[], { readonly count: number }>;
  #readId = 0;

  constructor(database: Database) {
    this.#database = database;
    database.pragma("journal_mode = WAL");
    database.pragma("synchronous = FULL");
    database.exec(
      "CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0)",
    );
    this.#insert = database.prepare("INSERT INTO orders (text) VALUES (?)");
    this.#mark = database.prepare("UPDATE orders SET attempts = attempts + 1 WHERE id = ?");
    this.#delete = database.prepare("DELETE FROM orders WHERE id = ?");
    this.#selectNext = database.prepare(
      "SELECT id, text FROM orders WHERE id > ? ORDER BY id LIMIT ?",
    );
    this.#countAll = database.prepare("SELECT count(*) AS count FROM orders");
    const change = database.transaction((changes: readonly Change[]) => {
      for (const [statement, value] of changes) statement.run(value);
    });
    this.#groups = new Groups((changes) => {
      change(changes);
    });
  }

  put(text: string): Promise<void> {
    return this.#groups.add([this.#insert, text]);
  }

  async mark(entries: readonly TableEntry[]): Promise<void> {
    await Promise.all(entries.map(({ id }) => this.#groups.add([this.#mark, id])));
  }

  remove(id: number): Promise<void> {
    return this.#groups.add([this.#delete, id]);
  }

  next(most: number): TableEntry[] {
    const entries = this.#selectNext.all(this.#readId, most);
    this.#readId = entries.at(-1)?.id ?? this.#readId;
    return entries;
  }

  count(): number {
    return this.#countAll.get()?.count ?? 0;
  }

  close(): Promise<void> {
    this.#database.close();
    return Promise.resolve();
  }
}

export const open: OpenDurableQueue = async (folder) => {
  const obstacle = betterSqlite3Obstacle({ node: process.versions.node, isLong: false });
  // Loading it where it does not run ends the process.
  if (obstacle !== undefined) throw new Error(`better-sqlite3 ${obstacle}`);
  const { default: Sqlite } = await import("better-sqlite3");
  return new HandWrittenQueue(new SqliteTable(new Sqlite(path.join(folder, "orders.db"))));
};
