import { describe, expect, test } from "vitest";
import {
  DestinationConfiguration,
  type DestinationAttributes,
  ListenerTimeoutError,
  MessageBus,
} from "busline";
import { GateListener, ManualClock, Recorder, untilQuiet } from "busline/testing";
import { ledgerOf } from "./ledger.ts";
import { turns } from "./outcome-of.ts";

function busWith(type: string, attributes?: DestinationAttributes) {
  const clock = new ManualClock();
  const errors: unknown[] = [];
  const bus = new MessageBus({ clock, onError: (error) => void errors.push(error) });
  const destination = bus.addDestination<string>(
    new DestinationConfiguration(type, "acme/a", { listenerTimeoutMs: 100, ...attributes }),
  );
  return { bus, clock, destination, errors };
}

describe.each(["parallel", "serial", "keyed"])("%s", (type) => {
  test("listenerTimeoutMs - a listener that takes longer has failed, and its worker is free", async () => {
    const { bus, clock, destination, errors } = busWith(type, { workersMaxSize: 1 });
    const gate = new GateListener<string>();
    destination.listen(gate);
    void destination.send("slow");
    void destination.send("next");
    await gate.entered(1);
    clock.advance(99);
    await turns();
    expect(ledgerOf(destination)).toEqual({ sent: 2, active: 1, pending: 1 });
    clock.advance(1);
    await gate.entered(2);
    expect(errors).toEqual([
      expect.objectContaining({
        code: "BUSLINE_LISTENER_TIMEOUT",
        destinationName: "acme/a",
        timeoutMs: 100,
      }),
    ]);
    expect(gate.contexts[0]?.signal.aborted).toBe(true);
    expect(gate.contexts[0]?.signal.reason).toBeInstanceOf(ListenerTimeoutError);
    expect(gate.contexts[1]?.signal.aborted).toBe(false);
    // What comes after all is nobody's.
    gate.open();
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toEqual({ sent: 2, delivered: 1, failed: 1 });
    // Beside the one for all deadlines only those of the bus and of its idle workers.
    expect(clock.timerCount).toBeLessThanOrEqual(3);
    await bus.close();
  });

  test("listenerTimeoutMs - a late failure is nobody's either", async () => {
    const { bus, clock, destination, errors } = busWith(type);
    const gate = new GateListener<string>();
    destination.listen(gate);
    void destination.send("slow");
    await gate.entered(1);
    clock.advance(100);
    await turns();
    gate.fail(new Error("late"));
    await turns();
    expect(errors).toHaveLength(1);
    await bus.close();
  });

  test("listenerTimeoutMs - it is tried again like any failure", async () => {
    const { bus, clock, destination } = busWith(type, { retry: { attempts: 2, jitter: 0 } });
    const gate = new GateListener<string>();
    destination.listen(gate);
    void destination.send("slow");
    await gate.entered(1);
    clock.advance(100);
    await turns();
    expect(ledgerOf(destination)).toEqual({ sent: 1, pending: 1 });
    clock.advance(100);
    await gate.entered(2);
    expect(gate.contexts.map(({ attempt }) => attempt)).toEqual([1, 2]);
    gate.open();
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toEqual({ sent: 1, delivered: 1 });
    await bus.close();
  });

  test("listenerTimeoutMs - of several listeners only the slow one fails, and no signal is aborted", async () => {
    const { bus, clock, destination } = busWith(type);
    const gate = new GateListener<string>();
    const recorder = new Recorder<string>();
    destination.listen(gate);
    destination.listen(recorder);
    void destination.send("a");
    await gate.entered(1);
    clock.advance(100);
    await recorder.count(1);
    await untilQuiet(bus);
    expect(gate.contexts[0]?.signal.aborted).toBe(false);
    expect(destination.statistics.listeners).toMatchObject([
      { failedCount: 1, deliveredCount: 0 },
      { failedCount: 0, deliveredCount: 1 },
    ]);
    await bus.close();
  });

  test("listenerTimeoutMs - quick listeners are not touched, and leave no timer behind", async () => {
    const { bus, clock, destination } = busWith(type);
    const seen: string[] = [];
    destination.listen(async ({ payload }) => {
      await Promise.resolve();
      seen.push(payload);
      return "an answer";
    });
    destination.listen(({ payload }) => {
      seen.push(payload);
    });
    const count = 2_000;
    for (let number = 0; number < count; number += 1) void destination.send("a");
    expect(await destination.request("asked")).toBe("an answer");
    await untilQuiet(bus);
    expect(seen).toHaveLength((count + 1) * 2);
    // Beside the one for all deadlines only those of the bus and of its idle workers.
    expect(clock.timerCount).toBeLessThanOrEqual(3);
    expect(ledgerOf(destination)).toEqual({ sent: count + 1, delivered: count + 1 });
    await bus.close();
  });

  test("replaceDestination - a limit that comes and goes holds for what starts from then on", async () => {
    const { bus, clock, destination } = busWith(type);
    const gate = new GateListener<string>();
    destination.listen(gate);
    bus.replaceDestination(new DestinationConfiguration(type, "acme/a"));
    void destination.send("without");
    await gate.entered(1);
    clock.advance(100);
    await turns();
    expect(gate.release()).toBe(true);
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toEqual({ sent: 1, delivered: 1 });
    bus.replaceDestination(
      new DestinationConfiguration(type, "acme/a", { listenerTimeoutMs: 100 }),
    );
    void destination.send("with");
    await gate.entered(2);
    clock.advance(100);
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toEqual({ sent: 2, delivered: 1, failed: 1 });
    await bus.close();
  });
});
