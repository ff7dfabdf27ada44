import { describe, expect, test } from "vitest";
import type { SendOptions } from "busline";
import { GateListener, untilQuiet } from "busline/testing";
import { numbersTo, Processes, sendAll } from "./durable-fixture.ts";
import { ledgerOf } from "./ledger.ts";
import { turns } from "./outcome-of.ts";
import { states } from "./spy-store.ts";

const RETRY = { attempts: 3, backoff: { initialMs: 1_000 }, jitter: 0 };
const ATTRIBUTES = { workersCoreSize: 4, workersMaxSize: 4, retry: RETRY };

/** A process that has died with the first so many of its messages in hand. */
async function died<Payload>(
  type: string,
  payloads: readonly Payload[],
  inHand: number,
  options?: SendOptions,
): Promise<Processes> {
  const processes = new Processes();
  const gate = new GateListener<Payload>();
  const workers = { ...ATTRIBUTES, workersCoreSize: inHand, workersMaxSize: inHand };
  const { destination } = processes.boot<Payload>(type, { gate }, workers);
  await sendAll(destination, payloads, options);
  await gate.entered(inHand);
  processes.kill();
  return processes;
}

describe.each(["parallel", "keyed"])("%s", (type) => {
  test("attempts - those that were at work when the process died are tried one by one, then all side by side", async () => {
    const processes = await died(type, numbersTo(8), 4);
    const second = new GateListener<number>();
    const again = processes.boot<number>(type, { gate: second }, ATTRIBUTES);
    for (const number of numbersTo(4)) {
      await second.entered(number + 1);
      await turns();
      expect(second.held.map(({ payload }) => payload)).toEqual([number]);
      expect(second.contexts[number]?.attempt).toBe(2);
      second.release();
    }
    await second.entered(8);
    expect(second.held.map(({ payload }) => payload)).toEqual([4, 5, 6, 7]);
    second.open();
    await untilQuiet(again.bus);
    expect(ledgerOf(again.destination)).toEqual({ sent: 8, delivered: 8 });
  });

  test("attempts - one that is tried alone and fails lets the others go on before its next attempt", async () => {
    const processes = await died(type, ["suspect"], 1);
    const second = new GateListener<string>();
    const again = processes.boot<string>(type, { gate: second }, ATTRIBUTES);
    await sendAll(again.destination, ["a", "b"]);
    await second.entered(1);
    await turns();
    expect(second.held.map(({ payload }) => payload)).toEqual(["suspect"]);
    second.fail(new Error("not yet"));
    await second.entered(3);
    expect(second.held.map(({ payload }) => payload)).toEqual(["a", "b"]);
    await processes.pass(2_000);
    await second.entered(4);
    expect(second.contexts[3]?.attempt).toBe(3);
    second.open();
    await untilQuiet(again.bus);
    expect(ledgerOf(again.destination)).toEqual({ sent: 3, delivered: 3 });
  });

  test.each(["purge", "signal", "expiry", "another close"])(
    "attempts - one that waits to be tried alone, and is gone by %s, does not hold up the others",
    async (how) => {
      const processes = await died(type, ["suspect"], 1, { ttlMs: 100 });
      const second = new GateListener<string>();
      let again = processes.boot<string>(type, { gate: second }, ATTRIBUTES);
      again.destination.pause();
      const controller = new AbortController();
      await again.destination.send("given up", { signal: controller.signal });
      await turns();
      if (how === "purge") again.destination.purge();
      if (how === "signal") controller.abort();
      if (how === "expiry") processes.clock.advance(100);
      if (how === "another close") {
        await again.bus.close();
        again = processes.boot<string>(type, { gate: second }, ATTRIBUTES);
      }
      await again.destination.send("next");
      second.open();
      again.destination.resume();
      await untilQuiet(again.bus);
      const { sent = 0, delivered, discarded = 0, expired = 0 } = ledgerOf(again.destination);
      expect(delivered).toBe(sent - discarded - expired);
      expect(second.contexts.length).toBe(delivered);
    },
  );

  test("attempts - those that had failed before the process was closed are tried side by side", async () => {
    const processes = new Processes();
    const first = new GateListener<number>();
    const { bus, destination } = processes.boot<number>(type, { gate: first }, ATTRIBUTES);
    await sendAll(destination, numbersTo(3));
    await first.entered(3);
    for (const _ of numbersTo(3)) first.fail(new Error("not yet"));
    await turns();
    await bus.close();
    const second = new GateListener<number>();
    processes.boot<number>(type, { gate: second }, ATTRIBUTES);
    await turns(10);
    expect(second.held.map(({ payload }) => payload)).toEqual([0, 1, 2]);
  });

  test("purge - also what waits behind one that is about to be tried alone", async () => {
    const processes = await died(type, numbersTo(4), 1);
    const second = new GateListener<number>();
    const release = processes.store.hold(states);
    const again = processes.boot<number>(type, { gate: second }, ATTRIBUTES);
    await again.bus.ready();
    await turns();
    expect(again.destination.purge()).toBe(4);
    release();
    second.open();
    await untilQuiet(again.bus);
    expect(second.contexts).toEqual([]);
    expect(ledgerOf(again.destination)).toEqual({ sent: 4, discarded: 4 });
    expect(processes.store.keysOf("s")).toEqual([]);
  });

  test("attempts - one that goes on for long holds up neither those that are tried after it nor others", async () => {
    const processes = await died(type, numbersTo(6), 4);
    const second = new GateListener<number>();
    const again = processes.boot<number>(type, { gate: second }, ATTRIBUTES);
    for (const number of numbersTo(3)) {
      await second.entered(number + 1);
      await processes.pass(99);
      expect(second.held).toHaveLength(number + 1);
      await processes.pass(1);
    }
    await second.entered(4);
    expect(second.held.map(({ payload }) => payload)).toEqual([0, 1, 2, 3]);
    second.open();
    await untilQuiet(again.bus);
    expect(ledgerOf(again.destination)).toEqual({ sent: 6, delivered: 6 });
  });

  test("attempts - one during which two processes have ended is alone for a second", async () => {
    const processes = new Processes();
    for (const _ of numbersTo(2)) {
      const gate = new GateListener<string>();
      const { destination } = processes.boot<string>(type, { gate }, ATTRIBUTES);
      if (processes.store.keysOf("q").length === 0) await destination.send("suspect");
      await gate.entered(1);
      processes.kill();
    }
    const gate = new GateListener<string>();
    const { bus, destination } = processes.boot<string>(type, { gate }, ATTRIBUTES);
    await destination.send("other");
    await gate.entered(1);
    await processes.pass(999);
    expect(gate.held.map(({ payload }) => payload)).toEqual(["suspect"]);
    await processes.pass(1);
    await gate.entered(2);
    gate.open();
    await untilQuiet(bus);
  });
});
