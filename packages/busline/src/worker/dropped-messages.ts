import { Message } from "../message/message.ts";
import type { Delivery } from "./delivery.ts";
import type { DiscardReason } from "./delivery-host.ts";
import type { WorkerPool } from "./worker-pool.ts";

/** Drops a pool's oldest waiting message of which no listener has started. @returns whether there was one */
export function dropOldest(pool: WorkerPool, reason: DiscardReason): boolean {
  const { line, source, inHandCount } = pool.backlog;
  const oldest = source === undefined ? line.removeAt(inHandCount) : source.oldest();
  if (oldest === undefined) return false;
  if (source !== undefined) return withdraw(pool, oldest, reason);
  pool.counters.dropped();
  dropped(pool, [oldest], reason);
  return true;
}

/** Takes a message back that no listener has begun with. @returns whether that was so */
export function withdraw(pool: WorkerPool, message: Message, reason: DiscardReason): boolean {
  if (!pool.backlog.takeBack(message)) return false;
  pool.ended(message);
  dropped(pool, [message], reason);
  return true;
}

/** Drops all of a pool's waiting messages of which no listener has been handed to a worker. */
export function purge(pool: WorkerPool, reason: DiscardReason): Message[] {
  const waiting = pool.backlog.takeWaiting();
  // First all are booked: whoever is told may withdraw others of them.
  for (const _ of waiting) pool.counters.dropped();
  dropped(pool, waiting, reason);
  return waiting;
}

/** Drops what no listener has begun with, interrupts the rest. */
export function forceClose(
  pool: WorkerPool,
  error: unknown,
): { undelivered: Message[]; interrupted: Message[] } {
  const { backlog } = pool;
  const { inHand } = backlog;
  const notBegun = inHand.filter((message) => backlog.takeBack(message));
  // Their queue is told, but hands nothing out any more.
  for (const message of notBegun) backlog.ended(message);
  const begun = inHand.filter((message) => !notBegun.includes(message));
  const interrupted = new Set([
    ...pool.busyWorkers.map((worker) => worker.keepMore()),
    ...begun.map((message) => Message.progressOf(message) as Delivery),
  ]);
  for (const delivery of interrupted) {
    delivery.isInterrupted = true;
    delivery.interrupt(error);
  }
  backlog.cutShort();
  tellDiscarded(notBegun, "closed");
  return {
    undelivered: [...notBegun, ...purge(pool, "closed")],
    interrupted: [...interrupted].map((delivery) => delivery.message),
  };
}

function dropped(pool: WorkerPool, messages: readonly Message[], reason: DiscardReason): void {
  for (const message of messages) Message.setProgress(message, "ended");
  tellDiscarded(messages, reason);
  pool.hasDropped();
}

function tellDiscarded(messages: readonly Message[], reason: DiscardReason): void {
  for (const message of messages) Message.momentOf(message).host.discarded(message, reason);
}
