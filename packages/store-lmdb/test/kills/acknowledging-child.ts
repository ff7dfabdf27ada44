// A program that sends, and writes a line for each acknowledgement.
import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs";
import path from "node:path";
import { DestinationConfiguration, MessageBus } from "busline";
import { lmdbStore } from "../../src/index.ts";
import { tell } from "./child-event.ts";
import { readOrder } from "./child-order.ts";
import { HastyStore } from "./hasty-store.ts";

/** What it is to do. */
export interface AcknowledgingOrder {
  readonly folder: string;
  /** How many send at once, each one message after another, and how many messages they send together. */
  readonly senders: number;
  readonly messages: number;
  /** Its store says that something is stable which is not. */
  readonly isHasty: boolean;
  /** So many times the disk's own pace is measured, before and after; 0: not. */
  readonly syncs: number;
}

const order = readOrder<AcknowledgingOrder>();
const store = lmdbStore(order.folder);
const bus = new MessageBus({ store: order.isHasty ? new HastyStore(store) : store });
const jobs = bus.addDestination<string>(
  DestinationConfiguration.createParallelDestinationConfiguration("jobs", { durable: true }),
);
jobs.listen(() => {}, { name: "worker" });
await bus.ready();

const before = syncsPerSecond();
const startedAt = performance.now();
let number = 0;
await Promise.all(Array.from({ length: order.senders }, () => sendOn()));
const perSecond = (1_000 * order.messages) / (performance.now() - startedAt);
tell({ is: "paced", perSecond, syncsPerSecond: Math.max(before, syncsPerSecond()) });
await bus.close();

async function sendOn(): Promise<void> {
  while (number < order.messages) {
    number += 1;
    // A word that a trace of system calls can be searched for.
    const message = `m${String(number).padStart(6, "0")}m`;
    await jobs.send(message);
    tell({ is: "accepted", message });
  }
}

/** How often the disk can be told in a second to keep a few bytes. */
function syncsPerSecond(): number {
  if (order.syncs === 0) return 0;
  const file = openSync(path.join(order.folder, "..", "pace"), "w");
  const record = Buffer.alloc(200, 1);
  const begunAt = performance.now();
  for (let at = 0; at < order.syncs; at += 1) {
    writeSync(file, record);
    fdatasyncSync(file);
  }
  const ms = performance.now() - begunAt;
  closeSync(file);
  return (1_000 * order.syncs) / ms;
}
