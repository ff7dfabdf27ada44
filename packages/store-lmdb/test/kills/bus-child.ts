// The program that the kill rig starts again and again on one folder.
import { createInterface } from "node:readline";
import { MessageBus, type StoreError } from "busline";
import { EngineThread } from "../../src/engine-thread.ts";
import { LmdbStore } from "../../src/lmdb-store.ts";
import { tell } from "./child-event.ts";
import { type ChildOrder, readOrder } from "./child-order.ts";
import { Failpoint } from "./failpoint.ts";
import { KillingEngine } from "./killing-engine.ts";
import { KillingStore } from "./killing-store.ts";
import { countsOf, lettersOf } from "./quiet-bus.ts";
import { Producers } from "./producers.ts";
import {
  configurationOf,
  DEAD,
  deadLetterConfiguration,
  RIG_DESTINATIONS,
} from "./rig-destinations.ts";
import { RigListener } from "./rig-listener.ts";
import type { RigPayload } from "./rig-message.ts";
import { untilQuiet } from "busline/testing";

const order = readOrder<ChildOrder>();
const failpoint = new Failpoint(order.failpoint);
const startEngine = (...given: ConstructorParameters<typeof EngineThread>): KillingEngine => {
  return new KillingEngine(new EngineThread(...given), failpoint);
};
const limits = order.hasShortLogs ? { limits: { bytes: 100_000, changes: 400 } } : {};
const store = new LmdbStore(order.folder, undefined, { startEngine, ...limits });

const startedAt = performance.now();
tell({ is: "opening" });
const bus = new MessageBus({
  store: new KillingStore(store, failpoint),
  onError: (error) => {
    const { name, message } = error as Error;
    if (name !== "RigFailure" && name !== "AttemptsExhaustedError") problem(name, message);
  },
  logger: { error: (details, text) => problem(text, String((details as { err?: unknown }).err)) },
});
bus.addDestination(deadLetterConfiguration());
const producers = Object.entries(RIG_DESTINATIONS).map(([name, { listeners }]) => {
  const destination = bus.addDestination<RigPayload>(
    configurationOf(name, order.maximumMessagesInMemory),
  );
  const sending = new Producers(order, destination, failpoint);
  for (const listener of listeners) {
    const ended = (): void => sending.lookAgain();
    destination.listen(new RigListener(listener, failpoint, ended), { name: listener });
  }
  return sending;
});

if (await isOpened()) await (order.does === "load" ? load() : finish());

async function isOpened(): Promise<boolean> {
  // Some send before it is open.
  if (order.does === "load" && order.childSeed % 2 === 0) startAll();
  try {
    await bus.ready();
  } catch (error) {
    const { code, message } = error as StoreError;
    tell({ is: "refused", ms: performance.now() - startedAt, code, text: message });
    return false;
  }
  const ms = performance.now() - startedAt;
  tell({ is: "ready", ms, recovered: bus.statistics.recoveredMessageCount });
  return true;
}

async function load(): Promise<void> {
  if (order.childSeed % 2 !== 0) startAll();
  // The parent ends it in some way; this is the gentle one.
  createInterface(process.stdin).once("line", () => {
    void close().finally(() => process.stdin.destroy());
  });
}

async function finish(): Promise<void> {
  await untilQuiet(bus);
  tell({ is: "quiet", counts: countsOf(bus), letters: await lettersOf(bus, DEAD) });
  await close();
}

async function close(): Promise<void> {
  const askedAt = performance.now();
  await bus.close();
  const ms = performance.now() - askedAt;
  await Promise.all(producers.map((one) => one.end()));
  tell({ is: "closed", ms });
}

function startAll(): void {
  for (const one of producers) one.start();
}

function problem(text: string, reason: string): void {
  tell({ is: "problem", text: `${text}: ${reason}` });
}
