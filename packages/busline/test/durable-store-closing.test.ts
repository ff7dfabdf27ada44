import { describe, expect, test } from "vitest";
import { DestinationConfiguration, MessageBus, StoreError } from "busline";
import { GateListener, ManualClock, Recorder } from "busline/testing";
import { watched } from "./closing-fixture.ts";
import { NAME, Processes, sendAll } from "./durable-fixture.ts";
import { ledgerOf } from "./ledger.ts";
import { outcomeOf, turns } from "./outcome-of.ts";
import { ends, inProcess, reads, type SpyStore, stable, type StoreCall } from "./spy-store.ts";

const closings = ({ method }: StoreCall): boolean => method === "close";
const openings = ({ method }: StoreCall): boolean => method === "open";

/** The method of the last call of a store. */
function lastOf({ calls }: SpyStore): string | undefined {
  return calls.at(-1)?.method;
}

describe("close - the store", () => {
  test("close - the store is closed last, once, when all has been written down", async () => {
    const processes = new Processes();
    const { store } = processes;
    const gate = new GateListener();
    const { bus, destination } = processes.boot("serial", { gate });
    await sendAll(destination, ["a", "b"]);
    await gate.entered(1);
    const closing = bus.close();
    await turns();
    expect(store.countOf(closings)).toBe(0);
    const release = store.hold(ends);
    gate.open();
    await turns();
    expect(store.countOf(closings)).toBe(0);
    release();
    const [report, same] = await Promise.all([closing, bus.close()]);
    expect(same).toBe(report);
    expect(store.countOf(closings)).toBe(1);
    expect(lastOf(store)).toBe("close");
    expect(store.keysOf("q")).toHaveLength(1);
    await processes.pass(100_000);
    expect(lastOf(store)).toBe("close");
  });

  test("close - what a listener does after the deadline does not come to the store any more", async () => {
    const processes = new Processes();
    const gate = new GateListener();
    const { bus, destination } = processes.boot("parallel", { gate, other: new GateListener() });
    await destination.send("a");
    await gate.entered(1);
    const closing = bus.close({ deadlineMs: 10 });
    await processes.pass(10);
    await closing;
    gate.open();
    await processes.pass(100_000);
    expect(lastOf(processes.store)).toBe("close");
  });

  test("close - what the store has been asked and has not answered is waited for", async () => {
    const processes = new Processes();
    const first = processes.boot("serial", { gate: new GateListener() });
    await sendAll(first.destination, ["a", "b"]);
    processes.kill();
    const release = processes.store.hold(reads);
    const { bus } = processes.boot("serial", { gate: new GateListener() });
    await turns();
    expect(processes.store.countOf(reads)).toBe(1);
    const closing = bus.close();
    await turns();
    expect(processes.store.countOf(closings)).toBe(0);
    release();
    await closing;
    expect(lastOf(processes.store)).toBe("close");
  });

  test("close - without any durable destination the store is opened and closed too", async () => {
    const processes = new Processes();
    const bus = processes.start();
    await bus.close();
    expect(processes.store.calls[0]?.method).toBe("open");
    expect(lastOf(processes.store)).toBe("close");
  });

  test("close - at once: it waits until the store is open, and closes it", async () => {
    const processes = new Processes();
    const release = processes.store.hold(openings);
    const { bus } = processes.boot("serial");
    const state = watched(bus.close());
    await turns();
    expect(state.isSettled).toBe(false);
    release();
    await turns();
    expect(state.isSettled).toBe(true);
    expect(lastOf(processes.store)).toBe("close");
  });

  test("close - `await using` closes the store", async () => {
    const { store } = new Processes();
    {
      await using bus = new MessageBus({ store, clock: new ManualClock() });
      bus.addDestination(new DestinationConfiguration("serial", NAME, { durable: true }));
      await bus.send(NAME, "a");
    }
    expect(lastOf(store)).toBe("close");
  });

  test.each([
    ["a StoreError", new StoreError("BUSLINE_STORE_FAILED", "spy", "is tired"), "is tired"],
    ["anything else", "tired", "has failed"],
  ])("close - a store that cannot be closed, with %s, is told of", async (_, error, text) => {
    const processes = new Processes();
    processes.store.fail(closings, error);
    const { bus, destination } = processes.boot("serial");
    await destination.send("a");
    expect(await bus.close()).toEqual({ undelivered: [], interrupted: [] });
    expect(processes.told).toEqual(["The store could not be closed"]);
    expect(processes.problems).toMatchObject([
      { err: { code: "BUSLINE_STORE_FAILED", message: `Store "spy" ${text}` } },
    ]);
  });

  test("close - a store that could not be opened is closed, and nothing more is told", async () => {
    const processes = new Processes();
    processes.store.fail(openings);
    const { bus, destination } = processes.boot("serial");
    expect(await outcomeOf(() => destination.send("a"))).toBe("BUSLINE_STORE_FAILED");
    expect(await bus.close()).toEqual({ undelivered: [], interrupted: [] });
    expect(processes.told).toEqual(["The store could not be opened"]);
    expect(lastOf(processes.store)).toBe("close");
  });

  test("close - what cannot be written down is told, and comes again", async () => {
    const processes = new Processes();
    const gate = new GateListener();
    const { bus, destination } = processes.boot("serial", { gate });
    await destination.send("a");
    await gate.entered(1);
    const stop = processes.store.fail(inProcess);
    gate.open();
    await turns();
    const closing = bus.close();
    expect(await closing).toEqual({ undelivered: [], interrupted: [] });
    expect(processes.told).toEqual(["What has become of messages could not be written down yet"]);
    expect(ledgerOf(destination)).toEqual({ sent: 1, delivered: 1 });
    stop();
    const recorder = new Recorder();
    processes.boot("serial", { gate: recorder });
    expect(await recorder.count(1)).toEqual(["a"]);
  });

  test.each([
    ["opens", openings],
    ["answers", stable],
    ["closes", closings],
  ])(
    "close - a store that never %s: it ends all the same, its deadline later",
    async (_, calls) => {
      const processes = new Processes();
      processes.store.hold(calls);
      const { bus, destination } = processes.boot("serial", { a: new Recorder() });
      void outcomeOf(() => destination.send("a"));
      await turns();
      const state = watched(bus.close({ deadlineMs: 50 }));
      // To finish what was accepted, and to close the store.
      await processes.pass(50);
      await processes.pass(50);
      expect(state.isSettled).toBe(true);
    },
  );

  test("close - who waits for a store that never opens is refused", async () => {
    const processes = new Processes();
    processes.store.hold(openings);
    const { bus, destination } = processes.boot("serial");
    const outcomes: unknown[] = [];
    void outcomeOf(() => destination.send("a")).then((outcome) => outcomes.push(outcome));
    void bus.close({ deadlineMs: 50 });
    await processes.pass(50);
    await processes.pass(50);
    expect(outcomes).toEqual(["BUSLINE_CLOSED"]);
  });
});
