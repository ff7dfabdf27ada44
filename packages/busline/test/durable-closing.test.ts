import { describe, expect, test } from "vitest";
import type { MessageListener } from "busline";
import { GateListener, Recorder, untilQuiet } from "busline/testing";
import { watched } from "./closing-fixture.ts";
import { durable, NAME, numbersTo, Processes, sendAll } from "./durable-fixture.ts";
import { ledgerOf } from "./ledger.ts";
import { outcomeOf, turns } from "./outcome-of.ts";
import { stable } from "./spy-store.ts";

const types = ["parallel", "serial", "keyed"] as const;
const ONE_WORKER = { workersCoreSize: 1, workersMaxSize: 1 };
const NOTHING = { undelivered: [], interrupted: [] };

/** One message is being stored. */
async function whileStoring(type: string) {
  const processes = new Processes();
  const rig = processes.boot<number>(type, { a: new Recorder<number>() });
  await rig.bus.ready();
  const release = processes.store.hold(stable);
  const sending = outcomeOf(() => rig.destination.send(1));
  await turns();
  return { ...rig, processes, release, sending };
}

describe.each(types)("%s", (type) => {
  test("close - what runs is finished, what waits stays in the store, and nothing comes twice", async () => {
    const processes = new Processes();
    const gate = new GateListener<number>();
    const { bus, destination } = processes.boot<number>(type, { gate }, ONE_WORKER);
    await sendAll(destination, numbersTo(5));
    await gate.entered(1);
    const closing = bus.close();
    const state = watched(closing);
    await turns();
    expect(state.isSettled).toBe(false);
    gate.open();
    expect(await closing).toEqual(NOTHING);
    expect(gate.contexts).toHaveLength(1);
    expect(gate.contexts[0]?.signal.aborted).toBe(false);
    expect(ledgerOf(destination)).toEqual({ sent: 5, delivered: 1, pending: 4 });
    expect(processes.store.keysOf("q")).toHaveLength(4);
    const recorder = new Recorder<number>();
    const again = processes.boot<number>(type, { gate: recorder }, ONE_WORKER);
    expect(await recorder.count(4)).toEqual([1, 2, 3, 4]);
    await untilQuiet(again.bus);
    expect(ledgerOf(again.destination)).toEqual({ sent: 4, delivered: 4 });
  });

  test("close - its deadline interrupts what runs; that comes again", async () => {
    const processes = new Processes();
    const gate = new GateListener<number>();
    const { bus, destination } = processes.boot<number>(type, { gate }, ONE_WORKER);
    await sendAll(destination, [0, 1]);
    await gate.entered(1);
    const closing = bus.close({ deadlineMs: 50 });
    await processes.pass(50);
    const { undelivered, interrupted } = await closing;
    expect(undelivered).toEqual([]);
    expect(interrupted.map(({ payload }) => payload)).toEqual([0]);
    expect(gate.contexts[0]?.signal.aborted).toBe(true);
    gate.open();
    await turns();
    expect(ledgerOf(destination)).toMatchObject({ sent: 2, delivered: 1, pending: 1 });
    const recorder = new Recorder<number>();
    processes.boot<number>(type, { gate: recorder });
    expect(await recorder.count(2)).toEqual([0, 1]);
  });

  test("close - what a listener throws after the deadline is no end of its message", async () => {
    const processes = new Processes();
    const gate = new GateListener<number>();
    const attributes = { retry: { attempts: 1 } };
    const { bus, destination } = processes.boot<number>(type, { gate }, attributes);
    await destination.send(0);
    await gate.entered(1);
    const closing = bus.close({ deadlineMs: 50 });
    await processes.pass(50);
    await closing;
    gate.fail(new Error("stopped"));
    await turns();
    expect(ledgerOf(destination)).toEqual({ sent: 1, pending: 1 });
    expect(processes.store.keysOf("q")).toHaveLength(1);
  });

  test("close - senders whose messages are being stored are waited for, others refused", async () => {
    const { bus, destination, processes, release, sending } = await whileStoring(type);
    const closing = bus.close();
    const state = watched(closing);
    expect(await outcomeOf(() => destination.send(2))).toBe("BUSLINE_CLOSED");
    await turns();
    expect(state.isSettled).toBe(false);
    release();
    expect(await sending).toBe("accepted");
    expect(await closing).toEqual(NOTHING);
    expect(ledgerOf(destination)).toEqual({ sent: 2, pending: 1, rejected: 1 });
    const recorder = new Recorder<number>();
    processes.boot<number>(type, { a: recorder });
    expect(await recorder.count(1)).toEqual([1]);
  });

  test.each([1_000, 60_000])(
    "close - what waits for its next attempt stays in the store: %i ms",
    async (initialMs) => {
      const processes = new Processes();
      const gate = new GateListener<number>();
      const retry = { attempts: 3, backoff: { initialMs }, jitter: 0 };
      const { bus, destination } = processes.boot<number>(type, { gate }, { retry });
      await destination.send(1);
      await gate.entered(1);
      gate.fail(new Error("not yet"));
      await turns();
      expect(await bus.close()).toEqual(NOTHING);
      expect(ledgerOf(destination)).toEqual({ sent: 1, pending: 1 });
      const second = new GateListener<number>();
      processes.boot<number>(type, { gate: second }, { retry });
      await second.entered(1);
      expect(second.contexts[0]?.attempt).toBe(2);
      second.open();
    },
  );

  test("drain - finishes everything, wherever it lies", async () => {
    const processes = new Processes();
    const recorder = new Recorder<number>();
    const { bus, destination } = processes.boot<number>(
      type,
      { recorder },
      { maximumMessagesInMemory: 2 },
    );
    destination.pause();
    await sendAll(destination, numbersTo(50), { key: "k" });
    await bus.drain();
    expect(recorder.payloads).toEqual(numbersTo(50));
    expect(ledgerOf(destination)).toEqual({ sent: 50, delivered: 50 });
    expect(await bus.close()).toEqual(NOTHING);
    expect(processes.store.keysOf("q")).toEqual([]);
    expect(processes.store.keysOf("s")).toEqual([]);
  });

  test("drain - does not wait for listeners that are not here", async () => {
    const processes = new Processes();
    const { bus, destination } = processes.boot<number>(type, {});
    await destination.send(1);
    await bus.drain();
    expect(ledgerOf(destination)).toEqual({ sent: 1, pending: 1 });
  });

  test("drain - waits for the attempts that are left", async () => {
    const processes = new Processes();
    const gate = new GateListener<number>();
    const retry = { attempts: 2, backoff: { initialMs: 10 }, jitter: 0 };
    const { bus, destination } = processes.boot<number>(type, { gate }, { retry });
    await destination.send(1);
    await gate.entered(1);
    gate.fail(new Error("not yet"));
    const draining = bus.drain();
    await processes.pass(10);
    await gate.entered(2);
    gate.release();
    await draining;
    expect(ledgerOf(destination)).toEqual({ sent: 1, delivered: 1 });
  });

  test("removeDestination - messages stay in the store, and are there when it is added again", async () => {
    const processes = new Processes();
    const gate = new GateListener<number>();
    const { bus, destination } = processes.boot<number>(type, { gate }, ONE_WORKER);
    await sendAll(destination, numbersTo(4), { key: "k" });
    await gate.entered(1);
    const removing = bus.removeDestination(NAME);
    gate.open();
    expect(await removing).toEqual(NOTHING);
    expect(bus.hasDestination(NAME)).toBe(false);
    expect(await outcomeOf(() => destination.send(9))).toBe("BUSLINE_CLOSED");
    expect(ledgerOf(destination)).toMatchObject({ delivered: 1, pending: 3 });
    const again = bus.addDestination<number>(
      durable[type](NAME, { durable: true, ...(type === "serial" ? {} : ONE_WORKER) }),
    );
    await bus.ready();
    expect(again.statistics).toMatchObject({
      recoveredMessageCount: 3,
      missingListeners: ["gate"],
    });
    const recorder = new Recorder<number>();
    again.listen(recorder, { name: "gate" });
    await again.send(4, { key: "k" });
    expect(await recorder.count(4)).toEqual([1, 2, 3, 4]);
    await untilQuiet(bus);
    expect(ledgerOf(again)).toEqual({ sent: 4, delivered: 4 });
    await processes.pass(60_000);
    expect(gate.contexts).toHaveLength(1);
    expect(processes.told).toEqual([]);
  });

  test("removeDestination - waits for what is being stored", async () => {
    const { bus, destination, release, sending } = await whileStoring(type);
    const removing = bus.removeDestination(NAME);
    const state = watched(removing);
    await turns();
    expect(state.isSettled).toBe(false);
    release();
    expect(await sending).toBe("accepted");
    expect(await removing).toEqual(NOTHING);
    expect(ledgerOf(destination)).toEqual({ sent: 1, pending: 1 });
  });

  test("removeDestination - one whose listeners are missing is not told of any more", async () => {
    const processes = new Processes();
    const first = processes.boot<number>(type, { gone: new Recorder<number>() });
    await first.bus.ready();
    await first.bus.close();
    const { bus, destination } = processes.boot<number>(type);
    await destination.send(1);
    await turns();
    await bus.removeDestination(NAME);
    await processes.pass(10_000);
    expect(processes.told).toEqual([]);
  });
});

test("close - what has come back for its next attempt is tried, or stays, and not both", async () => {
  const processes = new Processes();
  const gate = new GateListener<string>();
  const attributes = {
    ...ONE_WORKER,
    retry: { attempts: 3, backoff: { initialMs: 10 }, jitter: 0 },
  };
  const { bus, destination } = processes.boot<string>("parallel", { gate }, attributes);
  await sendAll(destination, ["comes back", "runs"]);
  await gate.entered(1);
  gate.fail(new Error("not yet"));
  await gate.entered(2);
  await processes.pass(10);
  const closing = bus.close();
  gate.release();
  await closing;
  gate.open();
  await turns();
  const again = new Recorder<string>();
  const next = processes.boot<string>("parallel", { gate: again }, attributes);
  await next.destination.send("fence");
  await next.bus.drain();
  const wasTried = gate.contexts.length === 3;
  expect(again.payloads.includes("comes back")).toBe(!wasTried);
});

describe("closing", () => {
  test("close - what was handed to a worker and has not begun at the deadline is not begun, and costs no attempt", async () => {
    const processes = new Processes();
    const gate = new GateListener<number>();
    const attributes = { workersCoreSize: 4, workersMaxSize: 4, retry: { attempts: 1 } };
    const once = processes.boot<number>("parallel", {}, attributes);
    const shrinks: MessageListener<number> = (message, context) => {
      // The others have been handed out, and find no worker any more.
      once.destination.setWorkersSize(1, 1);
      return gate.receive(message, context);
    };
    once.destination.listen(shrinks, { name: "gate" });
    await once.bus.ready();
    await sendAll(once.destination, [0, 1, 2]);
    await gate.entered(1);
    const closing = once.bus.close({ deadlineMs: 10 });
    await processes.pass(10);
    expect((await closing).interrupted).toHaveLength(1);
    gate.open();
    await turns();
    expect(gate.contexts).toHaveLength(1);
    expect(ledgerOf(once.destination)).toEqual({ sent: 3, delivered: 1, pending: 2 });
    const recorder = new Recorder<number>();
    const again = processes.boot<number>("parallel", { gate: recorder }, attributes);
    await untilQuiet(again.bus);
    expect(recorder.payloads).toEqual([1, 2]);
    // The first one was interrupted in its only attempt, and its end came after the store was closed.
    expect(ledgerOf(again.destination)).toEqual({ sent: 3, delivered: 2, failed: 1 });
  });
});
