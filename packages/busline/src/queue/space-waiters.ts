import type { Message } from "../message/message.ts";

interface SpaceWaiter {
  readonly message: Message;
  readonly admitted: () => void;
  readonly refused: (error: unknown) => void;
}

/** Senders that wait for room in a queue, first come first served. */
export class SpaceWaiters {
  // Made when somebody waits: most destinations never see one.
  #waiters: Map<Message, SpaceWaiter> | undefined;

  get size(): number {
    return this.#waiters === undefined ? 0 : this.#waiters.size;
  }

  /** Waits until the message is admitted or refused. */
  wait(message: Message): Promise<void> {
    this.#waiters ??= new Map();
    const waiters = this.#waiters;
    return new Promise((admitted, refused) => {
      waiters.set(message, { message, admitted, refused });
    });
  }

  /** Admits waiters as long as `takes` takes them. */
  admit(takes: (message: Message) => boolean): void {
    for (const { message, admitted } of this.#waiters?.values() ?? []) {
      if (!takes(message)) return;
      this.#waiters?.delete(message);
      admitted();
    }
  }

  /** Ends the waiting for one. @returns false if it does not wait */
  refuse(message: Message, error: unknown): boolean {
    const waiter = this.#waiters?.get(message);
    if (waiter === undefined) return false;
    this.#waiters?.delete(message);
    waiter.refused(error);
    return true;
  }

  /** Ends the waiting for all. */
  refuseAll(error: unknown): void {
    for (const message of [...(this.#waiters?.keys() ?? [])]) this.refuse(message, error);
  }
}
