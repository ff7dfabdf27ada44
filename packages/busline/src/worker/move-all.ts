import type { MessageQueue } from "../queue/message-queue.ts";

/** Moves what waits from one queue to another: all, or nothing if the other one throws. */
export function moveAll(from: MessageQueue, to: MessageQueue): void {
  const waiting = from.removeAll();
  try {
    for (const message of waiting) to.add(message);
  } catch (error) {
    for (const message of waiting) from.add(message);
    throw error;
  }
}
