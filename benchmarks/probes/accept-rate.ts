import { setTimeout as sleep } from "node:timers/promises";
import { orderOf } from "../durable/order.ts";
import type { DurableQueue } from "../peers/durable-queue.ts";
import { sizeOf } from "./size-of.ts";

const WARM_UP_MS = sizeOf(500, 10);
const MEASURING_MS = sizeOf(1_500, 20);

interface AcceptRate {
  /** How many a second, pauses of the queue included. */
  readonly rate: number;
  /** So many have been sent in all, and accepted: those with the numbers from 1 to it. */
  readonly sentCount: number;
}

/** So many senders, each of which sends its next order when its last one has been accepted. */
export async function acceptRate(queue: DurableQueue, senders: number): Promise<AcceptRate> {
  let sentCount = 0;
  let acceptedCount = 0;
  let isOver = false;
  const send = async (): Promise<void> => {
    while (!isOver) {
      sentCount += 1;
      await queue.send(orderOf(sentCount));
      acceptedCount += 1;
    }
  };
  const all = Promise.all(Array.from({ length: senders }, send));
  await Promise.race([all, sleep(WARM_UP_MS)]);
  const from = performance.now();
  const before = acceptedCount;
  await Promise.race([all, sleep(MEASURING_MS)]);
  const rate = ((acceptedCount - before) * 1_000) / (performance.now() - from);
  isOver = true;
  await all;
  return { rate, sentCount };
}

/** Sends so many orders, of the numbers behind `from`; resolves when all have been accepted. */
export async function sendOrders(
  queue: DurableQueue,
  senders: number,
  count: number,
  from = 0,
): Promise<void> {
  let number = from;
  const send = async (): Promise<void> => {
    while (number < from + count) {
      number += 1;
      await queue.send(orderOf(number));
    }
  };
  await Promise.all(Array.from({ length: senders }, send));
}
