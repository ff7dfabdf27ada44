import type { Rejection } from "./rejection.ts";

/**
 * Takes action when a destination does not take a message: all workers are busy and the queue is full, or the
 * destination is closing. What it throws goes to the sender. A handler that neither throws nor calls a ready-made
 * handler discards the message, which is counted and told.
 *
 * After `java.util.concurrent.RejectedExecutionHandler`, which the model system uses.
 */
export type RejectedExecutionHandler = (rejection: Rejection) => void | Promise<void>;

const neverWaiting = new WeakSet<RejectedExecutionHandler>();

/** Marks a ready-made handler that never lets a sender wait for room. */
export function neverWaits(handler: RejectedExecutionHandler): RejectedExecutionHandler {
  neverWaiting.add(handler);
  return handler;
}

/** Whether a handler may let a sender wait for room: any of a user's own may call one that does. */
export function mayWait(handler: RejectedExecutionHandler): boolean {
  return !neverWaiting.has(handler);
}
