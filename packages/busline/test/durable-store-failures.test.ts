import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import { MessageBus, type MessageStore, StoreError } from "busline";
import { Recorder, untilQuiet } from "busline/testing";
import { durable, NAME, Processes, sendAll } from "./durable-fixture.ts";
import { ledgerOf } from "./ledger.ts";
import { outcomeOf, turns } from "./outcome-of.ts";
import { SpyStore, stable, type StoreCall } from "./spy-store.ts";

const FULL = new Error("no room left");
const FAILED = {
  code: "BUSLINE_STORE_FAILED",
  storeName: "spy",
  message: 'Store "spy" has failed',
};
const openings = ({ method }: StoreCall): boolean => method === "open";

async function rejectionOf(promise: void | Promise<unknown>): Promise<unknown> {
  try {
    await promise;
    return "resolved";
  } catch (error) {
    return error;
  }
}

describe("store - it cannot be opened", () => {
  test.each([
    ["open", openings],
    ["get", ({ method }: StoreCall) => method === "get"],
    ["read", ({ method }: StoreCall) => method === "read"],
    ["commit", stable],
  ])("open - %s fails: ready and sends reject, and the logger is told once", async (_, calls) => {
    const processes = new Processes();
    processes.store.fail(calls, FULL);
    const { bus, destination } = processes.boot("serial", { a: new Recorder() });
    const other = bus.addDestination(durable.parallel("acme/other", { durable: true }));
    const early = rejectionOf(destination.send("early"));
    const error = await rejectionOf(bus.ready());
    expect(error).toBeInstanceOf(StoreError);
    expect(error).toMatchObject({ ...FAILED, cause: FULL });
    expect(await early).toBe(error);
    expect(await rejectionOf(destination.send("late"))).toBe(error);
    expect(await rejectionOf(other.send("late"))).toBe(error);
    expect(await rejectionOf(destination.request("asked"))).toBe(error);
    expect(await rejectionOf(bus.ready())).toBe(error);
    expect(ledgerOf(destination)).toEqual({ sent: 3, rejected: 3 });
    expect(ledgerOf(other)).toEqual({ sent: 1, rejected: 1 });
    expect(destination.purge()).toBe(0);
    expect(destination.statistics.missingListeners).toEqual([]);
    expect(processes.told).toEqual(["The store could not be opened"]);
    expect(processes.problems).toEqual([{ err: error }]);
  });

  test("open - what the store says of itself is passed on as it is", async () => {
    const processes = new Processes();
    const locked = new StoreError("BUSLINE_STORE_LOCKED", "spy", "is in use by process 7");
    processes.store.fail(openings, locked);
    const { bus } = processes.boot("serial");
    expect(await rejectionOf(bus.ready())).toBe(locked);
  });

  test("open - a store whose methods throw instead of rejecting", async () => {
    const processes = new Processes();
    const store: MessageStore = Object.assign(new SpyStore(), {
      open: () => {
        throw FULL;
      },
    });
    const bus = processes.start({ store });
    expect(await rejectionOf(bus.ready())).toMatchObject({ ...FAILED, cause: FULL });
  });

  test("open - a bus without a store is ready", async () => {
    const bus = new MessageBus();
    expect(await rejectionOf(bus.ready())).toBe("resolved");
  });

  test("open - a store of a later layout is refused, and nothing in it is changed", async () => {
    const value = new TextEncoder().encode("2");
    const processes = new Processes(new SpyStore([{ key: "schema", value }]));
    const { bus, destination } = processes.boot("serial");
    expect(await rejectionOf(bus.ready())).toMatchObject({
      code: "BUSLINE_STORE_VERSION",
      message: 'Store "spy" was written by a later version of busline (layout 2; this one knows 1)',
    });
    expect(await outcomeOf(() => destination.send("a"))).toBe("BUSLINE_STORE_VERSION");
    await bus.close();
    expect(processes.store.entries).toEqual([{ key: "schema", value }]);
  });

  test("open - the messages of one destination cannot be counted: the others go on", async () => {
    const processes = new Processes();
    const bus = processes.start();
    await bus.ready();
    const other = bus.addDestination(durable.serial("acme/other", { durable: true }));
    await other.send("first");
    processes.store.failOnce(({ method }) => method === "count", FULL);
    const destination = bus.addDestination(durable.serial(NAME, { durable: true }));
    expect(await rejectionOf(bus.ready())).toMatchObject({ ...FAILED, cause: FULL });
    expect(await outcomeOf(() => destination.send("a"))).toBe("BUSLINE_STORE_FAILED");
    expect(await outcomeOf(() => other.send("a"))).toBe("accepted");
  });

  test("open - that it stands still is told, though nobody sends", async () => {
    const processes = new Processes();
    const bus = processes.start();
    await bus.ready();
    processes.store.failOnce(({ method }) => method === "count", FULL);
    bus.addDestination(durable.serial(NAME, { durable: true }));
    await turns();
    expect(processes.told).toHaveLength(1);
  });
});

describe("store - a message cannot be stored", () => {
  test.each([
    ["anything", FULL, { ...FAILED, cause: FULL }],
    ["nothing", null, { ...FAILED, cause: null }],
    [
      "a StoreError",
      new StoreError("BUSLINE_STORE_DAMAGED", "spy", "has a hole"),
      { code: "BUSLINE_STORE_DAMAGED" },
    ],
  ])("send - rejects with %s, and nobody ever gets the message", async (_, error, expected) => {
    const processes = new Processes();
    const recorder = new Recorder();
    const { bus, destination } = processes.boot("serial", { recorder });
    await destination.send("before");
    const stop = processes.store.fail(stable, error);
    const failed = await rejectionOf(sendAll(destination, ["a", "b"]));
    expect(failed).toBeInstanceOf(StoreError);
    expect(failed).toMatchObject(expected);
    await turns();
    expect(ledgerOf(destination)).toEqual({ sent: 3, delivered: 1, rejected: 2 });
    stop();
    await destination.send("after");
    expect(await recorder.count(2)).toEqual(["before", "after"]);
    await untilQuiet(bus);
    expect(processes.told).toEqual([]);
    processes.kill();
    const again = processes.boot("serial", { recorder });
    await again.destination.send("fence");
    expect(await recorder.count(3)).toEqual(["before", "after", "fence"]);
  });

  test("send - those of the next commit are stored, those of the failed one are not", async () => {
    const processes = new Processes();
    const recorder = new Recorder();
    const { bus, destination } = processes.boot("serial", { recorder });
    await bus.ready();
    processes.store.failOnce(stable);
    const release = processes.store.hold(stable);
    const first = outcomeOf(() => destination.send("first"));
    await turns();
    const second = outcomeOf(() => destination.send("second"));
    release();
    expect(await Promise.all([first, second])).toEqual(["BUSLINE_STORE_FAILED", "accepted"]);
    expect(await recorder.count(1)).toEqual(["second"]);
    expect(ledgerOf(destination)).toMatchObject({ sent: 2, rejected: 1 });
  });

  test("send - the ids of a commit cannot be looked up: all of it is refused", async () => {
    const processes = new Processes();
    const recorder = new Recorder();
    const { bus, destination } = processes.boot("serial", { recorder });
    await bus.ready();
    const stop = processes.store.fail(({ method }) => method === "get", FULL);
    const sends = [destination.send("own", { id: "own" }), destination.send("other")];
    const errors = await Promise.all(sends.map(rejectionOf));
    expect(errors).toEqual([expect.objectContaining(FAILED), expect.objectContaining(FAILED)]);
    stop();
    await destination.send("after", { id: "own" });
    expect(await recorder.count(1)).toEqual(["after"]);
    expect(ledgerOf(destination)).toMatchObject({ sent: 3, rejected: 2 });
  });

  test("request - fails at once where it cannot be stored", async () => {
    const processes = new Processes();
    const { bus, destination } = processes.boot("serial", { answering: () => "reply" });
    await bus.ready();
    processes.store.failOnce(stable, FULL);
    expect(await rejectionOf(destination.request("a"))).toMatchObject({ ...FAILED, cause: FULL });
    expect(await destination.request("b")).toBe("reply");
    expect(bus.statistics.pendingRequestCount).toBe(0);
  });

  test("delayMs, signal - nothing is left of a message that could not be stored", async () => {
    const processes = new Processes();
    const recorder = new Recorder();
    const { bus, destination } = processes.boot("serial", { recorder });
    await bus.ready();
    const controller = new AbortController();
    processes.store.failOnce(stable);
    const options = { delayMs: 10, signal: controller.signal };
    expect(await outcomeOf(() => destination.send("a", options))).toBe("BUSLINE_STORE_FAILED");
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
    controller.abort();
    await processes.pass(10);
    await destination.send("fence");
    expect(await recorder.count(1)).toEqual(["fence"]);
    expect(destination.purge()).toBe(0);
    expect(ledgerOf(destination)).toMatchObject({ sent: 2, rejected: 1 });
  });

  test("abort - given up while it is being stored, which then fails: discarded, once", async () => {
    const processes = new Processes();
    const { bus, destination } = processes.boot("serial", { a: new Recorder() });
    await bus.ready();
    processes.store.failOnce(stable);
    const release = processes.store.hold(stable);
    const controller = new AbortController();
    const sending = outcomeOf(() => destination.send("a", { signal: controller.signal }));
    await turns();
    controller.abort();
    expect(ledgerOf(destination)).toEqual({ sent: 1, discarded: 1 });
    release();
    expect(await sending).toBe("BUSLINE_STORE_FAILED");
    expect(ledgerOf(destination)).toEqual({ sent: 1, discarded: 1 });
  });
});
