import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import {
  type Destination,
  AbortError,
  discard,
  discardOldest,
  DestinationConfiguration,
  divertTo,
  MessageBus,
  waitForSpace,
} from "busline";
import { GateListener, untilQuiet } from "busline/testing";
import { fullDestination, heldBy } from "./full-destination.ts";
import { ledgerOf } from "./ledger.ts";
import { outcomeOf, turns } from "./outcome-of.ts";

const { createSynchronousDestinationConfiguration: synchronous } = DestinationConfiguration;

function watchersOf(controller: AbortController): number {
  return getEventListeners(controller.signal, "abort").length;
}

describe.each(["parallel", "serial"] as const)("%s", (type) => {
  test("signal - already aborted: nothing is sent", async () => {
    const { destination } = await fullDestination(type);
    const signal = AbortSignal.abort("enough");
    const before = ledgerOf(destination);
    let error: unknown;
    try {
      void destination.send("new", { signal });
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(AbortError);
    expect(error).toMatchObject({ code: "BUSLINE_ABORTED", cause: "enough" });
    expect(ledgerOf(destination)).toEqual(before);
  });

  test("signal - aborted while the message waits: it is withdrawn, counted and told", async () => {
    const { bus, destination, gate, discarded } = await fullDestination(type);
    destination.purge();
    const controller = new AbortController();
    void destination.send("withdrawn", { signal: controller.signal });
    expect(watchersOf(controller)).toBe(1);
    controller.abort();
    expect(discarded.at(-1)).toEqual(["withdrawn", "aborted"]);
    expect(ledgerOf(destination)).toEqual({ sent: 3, active: 1, discarded: 2 });
    expect(watchersOf(controller)).toBe(0);
    gate.open();
    await untilQuiet(bus);
    expect(gate.contexts).toHaveLength(1);
  });

  test("signal - one of many: those before and behind it keep their order", async () => {
    const bus = new MessageBus();
    const destination = bus.addDestination<number>(
      new DestinationConfiguration(type, "acme/a", { workersMaxSize: 1 }),
    );
    const received: number[] = [];
    destination.listen(({ payload }) => void received.push(payload));
    destination.pause();
    const controller = new AbortController();
    for (let number = 0; number < 10; number += 1) {
      void destination.send(number, number % 3 === 0 ? { signal: controller.signal } : undefined);
    }
    controller.abort();
    destination.resume();
    await untilQuiet(bus);
    expect(received).toEqual([1, 2, 4, 5, 7, 8]);
    expect(ledgerOf(destination)).toEqual({ sent: 10, delivered: 6, discarded: 4 });
  });

  test("signal - aborted in the turn of the send, with a worker free: no listener sees it", async () => {
    const bus = new MessageBus();
    const destination = bus.addDestination(new DestinationConfiguration(type, "acme/a"));
    const gate = new GateListener();
    destination.listen(gate);
    const controller = new AbortController();
    void destination.send("withdrawn", { signal: controller.signal });
    controller.abort();
    expect(ledgerOf(destination)).toEqual({ sent: 1, discarded: 1 });
    void destination.send("fence");
    await gate.entered(1);
    await turns();
    expect(gate.held.map(({ payload }) => payload)).toEqual(["fence"]);
    expect(destination.statistics.activeWorkerCount).toBe(1);
  });

  test("signal - aborted while the message runs: the listener's context says so", async () => {
    const { bus, destination, gate } = await fullDestination(type);
    gate.open();
    await untilQuiet(bus);
    const running = new GateListener<string>();
    destination.listen(running);
    const controller = new AbortController();
    void destination.send("new", { signal: controller.signal });
    await running.entered(1);
    const signal = running.contexts[0]?.signal;
    expect(signal?.aborted).toBe(false);
    controller.abort("enough");
    expect(signal?.aborted).toBe(true);
    expect(signal?.reason).toMatchObject({ code: "BUSLINE_ABORTED", cause: "enough" });
    // It is the listener's to decide what to do about it.
    expect(ledgerOf(destination)).toEqual({ sent: 3, delivered: 2, active: 1 });
    running.open();
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toEqual({ sent: 3, delivered: 3 });
    expect(watchersOf(controller)).toBe(0);
  });

  test("signal - a context asked for its signal only later finds it aborted", async () => {
    const bus = new MessageBus();
    const destination = bus.addDestination(new DestinationConfiguration(type, "acme/a"));
    const gate = new GateListener();
    destination.listen(gate);
    const controller = new AbortController();
    void destination.send("new", { signal: controller.signal });
    await gate.entered(1);
    controller.abort();
    expect(gate.contexts[0]?.signal.aborted).toBe(true);
    gate.open();
  });

  test("signal - aborted after the end: nothing happens any more", async () => {
    const { bus, destination, gate, discarded } = await fullDestination(type);
    gate.open();
    await untilQuiet(bus);
    const controller = new AbortController();
    void destination.send("new", { signal: controller.signal });
    await untilQuiet(bus);
    expect(watchersOf(controller)).toBe(0);
    controller.abort();
    expect(gate.contexts.at(-1)?.signal.aborted).toBe(false);
    expect(ledgerOf(destination)).toEqual({ sent: 3, delivered: 3 });
    expect(discarded).toEqual([]);
  });

  test("signal - one shared by many messages is left without watchers", async () => {
    const { bus, destination, gate } = await fullDestination(type, discardOldest);
    gate.open();
    await untilQuiet(bus);
    const controller = new AbortController();
    for (let number = 0; number < 20; number += 1) {
      void destination.send(`message ${number}`, { signal: controller.signal });
    }
    expect(watchersOf(controller)).toBeLessThanOrEqual(2);
    await untilQuiet(bus);
    expect(watchersOf(controller)).toBe(0);
  });
});

describe("no watcher stays on a sender's signal", () => {
  test.each([
    ["refused at once", undefined, 0],
    ["discarded", discard, 0],
    ["refused after a wait", waitForSpace({ timeoutMs: 10 }), 1],
    ["diverted", divertTo("acme/elsewhere"), 1],
  ] as const)("signal - %s", async (_, handler, watchersMeanwhile) => {
    const { bus, clock, destination, gate } = await fullDestination("serial", handler);
    const elsewhere: Destination<string> = bus.addDestination(
      new DestinationConfiguration("serial", "acme/elsewhere"),
    );
    elsewhere.listen(gate);
    const controller = new AbortController();
    const ended = outcomeOf(() => destination.send("new", { signal: controller.signal }));
    expect(watchersOf(controller)).toBe(watchersMeanwhile);
    clock.advance(10);
    await ended;
    gate.open();
    await untilQuiet(bus);
    expect(watchersOf(controller)).toBe(0);
  });

  test("signal - a purge and a forced close leave none either", async () => {
    const { bus, clock, destination, gate } = await fullDestination("serial");
    const controller = new AbortController();
    const { signal } = controller;
    destination.purge();
    void destination.send("purged", { signal });
    destination.purge();
    expect(watchersOf(controller)).toBe(0);
    void destination.send("closed", { signal });
    const closed = bus.close({ deadlineMs: 1 });
    clock.advance(1);
    await closed;
    expect(watchersOf(controller)).toBe(0);
    gate.open();
    await turns();
    expect(ledgerOf(destination)).toEqual({ sent: 4, delivered: 1, discarded: 3 });
  });

  test("signal - nor does the handler's own, which many senders share", async () => {
    const controller = new AbortController();
    const { bus, destination, gate } = await fullDestination(
      "serial",
      waitForSpace({ signal: controller.signal }),
    );
    const sends = ["a", "b", "c"].map(async (payload) => destination.send(payload));
    expect(watchersOf(controller)).toBe(3);
    gate.open();
    await Promise.all(sends);
    await untilQuiet(bus);
    expect(watchersOf(controller)).toBe(0);
    expect(heldBy(gate)).toEqual([]);
  });
});

test("signal - synchronous: it reaches the listener that runs in the sender's turn", async () => {
  const destination = new MessageBus().addDestination(synchronous("acme/a"));
  const gate = new GateListener();
  destination.listen(gate);
  const controller = new AbortController();
  const sending = destination.send("new", { signal: controller.signal });
  controller.abort();
  expect(gate.contexts[0]?.signal.aborted).toBe(true);
  gate.open();
  await sending;
  expect(ledgerOf(destination)).toEqual({ sent: 1, delivered: 1 });
  expect(watchersOf(controller)).toBe(0);
});
