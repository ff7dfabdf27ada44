import {
  BusClosedError,
  type Destination,
  DestinationConfiguration,
  InvalidConfigurationError,
  MessageBus,
} from "busline";
import { GateListener, ManualClock, Recorder, untilQuiet } from "busline/testing";
import { describe, expect, test } from "vitest";
import { CLOSED, expectSettled, fixture, turn, watched } from "./closing-fixture.ts";

describe("close", () => {
  test("close - with everything delivered reports nothing", async () => {
    const { bus, work, gate } = fixture();
    gate.open();
    void work.send("a");

    await expect(bus.close()).resolves.toEqual({ undelivered: [], interrupted: [] });
    expect(work.statistics.deliveredMessageCount).toBe(1);
  });

  test.each([
    ["given", { deadlineMs: 500 }, 500],
    ["by default", undefined, 10_000],
  ])(
    "close - drops and interrupts at its deadline, not before: %s",
    async (_, options, deadlineMs) => {
      const { bus, clock, work, gate } = fixture();
      const discarded: unknown[] = [];
      work.addDestinationEventListener({
        messageDiscarded: ({ payload }, reason) => void discarded.push([payload, reason]),
      });
      for (const payload of ["running", "waiting 1", "waiting 2"]) void work.send(payload);
      await gate.entered(1);
      const signal = gate.contexts[0]?.signal;
      const closing = bus.close(options);
      const state = watched(closing);

      clock.advance(deadlineMs - 1);
      await turn();
      expect([state.isSettled, signal?.aborted]).toEqual([false, false]);
      clock.advance(1);
      const { undelivered, interrupted } = await closing;

      expect(undelivered.map(({ payload }) => payload)).toEqual(["waiting 1", "waiting 2"]);
      expect(interrupted.map(({ payload }) => payload)).toEqual(["running"]);
      expect(signal?.aborted).toBe(true);
      expect(signal?.reason).toEqual(CLOSED);
      expect(discarded).toEqual([
        ["waiting 1", "closed"],
        ["waiting 2", "closed"],
      ]);
      gate.open();
      await untilQuiet(bus);
      expect(work.statistics).toMatchObject({ discardedMessageCount: 2, deliveredMessageCount: 1 });
      expect(gate.contexts).toHaveLength(1);
      expectSettled(bus.statistics);
    },
  );

  test("close - reports exactly, over all types and all stages of delivery", async () => {
    const clock = new ManualClock();
    const bus = new MessageBus({ clock });
    const gate = new GateListener();
    bus.addDestination(
      DestinationConfiguration.createParallelDestinationConfiguration("acme/parallel", {
        workersMaxSize: 3,
      }),
    );
    bus.addDestination(new DestinationConfiguration("synchronous", "acme/synchronous"));
    // Two listeners: with three workers, one message runs whole, one in part, one waits.
    bus.listen("acme/parallel", gate);
    bus.listen("acme/parallel", (message, context) => gate.receive(message, context));
    bus.listen("acme/synchronous", gate);
    for (const payload of ["whole", "part", "none"]) void bus.send("acme/parallel", payload);
    const sent = bus.send("acme/synchronous", "in turn");
    await gate.entered(4);
    const closing = bus.close({ deadlineMs: 10 });
    clock.advance(10);
    const { undelivered, interrupted } = await closing;

    expect(undelivered.map(({ payload }) => payload)).toEqual(["none"]);
    expect(new Set(interrupted.map(({ payload }) => payload))).toEqual(
      new Set(["in turn", "part", "whole"]),
    );
    expect(interrupted).toHaveLength(3);
    expect(gate.contexts.every(({ signal }) => signal.aborted)).toBe(true);
    gate.open();
    await sent;
    await untilQuiet(bus);
    expect(gate.contexts).toHaveLength(4);
    expectSettled(bus.statistics);
  });

  test("close - fails every request that is left with BUSLINE_CLOSED", async () => {
    const { bus, clock, work, gate } = fixture();
    const requests = [work.request("running"), work.request("waiting")];
    const outcomes = Promise.allSettled(requests);
    await gate.entered(1);
    const closing = bus.close({ deadlineMs: 0 });
    clock.advance(0);
    await closing;

    expect(await outcomes).toEqual([
      { status: "rejected", reason: CLOSED },
      { status: "rejected", reason: CLOSED },
    ]);
    expect(bus.statistics.pendingRequestCount).toBe(0);
    gate.open();
    await untilQuiet(bus);
  });

  test("close - the late reply of an interrupted listener is no failure of it", async () => {
    const told: unknown[] = [];
    const clock = new ManualClock();
    const bus = new MessageBus({ clock, onError: (error) => void told.push(error) });
    const work = bus.addDestination(new DestinationConfiguration("serial", "acme/work"));
    const gate = new GateListener();
    work.listen(gate);
    const reply = work.request("a");
    reply.catch(() => {});
    await gate.entered(1);
    const closing = bus.close({ deadlineMs: 0 });
    clock.advance(0);
    await closing;
    gate.release("late");
    await untilQuiet(bus);

    expect(told).toEqual([]);
    expect(work.statistics).toMatchObject({ deliveredMessageCount: 1, failedMessageCount: 0 });
  });

  test("close - twice gives the same report, also concurrently", async () => {
    const { bus, clock, work, gate } = fixture();
    void work.send("a");
    await gate.entered(1);
    const [first, second] = [bus.close({ deadlineMs: 10 }), bus.close({ deadlineMs: 99_999 })];
    clock.advance(10);
    const report = await first;

    expect(report.interrupted).toHaveLength(1);
    expect(await second).toBe(report);
    expect(await bus.close()).toBe(report);
    expect(Object.isFrozen(report.undelivered) && Object.isFrozen(report.interrupted)).toBe(true);
    gate.open();
  });

  test("close - after a drain that goes on puts a deadline to it", async () => {
    const { bus, clock, work, gate } = fixture();
    void work.send("a");
    await gate.entered(1);
    const drained = bus.drain();
    const closing = bus.close({ deadlineMs: 10 });
    clock.advance(10);

    await expect(closing).resolves.toMatchObject({ interrupted: [{ payload: "a" }] });
    gate.open();
    await drained;
  });

  test("close - inside a listener that waits for it ends at the deadline, and names the listener's message", async () => {
    const clock = new ManualClock();
    const bus = new MessageBus({ clock });
    bus.addDestination(new DestinationConfiguration("parallel", "acme/stop"));
    const reached = new Recorder();
    let report: unknown;
    bus.listen("acme/stop", async (message) => {
      reached.receive(message);
      report = await bus.close({ deadlineMs: 10 });
    });
    void bus.send("acme/stop", "stop");
    await reached.count(1);
    clock.advance(10);
    await untilQuiet(bus);

    expect(report).toMatchObject({ undelivered: [], interrupted: [{ payload: "stop" }] });
  });

  test("close - inside a listener that does not wait for it ends with the listener", async () => {
    const bus = new MessageBus({ clock: new ManualClock() });
    bus.addDestination(new DestinationConfiguration("parallel", "acme/stop"));
    const closing = new Promise((resolve) => {
      bus.listen("acme/stop", () => {
        resolve(bus.close());
      });
    });
    void bus.send("acme/stop", "stop");

    await expect(closing).resolves.toEqual({ undelivered: [], interrupted: [] });
  });

  test("close - await using closes the bus with its block", async () => {
    let work: Destination<string>;
    {
      await using bus = new MessageBus();
      work = bus.addDestination<string>(new DestinationConfiguration("serial", "acme/work"));
      work.listen(async () => {});
      void work.send("a");
    }

    expect(work.statistics.deliveredMessageCount).toBe(1);
    expect(() => work.send("b")).toThrow(CLOSED);
  });

  test("close - afterwards the wiring is refused with BusClosedError", async () => {
    const { bus, work } = fixture();
    const awaited = bus.listen("acme/later", () => {});
    await bus.close();
    const configuration = new DestinationConfiguration("serial", "acme/work");

    expect(() => bus.addDestination(configuration)).toThrow(BusClosedError);
    expect(() => bus.replaceDestination(configuration)).toThrow(BusClosedError);
    expect(() => bus.listen("acme/work", () => {})).toThrow(BusClosedError);
    expect(() => bus.listen("acme/later", () => {})).toThrow(
      expect.objectContaining({ code: "BUSLINE_BUS_CLOSED" }),
    );
    expect(() => work.listen(() => {})).toThrow(BusClosedError);
    awaited.unregister();
  });

  test("close - reading and unregistering go on afterwards", async () => {
    const { bus, work } = fixture();
    const registration = work.listen(() => {});
    await bus.close();
    registration.unregister();

    expect(bus.getDestination("acme/work")).toBe(work);
    expect(bus.destinationNames).toContain("acme/work");
    expect(work.statistics.listeners).toHaveLength(1);
    await expect(bus.drain()).resolves.toBeUndefined();
  });

  test.each([-1, Number.NaN, Infinity, "5"])(
    "close - deadline %s is refused, and the bus stays open",
    async (value) => {
      const { bus, work, gate } = fixture();
      const failure = bus.close({ deadlineMs: value as number });

      await expect(failure).rejects.toThrow(InvalidConfigurationError);
      await expect(failure).rejects.toMatchObject({ attribute: "deadlineMs" });
      gate.open();
      void work.send("still open");
      await untilQuiet(bus);
      expect(work.statistics.deliveredMessageCount).toBe(1);
    },
  );
});
