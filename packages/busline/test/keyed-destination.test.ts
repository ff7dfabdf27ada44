import { array, assert, asyncProperty, constantFrom, integer, option, record } from "fast-check";
import { describe, expect, test } from "vitest";
import { DestinationConfiguration, type DestinationAttributes, MessageBus } from "busline";
import { GateListener, ManualClock, Recorder, untilQuiet } from "busline/testing";
import { ledgerOf } from "./ledger.ts";
import { outcomeOf, turns } from "./outcome-of.ts";

const { createKeyedDestinationConfiguration: keyed } = DestinationConfiguration;

function busWith(attributes?: Omit<DestinationAttributes, "priorityLevels">) {
  const bus = new MessageBus({ clock: new ManualClock(), onError: () => {} });
  const destination = bus.addDestination<string>(keyed("acme/a", attributes));
  return { bus, destination };
}

describe("keyed", () => {
  test("order - messages of one key run one after another, those of others beside them", async () => {
    const { bus, destination } = busWith();
    const gate = new GateListener<string>();
    destination.listen(gate);
    for (const payload of ["a1", "a2", "b1", "a3", "b2"]) {
      void destination.send(payload, { key: payload[0] as string });
    }
    await gate.entered(2);
    await turns();
    const held = () => gate.held.map(({ payload }) => payload);
    expect(held()).toEqual(["a1", "b1"]);
    gate.release();
    await gate.entered(3);
    expect(held()).toEqual(["b1", "a2"]);
    gate.open();
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toEqual({ sent: 5, delivered: 5 });
    await bus.close();
  });

  test("order - a failure ends a message as a success does: the next of its key follows", async () => {
    const { bus, destination } = busWith();
    const gate = new GateListener<string>();
    destination.listen(gate);
    void destination.send("a1", { key: "a" });
    void destination.send("a2", { key: "a" });
    await gate.entered(1);
    gate.fail(new Error("no"));
    await gate.entered(2);
    expect(gate.held.map(({ payload }) => payload)).toEqual(["a2"]);
    gate.open();
    await bus.close();
  });

  test("order - each message to all of its listeners before the next of its key", async () => {
    const { bus, destination } = busWith();
    const order: string[] = [];
    for (const name of ["one", "two"]) {
      destination.listen(async ({ payload }) => {
        await turns(1);
        order.push(`${payload} ${name}`);
      });
    }
    void destination.send("a1", { key: "a" });
    void destination.send("a2", { key: "a" });
    await untilQuiet(bus);
    expect(order).toEqual(["a1 one", "a1 two", "a2 one", "a2 two"]);
    await bus.close();
  });

  test("fairness - keys take turns, however many messages one of them has", async () => {
    const { bus, destination } = busWith({ workersMaxSize: 1 });
    const recorder = new Recorder<string>();
    destination.listen(recorder);
    for (let number = 1; number <= 4; number += 1) {
      void destination.send(`a${number}`, { key: "a" });
    }
    void destination.send("b1", { key: "b" });
    void destination.send("none");
    void destination.send("b2", { key: "b" });
    await untilQuiet(bus);
    expect(recorder.payloads).toEqual(["a1", "b1", "none", "a2", "b2", "a3", "a4"]);
    await bus.close();
  });

  test("no key - such messages have no order among them", async () => {
    const { bus, destination } = busWith({ workersMaxSize: 3 });
    const gate = new GateListener<string>();
    destination.listen(gate);
    for (const payload of ["one", "two", "three"]) void destination.send(payload);
    await gate.entered(3);
    expect(gate.held).toHaveLength(3);
    gate.open();
    await bus.close();
  });

  test("capacity - a message that must wait for its key has no worker, however many are free", async () => {
    const { bus, destination } = busWith({ maximumQueueSize: 1 });
    const gate = new GateListener<string>();
    destination.listen(gate);
    const send = (payload: string) =>
      outcomeOf(() => destination.send(payload, { key: payload[0] as string }));
    expect(await send("a1")).toBe("accepted");
    await gate.entered(1);
    expect(await send("a2")).toBe("accepted");
    expect(await send("a3")).toBe("BUSLINE_QUEUE_FULL");
    expect(await send("b1")).toBe("accepted");
    expect(ledgerOf(destination)).toEqual({ sent: 4, active: 2, pending: 1, rejected: 1 });
    gate.open();
    await bus.close();
  });

  test("withdrawal - of one that holds up nobody, and of the last of a key", async () => {
    const { bus, destination } = busWith({ workersMaxSize: 1 });
    const gate = new GateListener<string>();
    destination.listen(gate);
    void destination.send("runs", { key: "a" });
    await gate.entered(1);
    const controller = new AbortController();
    void destination.send("b1", { key: "b", signal: controller.signal });
    void destination.send("a2", { key: "a" });
    controller.abort();
    expect(destination.purge()).toBe(1);
    void destination.send("b2", { key: "b" });
    gate.open();
    await untilQuiet(bus);
    expect(gate.contexts).toHaveLength(2);
    expect(ledgerOf(destination)).toEqual({ sent: 4, delivered: 2, discarded: 2 });
    await bus.close();
  });

  test("statistics - the oldest waiting message is the oldest of all keys", async () => {
    const clock = new ManualClock();
    const bus = new MessageBus({ clock });
    const destination = bus.addDestination<string>(keyed("acme/a", { workersMaxSize: 1 }));
    const gate = new GateListener<string>();
    destination.listen(gate);
    void destination.send("runs", { key: "a" });
    await gate.entered(1);
    clock.advance(5);
    void destination.send("waits", { key: "b" });
    clock.advance(5);
    void destination.send("waits too", { key: "a" });
    expect(destination.statistics.oldestPendingAgeMs).toBe(5);
    gate.open();
    await bus.close();
  });

  test("replaceDestination - by serial and back: nothing is lost, and order is kept", async () => {
    const { bus, destination } = busWith();
    const recorder = new Recorder<string>();
    destination.listen(recorder);
    destination.pause();
    for (const payload of ["a1", "b1", "a2"]) {
      void destination.send(payload, { key: payload[0] as string });
    }
    bus.replaceDestination(DestinationConfiguration.createSerialDestinationConfiguration("acme/a"));
    bus.replaceDestination(keyed("acme/a"));
    destination.resume();
    await untilQuiet(bus);
    expect(recorder.payloads).toEqual(["a1", "b1", "a2"]);
    await bus.close();
  });

  test("configuration - no priorities: they and a key's order cannot both be kept", async () => {
    const bus = new MessageBus();
    expect(() =>
      bus.addDestination(new DestinationConfiguration("keyed", "acme/a", { priorityLevels: 3 })),
    ).toThrow(
      expect.objectContaining({
        code: "BUSLINE_INVALID_CONFIGURATION",
        attribute: "priorityLevels",
      }),
    );
    await bus.close();
  });

  test("order - within each key it is that of sending, whatever the keys, workers and pauses are", async () => {
    const message = record({
      key: option(constantFrom("a", "b", "c"), { nil: undefined }),
      turns: integer({ min: 0, max: 2 }),
      fails: constantFrom(false, false, true),
    });
    await assert(
      asyncProperty(
        array(message, { maxLength: 40 }),
        integer({ min: 1, max: 4 }),
        async (messages, workersMaxSize) => {
          const bus = new MessageBus({ onError: () => {} });
          const destination = bus.addDestination<{ number: number }>(
            keyed("acme/a", { workersMaxSize }),
          );
          const running = new Set<string>();
          const order = new Map<string, number[]>();
          destination.listen(async ({ key, payload }) => {
            const { turns: count, fails } = messages[payload.number] as (typeof messages)[number];
            const lane = key ?? `none ${payload.number}`;
            expect(running.has(lane)).toBe(false);
            running.add(lane);
            order.set(lane, [...(order.get(lane) ?? []), payload.number]);
            await turns(count);
            running.delete(lane);
            if (fails) throw new Error("no");
          });
          for (const [number, { key }] of messages.entries()) {
            void destination.send({ number }, key === undefined ? {} : { key });
          }
          await untilQuiet(bus);
          for (const numbers of order.values()) {
            expect(numbers).toEqual(numbers.toSorted((one, other) => one - other));
          }
          const failed = messages.filter(({ fails }) => fails).length;
          expect(destination.statistics).toMatchObject({
            failedMessageCount: failed,
            deliveredMessageCount: messages.length - failed,
          });
          await bus.close();
        },
      ),
      { numRuns: 40 },
    );
  });
});
