import { describe, expect, test } from "vitest";
import { type Destination, StoreError } from "busline";
import { GateListener, Recorder, untilQuiet } from "busline/testing";
import { durable, NAME, Processes, sendAll } from "./durable-fixture.ts";
import { ledgerOf } from "./ledger.ts";
import { turns } from "./outcome-of.ts";

const types = ["parallel", "serial", "keyed"] as const;

/** What `messageUndelivered` is told. */
function undeliveredAt(destination: Destination<number>): unknown[] {
  const told: unknown[] = [];
  destination.addDestinationEventListener({
    messageUndelivered: ({ payload }) => told.push(payload),
  });
  return told;
}

describe.each(types)("%s", (type) => {
  test("forgetListener - what waits for it alone ends as undelivered, and does not come back", async () => {
    const processes = new Processes();
    const first = processes.boot<number>(type, { gone: new Recorder<number>() });
    await first.bus.ready();
    first.destination.pause();
    await sendAll(first.destination, [1, 2]);
    processes.kill();
    const here = new Recorder<number>();
    const { bus, destination } = processes.boot<number>(type, { here });
    const told = undeliveredAt(destination);
    await destination.send(3);
    expect(await here.count(1)).toEqual([3]);
    await turns();
    expect(ledgerOf(destination)).toEqual({ sent: 3, pending: 3 });
    expect(await destination.forgetListener("gone")).toBe(true);
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toEqual({ sent: 3, delivered: 1, undelivered: 2 });
    expect(told).toEqual([1, 2]);
    expect(destination.statistics.missingListeners).toEqual([]);
    expect(processes.store.keysOf("q")).toEqual([]);
    expect(processes.store.keysOf("s")).toEqual([]);
    expect(await destination.forgetListener("gone")).toBe(false);
    processes.kill();
    const again = processes.boot<number>(type, { here });
    await again.bus.ready();
    expect(again.destination.statistics.missingListeners).toEqual([]);
    await again.destination.send(4);
    expect(await here.count(2)).toEqual([3, 4]);
    await untilQuiet(again.bus);
    expect(ledgerOf(again.destination)).toEqual({ sent: 1, delivered: 1 });
  });

  test("forgetListener - what another listener had failed with ends as failed", async () => {
    const processes = new Processes();
    const failing = (): never => {
      throw new Error("no");
    };
    const first = processes.boot<number>(type, { failing, gone: new Recorder<number>() });
    await first.bus.ready();
    await first.bus.close();
    const attributes = { retry: { attempts: 1 } };
    const { bus, destination } = processes.boot<number>(type, { failing }, attributes);
    await destination.send(1);
    await turns();
    expect(ledgerOf(destination)).toEqual({ sent: 1, pending: 1 });
    await destination.forgetListener("gone");
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toEqual({ sent: 1, failed: 1 });
  });

  test("forgetListener - two are missing, one is forgotten: the other one gets all", async () => {
    const processes = new Processes();
    const listeners = { a: new Recorder<number>(), b: new Recorder<number>() };
    const first = processes.boot<number>(type, listeners);
    await first.bus.ready();
    await first.bus.close();
    const { bus, destination } = processes.boot<number>(type);
    await sendAll(destination, [1, 2]);
    await turns();
    expect(destination.statistics.missingListeners).toEqual(["a", "b"]);
    await destination.forgetListener("a");
    await turns();
    expect(ledgerOf(destination)).toEqual({ sent: 2, pending: 2 });
    const b = new Recorder<number>();
    destination.listen(b, { name: "b" });
    expect(await b.count(2)).toEqual([1, 2]);
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toEqual({ sent: 2, delivered: 2 });
  });

  test("forgetListener - one that comes back under its name begins anew", async () => {
    const processes = new Processes();
    const first = processes.boot<number>(type, { here: () => {}, gone: new Recorder<number>() });
    await first.bus.ready();
    await first.bus.close();
    const here = new Recorder<number>();
    const { bus, destination } = processes.boot<number>(type, { here });
    await destination.send(1);
    await destination.forgetListener("gone");
    await destination.send(2);
    const gone = new Recorder<number>();
    destination.listen(gone, { name: "gone" });
    await destination.send(3);
    expect(await gone.count(1)).toEqual([3]);
    await untilQuiet(bus);
    expect(here.payloads).toEqual([1, 2, 3]);
    expect(gone.payloads).toEqual([3]);
  });

  test("forgetListener - one that is still registered is remembered with the next message", async () => {
    const a = new Recorder<number>();
    const b = new Recorder<number>();
    const { bus, destination } = new Processes().boot<number>(type, { a, b });
    await destination.send(1);
    await b.count(1);
    expect(await destination.forgetListener("b")).toBe(true);
    await destination.send(2);
    expect(await a.count(2)).toEqual([1, 2]);
    await untilQuiet(bus);
    expect(b.payloads).toEqual([1, 2]);
  });

  test("forgetListener - one that has been forgotten and leaves: delivered, where another had succeeded before", async () => {
    const processes = new Processes();
    const done = new Recorder<number>();
    const gate = new GateListener<number>();
    const first = processes.boot<number>(type, { done, gone: gate });
    await first.destination.send(1);
    await gate.entered(1);
    await turns();
    processes.kill();
    const { bus, destination } = processes.boot<number>(type, { done });
    const gone = destination.listen(() => {}, { name: "gone" });
    destination.pause();
    await bus.ready();
    expect(await destination.forgetListener("gone")).toBe(true);
    await turns();
    gone.unregister();
    destination.resume();
    await untilQuiet(bus);
    expect(done.payloads).toEqual([1]);
    expect(ledgerOf(destination)).toEqual({ sent: 1, delivered: 1 });
  });

  test("forgetListener - one that has failed and left is not tried again and again", async () => {
    const processes = new Processes();
    const retried: number[] = [];
    const retry = { attempts: 5, backoff: { initialMs: 1_000 }, jitter: 0 };
    const { bus, destination } = processes.boot<number>(type, { other: () => {} }, { retry });
    destination.addDestinationEventListener({
      messageRetried: (_, number) => void retried.push(number),
    });
    const gate = new GateListener<number>();
    const gone = destination.listen(gate, { name: "gone" });
    await destination.send(1);
    await gate.entered(1);
    gate.fail(new Error("not yet"));
    await turns();
    gone.unregister();
    expect(await destination.forgetListener("gone")).toBe(true);
    await processes.pass(1_000);
    await untilQuiet(bus);
    expect(retried).toEqual([2]);
    expect(gate.contexts).toHaveLength(1);
    expect(ledgerOf(destination)).toEqual({ sent: 1, failed: 1 });
  });

  test("forgetListener - what it is at work with is finished", async () => {
    const gate = new GateListener<number>();
    const processes = new Processes();
    const { bus, destination } = processes.boot<number>(type, { gate });
    await destination.send(1);
    await gate.entered(1);
    await destination.forgetListener("gate");
    expect(ledgerOf(destination)).toEqual({ sent: 1, active: 1 });
    gate.open();
    await untilQuiet(bus);
    await turns();
    expect(gate.contexts).toHaveLength(1);
    expect(ledgerOf(destination)).toEqual({ sent: 1, delivered: 1 });
    expect(processes.store.keysOf("q")).toEqual([]);
  });
});

describe("forgetListener", () => {
  test("forgetListener - before the store is open it waits for that", async () => {
    const processes = new Processes();
    const first = processes.boot("serial", { gone: () => {} });
    await first.bus.ready();
    await first.bus.close();
    const release = processes.store.hold(({ method }) => method === "open");
    const { destination } = processes.boot("serial");
    const forgetting = destination.forgetListener("gone");
    await turns();
    release();
    expect(await forgetting).toBe(true);
  });

  test("forgetListener - where nothing is durable nobody is remembered", async () => {
    const bus = new Processes().start();
    const destination = bus.addDestination(durable.serial(NAME));
    destination.listen(() => {}, { name: "a" });
    expect(await destination.forgetListener("a")).toBe(false);
  });

  test("forgetListener - rejects where the store could not be opened", async () => {
    const processes = new Processes();
    processes.store.fail(({ method }) => method === "open");
    const { destination } = processes.boot("serial");
    await expect(destination.forgetListener("a")).rejects.toBeInstanceOf(StoreError);
  });

  test("durable - a listener is remembered though no message has come, and the process dies", async () => {
    const processes = new Processes();
    const first = processes.boot("serial", { early: () => {} });
    await first.bus.ready();
    await turns();
    processes.kill();
    const second = processes.boot("serial");
    await second.bus.ready();
    expect(second.destination.statistics.missingListeners).toEqual(["early"]);
  });

  test("durable - the same with one that comes when the store is open", async () => {
    const processes = new Processes();
    const first = processes.boot("serial");
    await first.bus.ready();
    first.destination.listen(() => {}, { name: "later" });
    await turns();
    processes.kill();
    const second = processes.boot("serial");
    await second.bus.ready();
    expect(second.destination.statistics.missingListeners).toEqual(["later"]);
  });

  test("durable - destinations do not share their listeners", async () => {
    const processes = new Processes();
    const first = processes.boot("serial", { a: () => {} });
    first.bus.addDestination(durable.serial("acme/other", { durable: true }));
    first.bus.listen("acme/other", () => {}, { name: "b" });
    await first.bus.ready();
    await first.bus.close();
    const second = processes.boot("serial");
    const other = second.bus.addDestination(durable.serial("acme/other", { durable: true }));
    await second.bus.ready();
    expect(second.destination.statistics.missingListeners).toEqual(["a"]);
    expect(other.statistics.missingListeners).toEqual(["b"]);
    expect(await other.forgetListener("a")).toBe(false);
  });
});
