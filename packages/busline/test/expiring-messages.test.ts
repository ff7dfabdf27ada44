import { describe, expect, test } from "vitest";
import { DestinationConfiguration, type DestinationAttributes, MessageBus } from "busline";
import { GateListener, ManualClock, Recorder, untilQuiet } from "busline/testing";
import { ledgerOf } from "./ledger.ts";
import { turns } from "./outcome-of.ts";

function busWith(type: string, attributes?: DestinationAttributes) {
  const clock = new ManualClock();
  const bus = new MessageBus({ clock });
  const configuration = new DestinationConfiguration(type, "acme/a", {
    ...(type === "serial" ? {} : { workersMaxSize: 1 }),
    ...attributes,
  });
  const destination = bus.addDestination<string>(configuration);
  const gate = new GateListener<string>();
  destination.listen(gate);
  return { bus, clock, destination, gate };
}

describe.each(["parallel", "serial", "keyed"])("%s", (type) => {
  test("ttlMs - a message that has not started in time is dropped, told and counted as expired", async () => {
    const { bus, clock, destination, gate } = busWith(type);
    const told: unknown[] = [];
    destination.addDestinationEventListener({
      messageDiscarded: ({ payload }, reason) => told.push([payload, reason]),
    });
    void destination.send("runs");
    await gate.entered(1);
    void destination.send("in vain", { ttlMs: 100 });
    void destination.send("in time", { ttlMs: 101 });
    clock.advance(100);
    expect(ledgerOf(destination)).toEqual({ sent: 3, active: 1, pending: 1, expired: 1 });
    expect(told).toEqual([["in vain", "expired"]]);
    gate.open();
    await untilQuiet(bus);
    expect(gate.contexts).toHaveLength(2);
    expect(ledgerOf(destination)).toEqual({ sent: 3, delivered: 2, expired: 1 });
    await bus.close();
  });

  test("ttlMs - one that has started goes on, however long it takes", async () => {
    const { bus, clock, destination, gate } = busWith(type);
    void destination.send("runs", { ttlMs: 100 });
    await gate.entered(1);
    clock.advance(1_000);
    expect(clock.timerCount).toBeLessThanOrEqual(1);
    gate.open();
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toEqual({ sent: 1, delivered: 1 });
    await bus.close();
  });

  test("ttlMs - one that is next to start, in a worker's hands, expires too", async () => {
    const { bus, clock, destination, gate } = busWith(type);
    void destination.send("at once", { ttlMs: 5 });
    clock.advance(5);
    await turns();
    expect(gate.contexts).toHaveLength(0);
    expect(ledgerOf(destination)).toEqual({ sent: 1, expired: 1 });
    await bus.close();
  });

  test("ttlMs - what expires makes room", async () => {
    const { bus, clock, destination, gate } = busWith(type, { maximumQueueSize: 1 });
    void destination.send("runs");
    await gate.entered(1);
    void destination.send("in vain", { ttlMs: 5 });
    clock.advance(5);
    void destination.send("next");
    gate.open();
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toEqual({ sent: 3, delivered: 2, expired: 1 });
    await bus.close();
  });

  test("ttlMs - counts from the sending, also of a message that is put off", async () => {
    const { bus, clock, destination, gate } = busWith(type);
    void destination.send("runs");
    await gate.entered(1);
    void destination.send("late", { delayMs: 50, ttlMs: 60 });
    clock.advance(59);
    expect(ledgerOf(destination)).toEqual({ sent: 2, active: 1, pending: 1 });
    clock.advance(1);
    expect(ledgerOf(destination)).toEqual({ sent: 2, active: 1, expired: 1 });
    gate.open();
    await bus.close();
  });
});

/** A clock whose timers are late: the event loop is busy. */
class LateClock extends ManualClock {
  lateMs = 0;

  override monotonicNow(): number {
    return super.monotonicNow() + this.lateMs;
  }
}

test("ttlMs - where its alarm is late, a message does not start after its time", async () => {
  const clock = new LateClock();
  const bus = new MessageBus({ clock });
  const destination = bus.addDestination<string>(
    DestinationConfiguration.createSerialDestinationConfiguration("acme/a"),
  );
  const recorder = new Recorder<string>();
  destination.listen(recorder);
  void destination.send("in vain", { ttlMs: 100 });
  void destination.send("stays");
  clock.lateMs = 200;
  await recorder.count(1);
  await untilQuiet(bus);
  expect(recorder.payloads).toEqual(["stays"]);
  expect(ledgerOf(destination)).toEqual({ sent: 2, delivered: 1, expired: 1 });
  await bus.close();
});

test("ttlMs - a message that has begun with one of its listeners comes to the others", async () => {
  const { bus, clock, destination, gate } = busWith("parallel");
  const other = new Recorder<string>();
  destination.listen(other);
  void destination.send("a", { ttlMs: 10 });
  await gate.entered(1);
  clock.advance(10);
  gate.open();
  await untilQuiet(bus);
  expect(other.payloads).toEqual(["a"]);
  expect(ledgerOf(destination)).toEqual({ sent: 1, delivered: 1 });
  await bus.close();
});
