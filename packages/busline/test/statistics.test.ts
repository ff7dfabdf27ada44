import {
  type BusStatistics,
  type Destination,
  DestinationConfiguration,
  MessageBus,
  type MessageCounts,
} from "busline";
import { GateListener, ManualClock, untilQuiet } from "busline/testing";
import { describe, expect, test } from "vitest";

const MESSAGE_COUNTS = [
  "deliveredMessageCount",
  "failedMessageCount",
  "rejectedMessageCount",
  "discardedMessageCount",
  "undeliveredMessageCount",
  "divertedMessageCount",
  "pendingMessageCount",
  "activeMessageCount",
] as const satisfies readonly (keyof MessageCounts)[];

const sumOf = (counts: MessageCounts): number =>
  MESSAGE_COUNTS.reduce((total, count) => total + counts[count], 0);

function expectEquations(statistics: BusStatistics): void {
  for (const counts of [statistics, ...statistics.destinations]) {
    expect(counts.sentMessageCount).toBe(sumOf(counts));
  }
  for (const count of [
    ...MESSAGE_COUNTS,
    "sentMessageCount",
    "activeWorkerCount",
    "currentWorkerCount",
  ] as const) {
    const total = statistics.destinations.reduce((sum, reading) => sum + reading[count], 0);
    expect(statistics[count]).toBe(total);
  }
}

interface Fixture {
  readonly bus: MessageBus;
  readonly clock: ManualClock;
  readonly work: Destination<string>;
  readonly gate: GateListener<string>;
}

function fixture(): Fixture {
  const clock = new ManualClock({ startAt: 1_000_000 });
  const bus = new MessageBus({ clock, onError: () => {} });
  const work = bus.addDestination<string>(
    DestinationConfiguration.createSerialDestinationConfiguration("acme/work", {
      maximumQueueSize: 2,
    }),
  );
  const gate = new GateListener<string>();
  work.listen(gate, { name: "gate" });
  return { bus, clock, work, gate };
}

describe("messages", () => {
  test("statistics - every message is in exactly one count, at every moment", async () => {
    const { bus, work, gate } = fixture();
    bus.addDestination(new DestinationConfiguration("synchronous", "acme/now"));
    bus.listen("acme/now", ({ payload }) => {
      expectEquations(bus.statistics);
      if (payload === "fails") throw new Error("no");
    });
    bus.addDestination(new DestinationConfiguration("parallel", "acme/nobody"));
    expectEquations(bus.statistics);
    for (const payload of ["running", "waiting", "waiting"]) {
      void work.send(payload);
      expectEquations(bus.statistics);
    }
    expect(() => work.send("refused")).toThrow("did not take the message");
    void bus.send("acme/now", "fits");
    expect(() => bus.send("acme/now", "fails")).toThrow("no");
    void bus.send("acme/nobody", "unheard");
    expectEquations(bus.statistics);
    await gate.entered(1);

    expect(bus.statistics).toMatchObject({
      sentMessageCount: 7,
      deliveredMessageCount: 1,
      failedMessageCount: 1,
      rejectedMessageCount: 1,
      discardedMessageCount: 0,
      undeliveredMessageCount: 1,
      divertedMessageCount: 0,
      pendingMessageCount: 2,
      activeMessageCount: 1,
      activeWorkerCount: 1,
    });
    work.purge();
    expectEquations(bus.statistics);
    gate.fail(new Error("no"));
    await untilQuiet(bus);
    expectEquations(bus.statistics);
    expect(bus.statistics).toMatchObject({ failedMessageCount: 2, discardedMessageCount: 2 });
  });

  test("statistics - the bus adds up the destinations that it has now", async () => {
    const { bus, work, gate } = fixture();
    gate.open();
    void work.send("a");
    await untilQuiet(bus);
    expect(bus.statistics.sentMessageCount).toBe(1);
    await bus.removeDestination("acme/work");

    expect(bus.statistics.sentMessageCount).toBe(0);
    expect(bus.statistics.destinations.map(({ destinationName }) => destinationName)).toEqual(
      bus.destinationNames,
    );
    // The handle of the removed one keeps its ledger.
    expect(work.statistics).toMatchObject({ sentMessageCount: 1, deliveredMessageCount: 1 });
  });

  test("statistics - names and types of the destinations, by name", () => {
    const { bus } = fixture();
    bus.addDestination(new DestinationConfiguration("parallel", "acme/a"));
    const readings = bus.statistics.destinations;

    expect(readings.map((reading) => reading.destinationName)).toEqual(bus.destinationNames);
    expect(readings[0]).toMatchObject({ destinationName: "acme/a", destinationType: "parallel" });
  });

  test("statistics - a reading is frozen through and through, and does not move", async () => {
    const { bus, work, gate } = fixture();
    const [busReading, reading] = [bus.statistics, work.statistics];
    gate.open();
    void work.send("a");
    await untilQuiet(bus);

    for (const part of [
      busReading,
      busReading.destinations,
      ...busReading.destinations,
      reading,
      reading.listeners,
      ...reading.listeners,
    ]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
    expect(reading).toMatchObject({ sentMessageCount: 0, listeners: [{ deliveredCount: 0 }] });
    expect(busReading.sentMessageCount).toBe(0);
    expect(work.statistics.sentMessageCount).toBe(1);
  });

  test("statistics - reading costs a destination nothing of its counts", () => {
    const { bus, work } = fixture();
    expect(bus.statistics).toEqual(bus.statistics);
    expect(work.statistics).toEqual(work.statistics);
  });
});

describe("age", () => {
  test("statistics - oldestPendingAgeMs follows the oldest that waits, not what runs", async () => {
    const { bus, clock, work, gate } = fixture();
    expect(work.statistics.oldestPendingAgeMs).toBe(0);
    void work.send("running");
    await gate.entered(1);
    clock.advance(10);
    expect(work.statistics.oldestPendingAgeMs).toBe(0);
    void work.send("waiting 1");
    clock.advance(20);
    void work.send("waiting 2");
    clock.advance(5);
    expect(work.statistics.oldestPendingAgeMs).toBe(25);
    expect(bus.statistics.oldestPendingAgeMs).toBe(25);

    gate.release();
    await gate.entered(2);
    expect(work.statistics.oldestPendingAgeMs).toBe(5);
    gate.release();
    await gate.entered(3);
    expect(work.statistics.oldestPendingAgeMs).toBe(0);
    gate.open();
  });

  test("statistics - oldestPendingAgeMs of the bus is that of its oldest destination", () => {
    const { bus, clock, work } = fixture();
    const other = bus.addDestination<string>(
      new DestinationConfiguration("parallel", "acme/other"),
    );
    other.listen(() => {});
    for (const destination of [work, other]) {
      destination.pause();
      void destination.send("waits");
      clock.advance(100);
    }

    expect(
      [work.statistics, other.statistics].map((reading) => reading.oldestPendingAgeMs),
    ).toEqual([200, 100]);
    expect(bus.statistics.oldestPendingAgeMs).toBe(200);
    work.purge();
    expect(bus.statistics.oldestPendingAgeMs).toBe(100);
  });

  test("statistics - oldestPendingAgeMs is never negative, even if people set the clock back", () => {
    class SetBack extends ManualClock {
      offsetMs = 0;
      override now(): number {
        return super.now() + this.offsetMs;
      }
    }
    const clock = new SetBack({ startAt: 1_000_000 });
    const bus = new MessageBus({ clock });
    const work = bus.addDestination<string>(new DestinationConfiguration("serial", "acme/work"));
    work.listen(() => {});
    work.pause();
    void work.send("waits");
    clock.offsetMs = -3_600_000;

    expect(work.statistics.oldestPendingAgeMs).toBe(0);
  });
});

describe("listeners and requests", () => {
  test.each(["parallel", "serial", "synchronous"])(
    "statistics - each listener's share at a %s destination, in the order of registration",
    async (destinationType) => {
      const bus = new MessageBus({ onError: () => {} });
      const work = bus.addDestination<string>(
        new DestinationConfiguration(destinationType, "acme/w"),
      );
      work.listen(() => {}, { name: "always" });
      work.listen(
        async ({ payload }) => {
          if (payload === "bad") throw new Error("no");
        },
        { name: "sometimes" },
      );
      for (const payload of ["good", "bad", "good"]) {
        await Promise.resolve(work.send(payload)).catch(() => {});
      }
      await untilQuiet(bus);

      expect(work.statistics.listeners).toEqual([
        { name: "always", deliveredCount: 3, failedCount: 0 },
        { name: "sometimes", deliveredCount: 2, failedCount: 1 },
      ]);
      expect(work.statistics).toMatchObject({ deliveredMessageCount: 2, failedMessageCount: 1 });
    },
  );

  test("statistics - who unregisters leaves the list; who comes again starts at 0", async () => {
    const { bus, work, gate } = fixture();
    gate.open();
    const listener = (): void => {};
    const registration = work.listen(listener, { name: "other" });
    void work.send("a");
    await untilQuiet(bus);
    registration.unregister();
    expect(work.statistics.listeners).toEqual([
      { name: "gate", deliveredCount: 1, failedCount: 0 },
    ]);
    work.listen(listener, { name: "other" });
    expect(work.statistics.listeners[1]).toEqual({
      name: "other",
      deliveredCount: 0,
      failedCount: 0,
    });
  });

  test("statistics - pendingRequestCount counts requests until they are settled", async () => {
    const { bus, clock, work, gate } = fixture();
    const controller = new AbortController();
    const replied = work.request("replied");
    const timedOut = work.request("timed out", { timeoutMs: 10 });
    const aborted = work.request("aborted", { signal: controller.signal });
    const outcomes = Promise.allSettled([replied, timedOut, aborted]);
    expect(bus.statistics.pendingRequestCount).toBe(3);
    clock.advance(10);
    expect(bus.statistics.pendingRequestCount).toBe(2);
    controller.abort();
    expect(bus.statistics.pendingRequestCount).toBe(1);
    await gate.entered(1);
    gate.release("reply");
    await outcomes;

    expect(bus.statistics).toMatchObject({ pendingRequestCount: 0, lateReplyCount: 0 });
  });
});
