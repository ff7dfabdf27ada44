import { describe, expect, test } from "vitest";
import { GateListener, Recorder, untilQuiet } from "busline/testing";
import { DEAD, durable, NAME, numbersTo, Processes, sendAll } from "./durable-fixture.ts";
import { ledgerOf } from "./ledger.ts";
import { turns } from "./outcome-of.ts";
import { ends, inProcess, reads, stable, states } from "./spy-store.ts";

const types = ["parallel", "serial", "keyed"] as const;
const FULL = new Error("no room left");
const STANDS_STILL = `"${NAME}" stands still, since its store has failed`;
const BEHIND = "What has become of messages could not be written down yet";
const NOT_WRITTEN = "What has become of messages could not be written down yet";
const RETRY = { attempts: 2, backoff: { initialMs: 10 }, jitter: 0 };

describe.each(types)("%s", (type) => {
  test("store - that attempts begin cannot be written down: nothing starts, and it is tried again", async () => {
    const processes = new Processes();
    const recorder = new Recorder<number>();
    const { bus, destination } = processes.boot<number>(type, { recorder });
    await bus.ready();
    const stop = processes.store.fail(states, FULL);
    await sendAll(destination, numbersTo(3), { key: "k" });
    await turns();
    const pauses: number[] = [];
    for (const seconds of [1, 2, 4, 8, 16, 32, 60, 60]) {
      const before = processes.store.countOf(states);
      await processes.pass(seconds * 1_000 - 1);
      expect(processes.store.countOf(states)).toBe(before);
      await processes.pass(1);
      pauses.push(processes.store.countOf(states) - before);
    }
    expect(pauses.every((count) => count > 0)).toBe(true);
    expect(recorder.payloads).toEqual([]);
    expect(ledgerOf(destination)).toEqual({ sent: 3, pending: 3 });
    expect(new Set(processes.told)).toEqual(new Set([STANDS_STILL]));
    stop();
    await processes.pass(60_000);
    expect(new Set(await recorder.count(3))).toEqual(new Set(numbersTo(3)));
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toEqual({ sent: 3, delivered: 3 });
  });

  test("store - the same with a later attempt", async () => {
    const processes = new Processes();
    const gate = new GateListener<number>();
    const { bus, destination } = processes.boot<number>(type, { gate }, { retry: RETRY });
    await destination.send(1);
    await gate.entered(1);
    gate.fail(new Error("not yet"));
    const stop = processes.store.fail(states, FULL);
    await processes.pass(10);
    await processes.pass(999);
    expect(gate.contexts).toHaveLength(1);
    expect(processes.told).toEqual([NOT_WRITTEN, STANDS_STILL]);
    expect(ledgerOf(destination)).toEqual({ sent: 1, pending: 1 });
    stop();
    await processes.pass(1);
    await gate.entered(2);
    expect(gate.contexts[1]?.attempt).toBe(2);
    gate.release();
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toEqual({ sent: 1, delivered: 1 });
  });

  test("store - what is dropped before it has been written down that it begins leaves nothing behind", async () => {
    const processes = new Processes();
    const recorder = new Recorder<number>();
    const { bus, destination } = processes.boot<number>(type, { recorder });
    await bus.ready();
    const stop = processes.store.fail(states, FULL);
    await sendAll(destination, numbersTo(2), { key: "k" });
    await turns();
    expect(destination.purge()).toBe(2);
    stop();
    await processes.pass(1_000);
    await destination.send(3);
    expect(await recorder.count(1)).toEqual([3]);
    await untilQuiet(bus);
    expect(processes.store.keysOf("q")).toEqual([]);
    expect(processes.store.keysOf("s")).toEqual([]);
  });

  test("store - no read overtakes what could not be written down: nothing comes twice, and nothing is passed by", async () => {
    const processes = new Processes();
    const gate = new GateListener<number>();
    const { bus, destination } = processes.boot<number>(type, { gate });
    destination.setWorkersSize(1, 1);
    await sendAll(destination, [1, 2, 3], { key: "k" });
    await gate.entered(1);
    destination.listen(() => {}, { name: "late" }).unregister();
    await turns();
    const stop = processes.store.fail(ends, FULL);
    gate.release();
    await turns(10);
    // All is read again, but not before it is known what has ended.
    expect(await destination.forgetListener("late")).toBe(true);
    await turns(10);
    stop();
    gate.open();
    await processes.pass(60_000);
    await untilQuiet(bus);
    expect(gate.contexts).toHaveLength(3);
    expect(ledgerOf(destination)).toEqual({ sent: 3, delivered: 3 });
    expect(processes.store.keysOf("q")).toEqual([]);
    expect(processes.store.keysOf("s")).toEqual([]);
  });

  test("store - a purge that could not be written down yet drops nothing that came after it", async () => {
    const processes = new Processes();
    const recorder = new Recorder<number>();
    const { bus, destination } = processes.boot<number>(type, { recorder });
    await bus.ready();
    destination.pause();
    await sendAll(destination, [1, 2, 3], { key: "k" });
    const stop = processes.store.fail(inProcess, FULL);
    destination.purge();
    await turns();
    await sendAll(destination, [4, 5, 6], { key: "k" });
    destination.listen(() => {}, { name: "late" }).unregister();
    await destination.forgetListener("late");
    await turns(10);
    stop();
    destination.resume();
    await processes.pass(60_000);
    expect(await recorder.count(3)).toEqual([4, 5, 6]);
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toEqual({ sent: 6, discarded: 3, delivered: 3 });
    expect(processes.store.keysOf("q")).toEqual([]);
  });

  test("store - that a message has ended is kept, and made with the next", async () => {
    const processes = new Processes();
    const recorder = new Recorder<number>();
    const { bus, destination } = processes.boot<number>(type, { recorder });
    await destination.send(0);
    await untilQuiet(bus);
    const stop = processes.store.fail(ends, FULL);
    await destination.send(1);
    await recorder.count(2);
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toEqual({ sent: 2, delivered: 2 });
    expect(processes.store.keysOf("q")).toHaveLength(1);
    expect(processes.told).toEqual([BEHIND]);
    stop();
    await destination.send(2);
    await recorder.count(3);
    await untilQuiet(bus);
    expect(processes.store.keysOf("q")).toEqual([]);
    expect(processes.told).toEqual([BEHIND]);
    processes.kill();
    const again = processes.boot<number>(type, { recorder });
    await again.destination.send(3);
    expect(await recorder.count(4)).toEqual([0, 1, 2, 3]);
  });

  test("store - a second time it is told again", async () => {
    const processes = new Processes();
    const { bus, destination } = processes.boot<number>(type, { a: new Recorder<number>() });
    for (const round of [1, 2]) {
      const stop = processes.store.fail(ends, FULL);
      await destination.send(round);
      await untilQuiet(bus);
      stop();
      await destination.send(round);
      await untilQuiet(bus);
    }
    expect(processes.told).toEqual([BEHIND, BEHIND]);
    expect(processes.store.keysOf("q")).toEqual([]);
  });

  test("store - what cannot be written down with the beginning of the next is not lost either", async () => {
    const processes = new Processes();
    const gate = new GateListener<number>();
    const attributes = { workersCoreSize: 1, workersMaxSize: 1 };
    const { bus, destination } = processes.boot<number>(type, { gate }, attributes);
    await sendAll(destination, [0, 1]);
    await gate.entered(1);
    // That the first has ended goes along with the beginning of the second.
    processes.store.failOnce(inProcess, FULL);
    gate.release();
    await processes.pass(1_000);
    await gate.entered(2);
    gate.release();
    await untilQuiet(bus);
    expect(processes.store.keysOf("q")).toEqual([]);
    await bus.close();
    const recorder = new Recorder<number>();
    const again = processes.boot<number>(type, { gate: recorder });
    await again.destination.send(2);
    expect(await recorder.count(1)).toEqual([2]);
  });

  test("store - messages cannot be read: it is told once, and tried again", async () => {
    const processes = new Processes();
    const first = processes.boot<number>(type);
    await sendAll(first.destination, numbersTo(3), { key: "k" });
    processes.kill();
    const stop = processes.store.fail(reads, FULL);
    const recorder = new Recorder<number>();
    const { bus, destination } = processes.boot<number>(type, { recorder });
    await bus.ready();
    await processes.pass(1_000);
    await processes.pass(1_999);
    expect(processes.told).toEqual([STANDS_STILL]);
    expect(ledgerOf(destination)).toEqual({ sent: 3, pending: 3 });
    stop();
    await processes.pass(1);
    expect(await recorder.count(3)).toEqual(numbersTo(3));
  });

  test("deadLetter - it cannot be stored: the message is not lost, and it is tried again", async () => {
    const processes = new Processes();
    const failing = (): never => {
      throw new Error("no");
    };
    const attributes = { retry: { attempts: 1 }, deadLetter: DEAD };
    const { bus, destination } = processes.boot<number>(type, { failing }, attributes);
    bus.addDestination(durable.deadLetter(DEAD, { durable: true }));
    await destination.send(1);
    const stop = processes.store.fail(stable, FULL);
    await processes.pass(0);
    expect(ledgerOf(destination)).toEqual({ sent: 1, pending: 1 });
    await processes.pass(1_000);
    await processes.pass(1_000);
    expect(ledgerOf(destination)).toEqual({ sent: 1, pending: 1 });
    expect(processes.store.keysOf("q")).toHaveLength(1);
    stop();
    await processes.pass(1_000);
    expect(ledgerOf(destination)).toEqual({ sent: 1, deadLettered: 1 });
    expect(bus.deadLetters(DEAD).list()).toMatchObject([{ payload: 1, attempts: 1 }]);
    expect(processes.store.keysOf("q")).toHaveLength(1);
  });

  test("deadLetter - the same over a close: it stays where it was", async () => {
    const processes = new Processes();
    const failing = (): never => {
      throw new Error("no");
    };
    const attributes = { retry: { attempts: 1 }, deadLetter: DEAD };
    const first = processes.boot<number>(type, { failing }, attributes);
    first.bus.addDestination(durable.deadLetter(DEAD, { durable: true }));
    await first.destination.send(1);
    const stop = processes.store.fail(stable, FULL);
    await processes.pass(0);
    expect(await first.bus.close()).toEqual({ undelivered: [], interrupted: [] });
    expect(ledgerOf(first.destination)).toEqual({ sent: 1, pending: 1 });
    stop();
    const second = processes.boot<number>(type, { failing }, attributes);
    second.bus.addDestination(durable.deadLetter(DEAD, { durable: true }));
    await second.bus.ready();
    await turns();
    expect(ledgerOf(second.destination)).toEqual({ sent: 1, deadLettered: 1 });
    expect(second.bus.deadLetters(DEAD).size).toBe(1);
  });
});

describe("store - recovery", () => {
  test.each(["serial", "keyed"])("store - %s: that it stands still is told once", async (type) => {
    const processes = new Processes();
    const { bus, destination } = processes.boot<number>(type, { a: new Recorder<number>() });
    await bus.ready();
    processes.store.fail(states, FULL);
    await sendAll(destination, numbersTo(20), { key: "k" });
    for (const _ of numbersTo(5)) await processes.pass(10_000);
    expect(processes.told).toEqual([STANDS_STILL]);
  });

  test("store - parallel: that it stands still is told once", async () => {
    const processes = new Processes();
    const { bus, destination } = processes.boot<number>("parallel", { a: new Recorder<number>() });
    await bus.ready();
    processes.store.fail(states, FULL);
    await sendAll(destination, numbersTo(20));
    for (const _ of numbersTo(5)) await processes.pass(10_000);
    expect(processes.told).toEqual([STANDS_STILL]);
  });

  test("delayMs - that what is due cannot be moved is told once", async () => {
    const processes = new Processes();
    const { destination } = processes.boot<number>("serial", { a: new Recorder<number>() });
    await sendAll(destination, numbersTo(20), { delayMs: 10 });
    processes.store.fail(stable, FULL);
    for (const _ of numbersTo(5)) await processes.pass(1_000);
    expect(processes.told).toHaveLength(1);
  });

  test("deadLetter - that it cannot be stored is told", async () => {
    const processes = new Processes();
    const failing = (): never => {
      throw new Error("no");
    };
    const attributes = { retry: { attempts: 1 }, deadLetter: DEAD };
    const { bus, destination } = processes.boot<number>("serial", { failing }, attributes);
    bus.addDestination(durable.deadLetter(DEAD, { durable: true }));
    await destination.send(1);
    processes.store.fail(stable, FULL);
    for (const _ of numbersTo(5)) await processes.pass(1_000);
    expect(processes.told).toHaveLength(1);
  });

  test("delayMs - what is due cannot be moved: it is told, and tried again after a second", async () => {
    const processes = new Processes();
    const recorder = new Recorder<number>();
    const { bus, destination } = processes.boot<number>("serial", { recorder });
    await sendAll(destination, numbersTo(3), { delayMs: 10 });
    const stop = processes.store.fail(stable, FULL);
    await processes.pass(10);
    expect(recorder.payloads).toEqual([]);
    expect(ledgerOf(destination)).toEqual({ sent: 3, pending: 3 });
    expect(new Set(processes.told)).toEqual(
      new Set([`Messages of "${NAME}" whose time has come cannot be moved yet`]),
    );
    await processes.pass(999);
    stop();
    await processes.pass(1);
    expect(await recorder.count(3)).toEqual(numbersTo(3));
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toEqual({ sent: 3, delivered: 3 });
    expect(processes.store.keysOf("t")).toEqual([]);
  });

  test("deadLetter - in memory it takes what a failed store cannot: nothing is tried again", async () => {
    const processes = new Processes();
    const failing = (): never => {
      throw new Error("no");
    };
    const attributes = { retry: { attempts: 1 }, deadLetter: DEAD };
    const { bus, destination } = processes.boot<number>("serial", { failing }, attributes);
    bus.addDestination(durable.deadLetter(DEAD));
    await destination.send(1);
    processes.store.fail(stable, FULL);
    await turns();
    expect(ledgerOf(destination)).toEqual({ sent: 1, deadLettered: 1 });
  });

  test("deadLetter - of a destination in memory a durable one that fails is told, and the message has failed", async () => {
    const processes = new Processes();
    const bus = processes.start({ onError: () => {} });
    bus.addDestination(durable.deadLetter(DEAD, { durable: true }));
    const memory = bus.addDestination(durable.serial(NAME, { deadLetter: DEAD }));
    memory.listen(() => {
      throw new Error("no");
    });
    await bus.ready();
    processes.store.fail(stable, FULL);
    void memory.send("a");
    await turns();
    expect(ledgerOf(memory)).toEqual({ sent: 1, failed: 1 });
    expect(processes.told).toEqual([`A dead letter of "${NAME}" failed at "${DEAD}"`]);
  });
});
