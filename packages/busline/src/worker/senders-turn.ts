import type { Delivery } from "./delivery.ts";
import { runningWorker } from "./running-worker.ts";
import { Worker } from "./worker.ts";

/** Runs messages' listeners in the turns of their senders, who thereby become their workers. */
export class SendersTurn {
  readonly #resting: Worker[] = [];

  /**
   * @param atOnce all listeners start at once; otherwise each when the one before it has ended
   * @returns a promise only where a listener goes on after it has returned
   */
  run(delivery: Delivery, atOnce: boolean): void | Promise<void> {
    const count = delivery.listenings.length;
    delivery.stage = "begun";
    if (!atOnce || count === 1) return this.#carry(delivery, 0, count);
    const goingOn: Promise<void>[] = [];
    for (let at = 0; at < count; at += 1) {
      const carried = this.#carry(delivery, at, at + 1);
      if (carried !== undefined) goingOn.push(carried);
    }
    if (goingOn.length > 0) return Promise.all(goingOn).then(() => {});
  }

  #carry(delivery: Delivery, from: number, end: number): void | Promise<void> {
    const worker = this.#resting.pop() ?? new Worker(undefined);
    worker.isWithin(runningWorker());
    if (worker.carry(delivery, from, end)) {
      worker.isWithin(undefined);
      this.#resting.push(worker);
      return;
    }
    // Not used again: code that it started may still ask what it belonged to.
    return new Promise((resolve) => {
      worker.onFree = () => resolve();
    });
  }
}
