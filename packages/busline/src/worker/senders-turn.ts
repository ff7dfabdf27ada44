import type { Delivery } from "./delivery.ts";
import { Worker } from "./worker.ts";

/**
 * Runs a message's listeners in the turn of its sender, who thereby becomes its worker.
 *
 * @param atOnce all listeners start at once; otherwise each when the one before it has ended
 * @returns a promise only where a listener goes on after it has returned
 */
export function runInSendersTurn(delivery: Delivery, atOnce: boolean): void | Promise<void> {
  const count = delivery.listenings.length;
  delivery.stage = "begun";
  if (!atOnce || count === 1) return carry(delivery, 0, count);
  const goingOn: Promise<void>[] = [];
  for (let at = 0; at < count; at += 1) {
    const carried = carry(delivery, at, at + 1);
    if (carried !== undefined) goingOn.push(carried);
  }
  if (goingOn.length > 0) return Promise.all(goingOn).then(() => {});
}

function carry(delivery: Delivery, from: number, end: number): void | Promise<void> {
  const worker = new Worker(undefined, () => {});
  if (worker.carry(delivery, from, end)) return;
  return new Promise((resolve) => {
    worker.onFree = () => resolve();
  });
}
