import { describe, expect, test } from "vitest";
import { type Destination, waitForSpace } from "busline";
import { GateListener, Recorder, untilQuiet } from "busline/testing";
import { NAME, numbersTo, Processes, sendAll } from "./durable-fixture.ts";
import { ledgerOf } from "./ledger.ts";
import { outcomeOf, turns } from "./outcome-of.ts";
import { reads, stable, states } from "./spy-store.ts";

const types = ["parallel", "serial", "keyed"] as const;
const ONE_WORKER = { workersCoreSize: 1, workersMaxSize: 1 };

/** What `messageDiscarded` is told. */
function discardedAt(destination: Destination<number>): unknown[] {
  const told: unknown[] = [];
  destination.addDestinationEventListener({
    messageDiscarded: ({ payload }, reason) => {
      told.push(reason === "purged" ? payload : reason);
    },
  });
  return told;
}

describe.each(types)("%s", (type) => {
  test.each([3, 1_000])(
    "purge - all that waits, in memory or in the store alone, %i in memory; not what runs",
    async (maximumMessagesInMemory) => {
      const processes = new Processes();
      const gate = new GateListener<number>();
      const { bus, destination } = processes.boot<number>(
        type,
        { gate },
        { ...ONE_WORKER, maximumMessagesInMemory },
      );
      const told = discardedAt(destination);
      await sendAll(destination, numbersTo(20), { key: "k" });
      await gate.entered(1);
      await turns();
      expect(destination.purge()).toBe(19);
      await turns();
      expect(told).toEqual(numbersTo(20).slice(1));
      expect(ledgerOf(destination)).toEqual({ sent: 20, active: 1, discarded: 19 });
      expect(processes.store.keysOf("q")).toHaveLength(1);
      expect(destination.purge()).toBe(0);
      await destination.send(20);
      gate.open();
      await gate.entered(2);
      await untilQuiet(bus);
      expect(gate.contexts).toHaveLength(2);
      expect(ledgerOf(destination)).toEqual({ sent: 21, delivered: 2, discarded: 19 });
      processes.kill();
      const recorder = new Recorder<number>();
      const again = processes.boot<number>(type, { gate: recorder });
      await again.destination.send(21);
      expect(await recorder.count(1)).toEqual([21]);
    },
  );

  test("purge - what is put off", async () => {
    const processes = new Processes();
    const recorder = new Recorder<number>();
    const first = processes.boot<number>(type, { recorder });
    await sendAll(first.destination, numbersTo(300), { delayMs: 10 });
    processes.kill();
    const { bus, destination } = processes.boot<number>(type, { recorder });
    const told = discardedAt(destination);
    await bus.ready();
    await destination.send(300, { delayMs: 5 });
    expect(destination.purge()).toBe(301);
    await destination.send(301, { delayMs: 10 });
    await turns(5);
    expect(told).toHaveLength(301);
    expect(processes.store.keysOf("t")).toHaveLength(1);
    expect(ledgerOf(destination)).toEqual({ sent: 302, pending: 1, discarded: 301 });
    await processes.pass(10);
    await processes.pass(0);
    expect(await recorder.count(1)).toEqual([301]);
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toEqual({ sent: 302, delivered: 1, discarded: 301 });
    expect(processes.store.keysOf("t")).toEqual([]);
  });

  test("purge - what waits for its next attempt", async () => {
    const processes = new Processes();
    const gate = new GateListener<number>();
    const { destination } = processes.boot<number>(type, { gate });
    await destination.send(1);
    await gate.entered(1);
    gate.fail(new Error("not yet"));
    await turns();
    expect(destination.purge()).toBe(1);
    await processes.pass(1_000);
    expect(gate.contexts).toHaveLength(1);
    expect(ledgerOf(destination)).toEqual({ sent: 1, discarded: 1 });
    expect(processes.store.keysOf("q")).toEqual([]);
    expect(processes.store.keysOf("s")).toEqual([]);
  });

  test("purge - that whose attempt is being written down", async () => {
    const processes = new Processes();
    const recorder = new Recorder<number>();
    const { bus, destination } = processes.boot<number>(type, { recorder });
    await bus.ready();
    const release = processes.store.hold(states);
    await sendAll(destination, [1, 2], { key: "k" });
    await turns();
    destination.purge();
    release();
    await turns();
    await destination.send(3, { key: "k" });
    expect(await recorder.count(1)).toEqual([3]);
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toEqual({ sent: 3, delivered: 1, discarded: 2 });
    expect(processes.store.keysOf("q")).toEqual([]);
    expect(processes.store.keysOf("s")).toEqual([]);
  });

  test("purge - what waits for a listener that is not here", async () => {
    const processes = new Processes();
    const { destination } = processes.boot<number>(type);
    await sendAll(destination, numbersTo(5));
    await turns();
    expect(destination.purge()).toBe(5);
    await turns();
    expect(ledgerOf(destination)).toEqual({ sent: 5, discarded: 5 });
    const recorder = new Recorder<number>();
    destination.listen(recorder, { name: "recorder" });
    await destination.send(5);
    expect(await recorder.count(1)).toEqual([5]);
  });

  test("purge - what is being stored is dropped when it has been; its sender is told that it was stored", async () => {
    const processes = new Processes();
    const recorder = new Recorder<number>();
    const { bus, destination } = processes.boot<number>(type, { recorder });
    await bus.ready();
    const told = discardedAt(destination);
    const release = processes.store.hold(stable);
    const sending = outcomeOf(async () => sendAll(destination, numbersTo(3), { key: "k" }));
    const later = outcomeOf(() => destination.send(3, { delayMs: 10 }));
    await turns();
    destination.purge();
    release();
    expect(await Promise.all([sending, later])).toEqual(["accepted", "accepted"]);
    await turns();
    expect(ledgerOf(destination)).toEqual({ sent: 4, discarded: 4 });
    await processes.pass(10);
    await destination.send(4);
    expect(await recorder.count(1)).toEqual([4]);
    await untilQuiet(bus);
    expect(told).toHaveLength(4);
    expect(ledgerOf(destination)).toEqual({ sent: 5, delivered: 1, discarded: 4 });
    expect(processes.store.keysOf("q")).toEqual([]);
    expect(processes.store.keysOf("t")).toEqual([]);
  });

  test("purge - returns how many, also of those that are being stored", async () => {
    const processes = new Processes();
    const { bus, destination } = processes.boot<number>(type, { a: new Recorder<number>() });
    await bus.ready();
    const release = processes.store.hold(stable);
    const sending = sendAll(destination, numbersTo(3));
    await turns();
    const count = destination.purge();
    release();
    await sending;
    expect(count).toBe(3);
  });

  test("purge - while messages are being read", async () => {
    const processes = new Processes();
    const first = processes.boot<number>(type);
    await sendAll(first.destination, numbersTo(10), { key: "k" });
    processes.kill();
    const release = processes.store.hold(reads);
    const recorder = new Recorder<number>();
    const { bus, destination } = processes.boot<number>(type, { recorder });
    await bus.ready();
    await turns();
    expect(destination.purge()).toBe(10);
    const sending = destination.send(10, { key: "k" });
    release();
    await sending;
    expect(await recorder.count(1)).toEqual([10]);
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toEqual({ sent: 11, delivered: 1, discarded: 10 });
    expect(processes.store.keysOf("q")).toEqual([]);
  });

  test("purge - before the store is open: what lies in it is dropped when it is", async () => {
    const processes = new Processes();
    const first = processes.boot<number>(type);
    await sendAll(first.destination, numbersTo(3));
    processes.kill();
    const recorder = new Recorder<number>();
    const { bus, destination } = processes.boot<number>(type, { recorder });
    const before = destination.send(3);
    // It does not know how many there are.
    expect(destination.purge()).toBe(0);
    const after = destination.send(4);
    await Promise.all([before, after]);
    expect(await recorder.count(1)).toEqual([4]);
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toEqual({ sent: 5, delivered: 1, discarded: 4 });
  });
});

describe("purge", () => {
  test("purge - what lies in the store alone is dropped, though what runs fills the memory", async () => {
    const processes = new Processes();
    const gate = new GateListener<number>();
    const attributes = { maximumMessagesInMemory: 1 };
    const { destination } = processes.boot<number>("serial", { gate }, attributes);
    await sendAll(destination, numbersTo(5));
    await gate.entered(1);
    await turns();
    expect(destination.purge()).toBe(4);
    await turns();
    expect(ledgerOf(destination)).toEqual({ sent: 5, active: 1, discarded: 4 });
  });

  test("purge - of what is put off cannot be read yet: it is told, and dropped when its time has come", async () => {
    const processes = new Processes();
    const recorder = new Recorder<number>();
    const { bus, destination } = processes.boot<number>("serial", { recorder });
    await sendAll(destination, [1, 2], { delayMs: 10 });
    const stop = processes.store.fail(({ range }) => range?.from.startsWith("t/") === true);
    expect(destination.purge()).toBe(2);
    await turns();
    expect(processes.told).toEqual([
      `Messages of "${NAME}" that are put off could not be purged yet`,
    ]);
    expect(ledgerOf(destination)).toEqual({ sent: 2, pending: 2 });
    stop();
    await processes.pass(10);
    await untilQuiet(bus);
    expect(recorder.payloads).toEqual([]);
    expect(ledgerOf(destination)).toEqual({ sent: 2, discarded: 2 });
  });

  test("purge - returns how many, also of those that are on their way", async () => {
    const processes = new Processes();
    const { destination } = processes.boot<number>("serial", { a: new Recorder<number>() });
    await sendAll(destination, [1, 2], { delayMs: 10 });
    const release = processes.store.hold(stable);
    await processes.pass(10);
    const count = destination.purge();
    release();
    expect(count).toBe(2);
  });

  test("purge - while what is put off is on its way to those that wait", async () => {
    const processes = new Processes();
    const recorder = new Recorder<number>();
    const { bus, destination } = processes.boot<number>("serial", { recorder });
    await sendAll(destination, [1, 2], { delayMs: 10 });
    const release = processes.store.hold(stable);
    await processes.pass(10);
    destination.purge();
    release();
    await turns();
    await destination.send(3);
    expect(await recorder.count(1)).toEqual([3]);
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toEqual({ sent: 3, delivered: 1, discarded: 2 });
    expect(processes.store.keysOf("q")).toEqual([]);
    expect(processes.store.keysOf("t")).toEqual([]);
  });

  test.each([
    ["lies in the store alone", {}],
    ["is put off", { delayMs: 1_000_000 }],
  ])(
    "purge, waitForSpace - there is room for all that wait for it: what %s",
    async (_, options) => {
      const processes = new Processes();
      const { destination } = processes.boot<number>(
        "serial",
        {},
        {
          maximumQueueSize: 3,
          maximumMessagesInMemory: 1,
          rejectedExecutionHandler: waitForSpace({ timeoutMs: 1_000 }),
        },
      );
      destination.pause();
      await sendAll(destination, numbersTo(3), options);
      const sending = outcomeOf(async () => sendAll(destination, [3, 4, 5]));
      await turns();
      destination.purge();
      await processes.pass(1_000);
      expect(await sending).toBe("accepted");
    },
  );
});
