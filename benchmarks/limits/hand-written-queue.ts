import type { Order } from "../durable/order.ts";
import { type DurableQueue, type Receive, WORKERS } from "../peers/durable-queue.ts";

export interface TableEntry {
  readonly id: number;
  readonly text: string;
}

/** What a queue written by hand needs of what keeps it on the disk. All promises resolve when it is there. */
export interface QueueTable {
  put(text: string): Promise<unknown>;
  /** Notes that their delivery begins. Entries that `next` has given, all of them. */
  mark(entries: readonly TableEntry[]): Promise<unknown>;
  remove(id: number): Promise<unknown>;
  /** Those behind what it gave last, at first those that have lain there longest. */
  next(most: number): readonly TableEntry[];
  count(): number;
  close(): Promise<void>;
}

/** So many are marked at once, to be delivered one after the other. */
const MARKED_AT_ONCE = 1_000;

/**
 * A queue as one writes it by hand: takes, marks, delivers and deletes, with one process that does all of it. What is
 * marked and what is deleted is synced, each time with what others have to sync.
 */
export class HandWrittenQueue implements DurableQueue {
  readonly #table: QueueTable;
  #receive: Receive | undefined;
  #acknowledged: () => void = () => undefined;
  #taken: readonly TableEntry[] = [];
  /** Of those taken, the next one. */
  #at = 0;
  #isTaking = false;
  #removals: Promise<unknown> = Promise.resolve();
  #workers = 0;

  constructor(table: QueueTable) {
    this.#table = table;
  }

  send(order: Order): Promise<unknown> {
    const stored = this.#table.put(JSON.stringify(order));
    return this.#receive === undefined ? stored : stored.then(this.#take);
  }

  deliver(receive: Receive, acknowledged: () => void): void {
    this.#receive = receive;
    this.#acknowledged = acknowledged;
    this.#take();
  }

  pendingCount(): number {
    return this.#table.count();
  }

  readBack(receive: (order: Order) => void): Promise<void> {
    for (;;) {
      const entries = this.#table.next(MARKED_AT_ONCE);
      if (entries.length === 0) return Promise.resolve();
      for (const { text } of entries) receive(JSON.parse(text) as Order);
    }
  }

  async close(): Promise<void> {
    await this.#removals;
    await this.#table.close();
  }

  readonly #take = (): void => {
    if (this.#isTaking || this.#at < this.#taken.length) return;
    const entries = this.#table.next(MARKED_AT_ONCE);
    if (entries.length === 0) return;
    this.#isTaking = true;
    void this.#table.mark(entries).then(() => {
      this.#isTaking = false;
      this.#taken = entries;
      this.#at = 0;
      for (let left = entries.length; left > 0 && this.#workers < WORKERS; left -= 1) {
        void this.#work();
      }
    });
  };

  async #work(): Promise<void> {
    this.#workers += 1;
    while (this.#at < this.#taken.length) {
      const { id, text } = this.#taken[this.#at] as TableEntry;
      this.#at += 1;
      await this.#receive?.(JSON.parse(text) as Order);
      this.#removals = this.#table.remove(id).then(this.#acknowledged);
    }
    this.#workers -= 1;
    this.#take();
  }
}
