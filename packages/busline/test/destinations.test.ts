import {
  BusClosedError,
  DestinationConfiguration,
  DestinationNames,
  DuplicateDestinationError,
  InvalidConfigurationError,
  MessageBus,
  RejectedExecutionError,
  UnknownDestinationError,
} from "busline";
import { GateListener, ManualClock, Recorder, untilQuiet } from "busline/testing";
import { describe, expect, test } from "vitest";

const serial = DestinationConfiguration.createSerialDestinationConfiguration;
const parallel = DestinationConfiguration.createParallelDestinationConfiguration;
const synchronous = DestinationConfiguration.createSynchronousDestinationConfiguration;

const PRECONFIGURED = Object.values(DestinationNames).toSorted();

describe("bus - adds destinations", () => {
  test("bus - contract 1 and 2: a destination is a name, a type and attributes", () => {
    const bus = new MessageBus();
    const configuration = parallel("acme/a", { maximumQueueSize: 3 });
    const destination = bus.addDestination(configuration);
    expect(destination.name).toBe("acme/a");
    expect(destination.configuration).toBe(configuration);
    expect(destination.isPaused).toBe(false);
    expect(destination.statistics).toMatchObject({
      destinationName: "acme/a",
      destinationType: "parallel",
    });
  });

  test("bus - a taken name is refused, and what is there stays", () => {
    const bus = new MessageBus();
    const first = bus.addDestination(serial("acme/a"));
    expect(() => bus.addDestination(parallel("acme/a"))).toThrow(DuplicateDestinationError);
    expect(() => bus.addDestination(parallel("acme/a"))).toThrow(
      expect.objectContaining({
        code: "BUSLINE_DUPLICATE_DESTINATION",
        destinationName: "acme/a",
      }),
    );
    expect(bus.getDestination("acme/a")).toBe(first);
    expect(first.statistics.destinationType).toBe("serial");
  });

  test("bus - an unknown type is refused with a list of the known ones", () => {
    const bus = new MessageBus({
      destinationTypes: { "acme/own": () => ({ workerPer: "message" }) },
    });
    let refusal: unknown;
    try {
      bus.addDestination(new DestinationConfiguration("paralel", "acme/a"));
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toBeInstanceOf(InvalidConfigurationError);
    const { attribute, value, message } = refusal as InvalidConfigurationError;
    expect([attribute, value]).toEqual(["destinationType", "paralel"]);
    for (const type of ["parallel", "serial", "synchronous", "acme/own"]) {
      expect(message).toContain(type);
    }
    expect(bus.hasDestination("acme/a")).toBe(false);
  });

  test("bus - names that differ only in case are two", () => {
    const bus = new MessageBus();
    const lower = bus.addDestination(serial("acme/a"));
    expect(bus.addDestination(serial("ACME/A"))).not.toBe(lower);
  });

  test("bus - one configuration serves several buses", () => {
    const configuration = serial("acme/a");
    const one = new MessageBus().addDestination(configuration);
    const other = new MessageBus().addDestination(configuration);
    one.listen(new Recorder());
    expect(other.statistics.listeners).toEqual([]);
  });
});

describe("bus - knows its destinations", () => {
  test("bus - finds a destination by name, and nothing where there is none", () => {
    const bus = new MessageBus();
    const destination = bus.addDestination(serial("acme/a"));
    expect(bus.getDestination("acme/a")).toBe(destination);
    expect(bus.hasDestination("acme/a")).toBe(true);
    expect(bus.getDestination("acme/b")).toBeUndefined();
    expect(bus.hasDestination("acme/b")).toBe(false);
  });

  test("bus - names and destinations are sorted by name", () => {
    const bus = new MessageBus();
    for (const name of ["b", "B", "a/2", "a/10", "a", "_"]) bus.addDestination(serial(name));
    const sorted = ["B", "_", "a", "a/10", "a/2", "b", ...PRECONFIGURED];
    expect(bus.destinationNames).toEqual(sorted);
    expect(bus.destinations.map(({ name }) => name)).toEqual(sorted);
    expect(bus.statistics.destinations.map((one) => one.destinationName)).toEqual(sorted);
  });

  test("bus - names and destinations are snapshots that nobody can change", () => {
    const bus = new MessageBus();
    const { destinationNames, destinations } = bus;
    bus.addDestination(serial("acme/a"));
    expect(destinationNames).toEqual(PRECONFIGURED);
    expect(destinations).toHaveLength(PRECONFIGURED.length);
    expect(bus.destinationNames).toHaveLength(PRECONFIGURED.length + 1);
    expect(() => (bus.destinationNames as string[]).push("x")).toThrow(TypeError);
    expect(() => (bus.destinations as unknown[]).pop()).toThrow(TypeError);
    expect(bus.destinationNames).toHaveLength(PRECONFIGURED.length + 1);
  });

  test("bus - unknown names: send throws, request and remove reject", async () => {
    const bus = new MessageBus();
    const unknown = { code: "BUSLINE_UNKNOWN_DESTINATION", destinationName: "acme/none" };
    expect(() => bus.send("acme/none", 1)).toThrow(UnknownDestinationError);
    expect(() => bus.send("acme/none", 1)).toThrow(expect.objectContaining(unknown));
    await expect(bus.request("acme/none", 1)).rejects.toMatchObject(unknown);
    await expect(bus.removeDestination("acme/none")).rejects.toMatchObject(unknown);
    expect(() => bus.replaceDestination(serial("acme/none"))).toThrow(UnknownDestinationError);
    expect(bus.hasDestination("acme/none")).toBe(false);
  });

  test("bus - the wiring of a closed bus cannot be changed", async () => {
    const bus = new MessageBus();
    bus.addDestination(serial("acme/a"));
    await bus.close();
    expect(() => bus.addDestination(serial("acme/b"))).toThrow(BusClosedError);
    expect(() => bus.replaceDestination(parallel("acme/a"))).toThrow(BusClosedError);
    expect(() => bus.listen("acme/a", () => {})).toThrow(BusClosedError);
    expect(bus.destinationNames).toContain("acme/a");
  });
});

describe("bus - removes destinations", () => {
  test("bus - finishes what was accepted, then removes", async () => {
    const bus = new MessageBus();
    const destination = bus.addDestination(serial("acme/a"));
    const gate = new GateListener();
    destination.listen(gate);
    for (const payload of [1, 2, 3]) void destination.send(payload);
    await gate.entered(1);
    const removal = bus.removeDestination("acme/a");
    // It is there, and refuses, until it has finished.
    expect(bus.hasDestination("acme/a")).toBe(true);
    expect(() => destination.send(4)).toThrow(RejectedExecutionError);
    gate.open();
    expect(await removal).toEqual({ undelivered: [], interrupted: [] });
    expect(gate.contexts).toHaveLength(3);
    expect(bus.hasDestination("acme/a")).toBe(false);
    expect(bus.getDestination("acme/a")).toBeUndefined();
    expect(() => bus.send("acme/a", 5)).toThrow(UnknownDestinationError);
  });

  test("bus - a removal resumes what was paused", async () => {
    const bus = new MessageBus();
    const destination = bus.addDestination(serial("acme/a"));
    const recorder = new Recorder();
    destination.listen(recorder);
    destination.pause();
    void destination.send("waits");
    expect(await bus.removeDestination("acme/a")).toEqual({ undelivered: [], interrupted: [] });
    expect(recorder.payloads).toEqual(["waits"]);
  });

  test("bus - after the deadline it reports what was not delivered", async () => {
    const clock = new ManualClock();
    const bus = new MessageBus({ clock });
    const destination = bus.addDestination(serial("acme/a"));
    const gate = new GateListener();
    destination.listen(gate);
    for (const payload of ["runs", "waits", "waits too"]) void destination.send(payload);
    await gate.entered(1);
    const removal = bus.removeDestination("acme/a", { deadlineMs: 500 });
    // Whatever it does before the clock is advanced, it starts its timer in this turn.
    await Promise.resolve();
    clock.advance(499);
    await Promise.resolve();
    expect(bus.hasDestination("acme/a")).toBe(true);
    clock.advance(1);
    const report = await removal;
    expect(report.interrupted.map(({ payload }) => payload)).toEqual(["runs"]);
    expect(report.undelivered.map(({ payload }) => payload)).toEqual(["waits", "waits too"]);
    expect(gate.contexts[0]?.signal.aborted).toBe(true);
    expect(bus.hasDestination("acme/a")).toBe(false);
    gate.open();
    await untilQuiet(bus);
    expect(gate.contexts).toHaveLength(1);
    expect(destination.statistics).toMatchObject({
      sentMessageCount: 3,
      deliveredMessageCount: 1,
      discardedMessageCount: 2,
      pendingMessageCount: 0,
      activeMessageCount: 0,
    });
  });

  test("bus - the deadline is closeDeadlineMs where none is given", async () => {
    const clock = new ManualClock();
    const bus = new MessageBus({ clock, closeDeadlineMs: 7 });
    const gate = new GateListener();
    bus.addDestination(serial("acme/a")).listen(gate);
    void bus.send("acme/a", 1);
    await gate.entered(1);
    const removal = bus.removeDestination("acme/a");
    await Promise.resolve();
    clock.advance(7);
    expect((await removal).interrupted).toHaveLength(1);
  });

  test.each([NaN, -1, Infinity, 2 ** 31, "5"])(
    "bus - refuses a deadline of %s, and removes nothing",
    async (value) => {
      const bus = new MessageBus();
      const destination = bus.addDestination(synchronous("acme/a"));
      const deadlineMs = value as number;
      await expect(bus.removeDestination("acme/a", { deadlineMs })).rejects.toThrow(
        InvalidConfigurationError,
      );
      expect(bus.getDestination("acme/a")).toBe(destination);
      const recorder = new Recorder();
      destination.listen(recorder);
      void destination.send(1);
      expect(recorder.payloads).toEqual([1]);
    },
  );

  test("bus - concurrent removals are one", async () => {
    const bus = new MessageBus();
    const removed: string[] = [];
    bus.addMessageBusEventListener({
      destinationRemoved: ({ name }) => {
        removed.push(name);
      },
    });
    const gate = new GateListener();
    bus.addDestination(serial("acme/a")).listen(gate);
    void bus.send("acme/a", 1);
    await gate.entered(1);
    const removals = [bus.removeDestination("acme/a"), bus.removeDestination("acme/a")];
    gate.open();
    const [first, second] = await Promise.all(removals);
    expect(first).toBe(second);
    expect(removed).toEqual(["acme/a"]);
    await expect(bus.removeDestination("acme/a")).rejects.toThrow(UnknownDestinationError);
  });

  test("bus - a name that is being removed is taken until it is gone", async () => {
    const bus = new MessageBus();
    bus.addDestination(serial("acme/a"));
    const removal = bus.removeDestination("acme/a");
    expect(() => bus.addDestination(serial("acme/a"))).toThrow(DuplicateDestinationError);
    await removal;
    bus.addDestination(serial("acme/a"));
  });

  test("bus - a removal ends a drain that waited for nothing else", async () => {
    const clock = new ManualClock();
    const bus = new MessageBus({ clock });
    const gate = new GateListener();
    bus.addDestination(serial("acme/a")).listen(gate);
    void bus.send("acme/a", 1);
    await gate.entered(1);
    let isDrained = false;
    void bus.drain().then(() => {
      isDrained = true;
    });
    const removal = bus.removeDestination("acme/a", { deadlineMs: 0 });
    await Promise.resolve();
    clock.advance(0);
    expect((await removal).interrupted).toHaveLength(1);
    // Nothing is left on the bus now, though the interrupted listener never ends.
    await untilQuiet(bus);
    expect(isDrained).toBe(true);
  });

  test("bus - a name that is added again starts empty", async () => {
    const bus = new MessageBus();
    const stale = bus.addDestination(synchronous("acme/a"));
    const former = new Recorder();
    stale.listen(former);
    void stale.send("former");
    await bus.removeDestination("acme/a");
    const fresh = bus.addDestination(synchronous("acme/a"));
    expect(fresh).not.toBe(stale);
    expect(fresh.statistics).toMatchObject({ sentMessageCount: 0, listeners: [] });
    expect(bus.hasListener("acme/a")).toBe(false);
    void fresh.send("fresh");
    expect(former.payloads).toEqual(["former"]);
    expect(fresh.statistics.undeliveredMessageCount).toBe(1);
  });

  test("bus - a stale handle takes nothing and does not touch its successor", async () => {
    const bus = new MessageBus();
    const stale = bus.addDestination(serial("acme/a"));
    await bus.removeDestination("acme/a");
    const fresh = bus.addDestination(serial("acme/a"));
    const recorder = new Recorder();
    fresh.listen(recorder);
    expect(() => stale.send(1)).toThrow(
      expect.objectContaining({ name: "RejectedExecutionError", code: "BUSLINE_CLOSED" }),
    );
    await expect(stale.request(1)).rejects.toMatchObject({ code: "BUSLINE_CLOSED" });
    expect(() => stale.listen(() => {})).toThrow(UnknownDestinationError);
    stale.pause();
    stale.purge();
    stale.setWorkersSize(1, 1);
    expect(fresh.isPaused).toBe(false);
    void fresh.send("fresh");
    expect(await recorder.count(1)).toEqual(["fresh"]);
    expect(stale.statistics).toMatchObject({ sentMessageCount: 2, rejectedMessageCount: 2 });
    expect(stale.name).toBe("acme/a");
  });
});
