import { Message } from "../message/message.ts";
import type { Delivery } from "./delivery.ts";
import type { DiscardReason } from "./delivery-host.ts";
import type { WorkerPool } from "./worker-pool.ts";

/** Drops a pool's oldest waiting message of which no listener has started. @returns whether there was one */
export function dropOldest(pool: WorkerPool, reason: DiscardReason): boolean {
  const { line, source, inHandCount } = pool.backlog;
  const oldest =
    source === undefined ? line.removeAt(inHandCount) : (line.at(inHandCount) ?? source.oldest());
  if (oldest === undefined) return false;
  if (source !== undefined) return withdraw(pool, oldest, reason);
  pool.counters.dropped("discarded");
  pool.ended(oldest);
  dropped(pool, [oldest], reason);
  return true;
}

/** Takes a message back that no listener has begun with. @returns whether that was so */
export function withdraw(pool: WorkerPool, message: Message, reason: DiscardReason): boolean {
  const outcome = reason === "expired" ? "expired" : "discarded";
  if (pool.timed?.takeBack(message) === true) pool.counters.dropped(outcome);
  else if (!pool.backlog.takeBack(message, outcome)) return false;
  pool.ended(message);
  dropped(pool, [message], reason);
  return true;
}

/** Drops messages that have been taken out of their queue, or are put off. */
export function dropAll(
  pool: WorkerPool,
  messages: readonly Message[],
  reason: DiscardReason,
): void {
  for (const message of messages) {
    pool.timed?.takeBack(message);
    pool.counters.dropped("discarded");
  }
  for (const message of messages) pool.backlog.ended(message);
  dropped(pool, messages, reason);
}

/** Drops all of a pool's waiting messages, put off or not, of which no listener has been handed to a worker. */
export function purge(pool: WorkerPool, reason: DiscardReason): Message[] {
  const waiting = [...pool.backlog.takeWaiting(), ...(pool.timed?.postponedBeyond() ?? [])];
  // First all are booked: whoever is told may withdraw others of them.
  dropAll(pool, waiting, reason);
  return waiting;
}

/** Drops messages that are put off for longer than that: a close cannot wait for them. */
export function dropPutOff(pool: WorkerPool, durationMs: number): Message[] {
  const dueAt = pool.host.clock.monotonicNow() + durationMs;
  const late = pool.timed?.postponedBeyond(dueAt) ?? [];
  if (late.length > 0) dropAll(pool, late, "closed");
  return late;
}

/** Drops what no listener has begun with, interrupts the rest. */
export function forceClose(
  pool: WorkerPool,
  error: unknown,
): { undelivered: Message[]; interrupted: Delivery[] } {
  const { backlog } = pool;
  const { inHand } = backlog;
  const notBegun = takeBackUnbegun(pool, "discarded");
  const begun = inHand.filter((message) => !notBegun.includes(message));
  const interrupted = interruptAll(pool, error, begun);
  backlog.cutShort();
  tellDiscarded(notBegun, "closed");
  return {
    undelivered: [...notBegun, ...purge(pool, "closed")],
    interrupted,
  };
}

/** Takes back from workers what no listener has begun with. */
export function takeBackUnbegun(
  { backlog }: WorkerPool,
  outcome: "discarded" | "pending",
): Message[] {
  const notBegun = backlog.inHand.filter((message) => backlog.takeBack(message, outcome));
  // Their queue is told, but hands nothing out any more.
  for (const message of notBegun) backlog.ended(message);
  return notBegun;
}

/** Interrupts what is in the hands of workers. @param begun messages that some of their listeners have begun with */
export function interruptAll(
  pool: WorkerPool,
  error: unknown,
  begun: readonly Message[] = [],
): Delivery[] {
  const interrupted = new Set([
    ...pool.workforce.underway.map((worker) => worker.keepMore()),
    ...begun.map((message) => Message.progressOf(message) as Delivery),
  ]);
  for (const delivery of interrupted) {
    delivery.isInterrupted = true;
    delivery.interrupt(error);
  }
  return [...interrupted];
}

function dropped(pool: WorkerPool, messages: readonly Message[], reason: DiscardReason): void {
  for (const message of messages) {
    Message.setProgress(message, "ended");
    pool.timed?.forget(message);
  }
  tellDiscarded(messages, reason);
  pool.leftQueue();
}

function tellDiscarded(messages: readonly Message[], reason: DiscardReason): void {
  for (const message of messages) Message.momentOf(message).host.discarded(message, reason);
}
