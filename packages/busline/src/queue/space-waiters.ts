import type { WaitingMessage } from "./message-queue.ts";

/** A sender that waits for room. */
export interface SpaceWaiter<Item extends WaitingMessage> {
  readonly item: Item;
  readonly admitted: () => void;
  readonly refused: (error: unknown) => void;
}

/** Senders that wait for room in a queue, first come first served. */
export class SpaceWaiters<Item extends WaitingMessage> {
  readonly #waiters = new Map<Item, SpaceWaiter<Item>>();

  get size(): number {
    return this.#waiters.size;
  }

  /** Waits until the item is admitted or refused. */
  wait(item: Item): Promise<void> {
    return new Promise((admitted, refused) => {
      this.#waiters.set(item, { item, admitted, refused });
    });
  }

  /** Admits waiters as long as `takes` takes them. */
  admit(takes: (item: Item) => boolean): void {
    for (const waiter of this.#waiters.values()) {
      if (!takes(waiter.item)) return;
      this.#waiters.delete(waiter.item);
      waiter.admitted();
    }
  }

  /** Ends the waiting for one. @returns false if it does not wait */
  refuse(item: Item, error: unknown): boolean {
    const waiter = this.#waiters.get(item);
    if (waiter === undefined) return false;
    this.#waiters.delete(item);
    waiter.refused(error);
    return true;
  }

  /** Ends the waiting for all. */
  refuseAll(errorFor: (item: Item) => unknown): void {
    for (const item of [...this.#waiters.keys()]) this.refuse(item, errorFor(item));
  }
}
