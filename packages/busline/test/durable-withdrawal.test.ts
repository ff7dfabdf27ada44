import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import type { Destination } from "busline";
import { GateListener, Recorder, untilQuiet } from "busline/testing";
import { Processes, sendAll } from "./durable-fixture.ts";
import { ledgerOf } from "./ledger.ts";
import { outcomeOf, turns } from "./outcome-of.ts";
import { reads, stable, states } from "./spy-store.ts";

const types = ["parallel", "serial", "keyed"] as const;
const SMALL = { maximumMessagesInMemory: 1, workersCoreSize: 1, workersMaxSize: 1 };

interface Rig {
  readonly processes: Processes;
  readonly gate: GateListener<string>;
  readonly destination: Destination<string>;
  readonly controller: AbortController;
  readonly told: unknown[];
  /** Nothing is left of the message that was given up, here or after a restart. */
  expectNothing(): Promise<void>;
}

describe.each(types)("%s", (type) => {
  async function rigOf(): Promise<Rig> {
    const processes = new Processes();
    const gate = new GateListener<string>();
    const { bus, destination } = processes.boot<string>(type, { gate }, SMALL);
    await bus.ready();
    const told: unknown[] = [];
    destination.addDestinationEventListener({
      messageDiscarded: ({ payload }, reason) => told.push([payload, reason]),
    });
    const controller = new AbortController();
    const expectNothing = async (): Promise<void> => {
      expect(told).toEqual([["given up", "aborted"]]);
      expect(getEventListeners(controller.signal, "abort")).toEqual([]);
      gate.open();
      await untilQuiet(bus);
      expect(gate.contexts.length).toBe(destination.statistics.deliveredMessageCount);
      expect(ledgerOf(destination)).toMatchObject({ discarded: 1 });
      expect(processes.store.keysOf("q")).toEqual([]);
      expect(processes.store.keysOf("s")).toEqual([]);
      expect(processes.store.keysOf("t")).toEqual([]);
    };
    return { processes, gate, destination, controller, told, expectNothing };
  }

  test("signal - aborted while the message is being stored", async () => {
    const { processes, destination, controller, expectNothing } = await rigOf();
    const release = processes.store.hold(stable);
    const sending = outcomeOf(() => destination.send("given up", { signal: controller.signal }));
    await turns();
    controller.abort();
    expect(ledgerOf(destination)).toEqual({ sent: 1, discarded: 1 });
    release();
    expect(await sending).toBe("accepted");
    await expectNothing();
  });

  test("signal - aborted while it waits in memory", async () => {
    const { destination, controller, expectNothing } = await rigOf();
    destination.pause();
    await destination.send("given up", { signal: controller.signal });
    controller.abort();
    expect(ledgerOf(destination)).toEqual({ sent: 1, discarded: 1 });
    destination.resume();
    await expectNothing();
  });

  test("signal - aborted while that its attempt begins is written down", async () => {
    const { processes, destination, controller, expectNothing } = await rigOf();
    const release = processes.store.hold(states);
    await destination.send("given up", { signal: controller.signal });
    await turns();
    controller.abort();
    expect(ledgerOf(destination)).toEqual({ sent: 1, discarded: 1 });
    release();
    await expectNothing();
  });

  test("signal - aborted when that has been written down, and nothing may start", async () => {
    const { processes, destination, controller, expectNothing } = await rigOf();
    const release = processes.store.hold(states);
    await destination.send("given up", { signal: controller.signal });
    await turns();
    destination.pause();
    release();
    await turns();
    controller.abort();
    expect(ledgerOf(destination)).toEqual({ sent: 1, discarded: 1 });
    destination.resume();
    await expectNothing();
  });

  test("signal - aborted while it lies in the store alone", async () => {
    const { gate, destination, controller, expectNothing } = await rigOf();
    await sendAll(destination, ["runs", "waits", "waits too"]);
    await gate.entered(1);
    await destination.send("given up", { signal: controller.signal });
    await destination.send("behind");
    controller.abort();
    expect(ledgerOf(destination)).toEqual({ sent: 5, active: 1, pending: 3, discarded: 1 });
    await expectNothing();
  });

  test("signal - aborted while the page is being read on which it lies", async () => {
    const { processes, gate, destination, controller, expectNothing } = await rigOf();
    await destination.send("runs");
    await gate.entered(1);
    await destination.send("given up", { signal: controller.signal });
    await destination.send("behind");
    const release = processes.store.hold(reads);
    gate.release();
    await turns();
    controller.abort();
    expect(ledgerOf(destination)).toMatchObject({ pending: 1, discarded: 1 });
    release();
    await turns();
    await expectNothing();
  });

  test("signal - aborted while it waits for its next attempt", async () => {
    const { processes, gate, destination, controller, expectNothing } = await rigOf();
    await destination.send("given up", { signal: controller.signal });
    await gate.entered(1);
    gate.fail(new Error("not yet"));
    await turns();
    controller.abort();
    expect(ledgerOf(destination)).toEqual({ sent: 1, discarded: 1 });
    await processes.pass(1_000);
    gate.contexts.splice(0);
    await expectNothing();
  });

  test("signal - aborted while that its next attempt begins is written down", async () => {
    const { processes, gate, destination, controller, expectNothing } = await rigOf();
    await destination.send("given up", { signal: controller.signal });
    await gate.entered(1);
    gate.fail(new Error("not yet"));
    await turns();
    const release = processes.store.hold(states);
    await processes.pass(1_000);
    controller.abort();
    expect(ledgerOf(destination)).toEqual({ sent: 1, discarded: 1 });
    release();
    await turns();
    gate.contexts.splice(0);
    await expectNothing();
  });

  test("signal - aborted while it is put off, and when its time has come", async () => {
    const { processes, destination, controller, expectNothing } = await rigOf();
    await destination.send("given up", { signal: controller.signal, delayMs: 10 });
    const release = processes.store.hold(stable);
    await processes.pass(10);
    controller.abort();
    expect(ledgerOf(destination)).toEqual({ sent: 1, discarded: 1 });
    release();
    await turns();
    await expectNothing();
  });

  test("signal - aborted when it had been put off, and waits now", async () => {
    const { processes, gate, destination, controller, expectNothing } = await rigOf();
    await destination.send("runs");
    await gate.entered(1);
    await destination.send("given up", { signal: controller.signal, delayMs: 10 });
    await processes.pass(10);
    controller.abort();
    expect(ledgerOf(destination)).toEqual({ sent: 2, active: 1, discarded: 1 });
    await expectNothing();
  });

  test("signal - aborted while it waits for a listener that is not here", async () => {
    const processes = new Processes();
    const { destination } = processes.boot<string>(type, {}, SMALL);
    const controller = new AbortController();
    await destination.send("given up", { signal: controller.signal });
    await turns();
    controller.abort();
    expect(ledgerOf(destination)).toEqual({ sent: 1, discarded: 1 });
    const recorder = new Recorder<string>();
    destination.listen(recorder, { name: "late" });
    await destination.send("fence");
    expect(await recorder.count(1)).toEqual(["fence"]);
    await turns();
    expect(processes.store.keysOf("q")).toEqual([]);
  });

  test("signal - aborted while it runs: the listener is told, and the message is delivered", async () => {
    const { processes, gate, destination, controller } = await rigOf();
    await destination.send("runs", { signal: controller.signal });
    await gate.entered(1);
    controller.abort();
    expect(gate.contexts[0]?.signal.aborted).toBe(true);
    gate.release();
    await turns();
    expect(ledgerOf(destination)).toEqual({ sent: 1, delivered: 1 });
    expect(processes.store.keysOf("q")).toEqual([]);
  });
});
