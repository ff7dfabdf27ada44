import { describe, expect, test } from "vitest";
import {
  DestinationConfiguration,
  DestinationNames,
  InvalidConfigurationError,
  MessageBus,
  SealedDestinationError,
} from "busline";
import { GateListener, ManualClock, untilQuiet } from "busline/testing";
import { ledgerOf } from "./ledger.ts";
import { outcomeOf, turns } from "./outcome-of.ts";

const { createParallelDestinationConfiguration: parallel } = DestinationConfiguration;
const { createSerialDestinationConfiguration: serial } = DestinationConfiguration;
const { createSynchronousDestinationConfiguration: synchronous } = DestinationConfiguration;

function gated(attributes: Parameters<typeof parallel>[1]) {
  const clock = new ManualClock();
  const bus = new MessageBus({ clock });
  const destination = bus.addDestination<number>(parallel("acme/a", attributes));
  const gate = new GateListener<number>();
  destination.listen(gate);
  return { clock, bus, destination, gate };
}

async function sendUntilRefused(send: (payload: number) => unknown): Promise<number> {
  for (let count = 0; ; count += 1) {
    if ((await outcomeOf(() => send(count))) === "BUSLINE_QUEUE_FULL") return count;
  }
}

const SIZES = [
  { workersCoreSize: 1, workersMaxSize: 1, maximumQueueSize: 1 },
  { workersCoreSize: 2, workersMaxSize: 5, maximumQueueSize: 3 },
  { workersCoreSize: 0, workersMaxSize: 1, maximumQueueSize: 2 },
  { workersCoreSize: 0, workersMaxSize: 4, maximumQueueSize: 1 },
  { workersCoreSize: 3, workersMaxSize: 3, maximumQueueSize: 10 },
];

describe("D1: capacity", () => {
  test.each(SIZES)("queue - takes exactly max + queue in one burst: %o", async (sizes) => {
    const { bus, destination, gate } = gated(sizes);
    const capacity = sizes.workersMaxSize + sizes.maximumQueueSize;
    for (let number = 0; number < capacity; number += 1) void destination.send(number);
    const refused = expect.objectContaining({ code: "BUSLINE_QUEUE_FULL" });
    expect(() => destination.send(capacity)).toThrow(refused);
    expect(() => destination.send(capacity + 1)).toThrow(refused);

    gate.open();
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toEqual({ sent: capacity + 2, delivered: capacity, rejected: 2 });
    expect(gate.contexts).toHaveLength(capacity);
  });

  test.each(SIZES)("queue - takes exactly max + queue one by one: %o", async (sizes) => {
    const { destination, gate } = gated(sizes);
    const capacity = sizes.workersMaxSize + sizes.maximumQueueSize;
    const count = await sendUntilRefused(async (number) => {
      void destination.send(number);
      // Each one starts, where a worker is free, before the next is sent.
      await turns(1);
    });
    expect(count).toBe(capacity);
    expect(gate.held).toHaveLength(sizes.workersMaxSize);
    expect(ledgerOf(destination)).toEqual({
      sent: capacity + 1,
      active: sizes.workersMaxSize,
      pending: sizes.maximumQueueSize,
      rejected: 1,
    });
    // One that ends makes room for exactly one.
    gate.release();
    await turns();
    void destination.send(99);
    expect(await outcomeOf(() => destination.send(100))).toBe("BUSLINE_QUEUE_FULL");
  });

  test("queue - serial holds 1 + queue; a message of several listeners is one message", async () => {
    const bus = new MessageBus();
    const destination = bus.addDestination(serial("acme/a", { maximumQueueSize: 2 }));
    const gates = [new GateListener(), new GateListener()];
    for (const gate of gates) destination.listen(gate);
    expect(await sendUntilRefused((number) => destination.send(number))).toBe(3);
  });

  test("queue - parallel: a message waits, and counts, until each listener has started", async () => {
    const bus = new MessageBus();
    const destination = bus.addDestination(
      parallel("acme/a", { workersMaxSize: 2, maximumQueueSize: 1 }),
    );
    const gates = [new GateListener(), new GateListener(), new GateListener()];
    for (const gate of gates) destination.listen(gate);
    void destination.send(1);
    await turns();
    expect(gates.map(({ held }) => held.length)).toEqual([1, 1, 0]);
    expect(ledgerOf(destination)).toEqual({ sent: 1, pending: 1 });
    expect(await outcomeOf(() => destination.send(2))).toBe("BUSLINE_QUEUE_FULL");
    gates[0]?.release();
    await turns();
    expect(gates.map(({ held }) => held.length)).toEqual([0, 1, 1]);
    expect(ledgerOf(destination)).toEqual({ sent: 2, active: 1, rejected: 1 });
  });
});

describe("D1: grows first", () => {
  test("pool - is core from the start, grows 3, 4, 5 and no further", async () => {
    const { destination, gate } = gated({ workersCoreSize: 2, workersMaxSize: 5 });
    const sizes = [destination.statistics.currentWorkerCount];
    for (let number = 0; number < 7; number += 1) {
      void destination.send(number);
      sizes.push(destination.statistics.currentWorkerCount);
    }
    expect(sizes).toEqual([2, 2, 2, 3, 4, 5, 5, 5]);
    await gate.entered(5);
    expect(destination.statistics).toMatchObject({ activeWorkerCount: 5, largestWorkerCount: 5 });
  });

  test("pool - an idle worker takes the message before a new one is made", async () => {
    const { bus, destination, gate } = gated({ workersCoreSize: 1, workersMaxSize: 5 });
    gate.open();
    for (let number = 0; number < 10; number += 1) {
      void destination.send(number);
      await untilQuiet(bus);
    }
    expect(destination.statistics).toMatchObject({ currentWorkerCount: 1, largestWorkerCount: 1 });
  });

  test("pool - core 0 has no worker until there is a message", async () => {
    const { clock, bus, destination, gate } = gated({
      workersCoreSize: 0,
      workersIdleTimeoutMs: 500,
    });
    expect(destination.statistics).toMatchObject({ currentWorkerCount: 0, largestWorkerCount: 0 });
    void destination.send(1);
    expect(destination.statistics.currentWorkerCount).toBe(1);
    gate.open();
    await untilQuiet(bus);
    clock.advance(499);
    expect(destination.statistics.currentWorkerCount).toBe(1);
    clock.advance(1);
    expect(destination.statistics).toMatchObject({ currentWorkerCount: 0, largestWorkerCount: 1 });
    void destination.send(2);
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toEqual({ sent: 2, delivered: 2 });
  });
});

describe("idle workers", () => {
  test("pool - shrinks to core after exactly workersIdleTimeoutMs", async () => {
    const { clock, bus, destination, gate } = gated({ workersIdleTimeoutMs: 1_000 });
    for (let number = 0; number < 5; number += 1) void destination.send(number);
    await gate.entered(5);
    gate.open();
    await untilQuiet(bus);
    clock.advance(999);
    expect(destination.statistics.currentWorkerCount).toBe(5);
    clock.advance(1);
    expect(destination.statistics).toMatchObject({ currentWorkerCount: 2, largestWorkerCount: 5 });
    expect(clock.timerCount).toBe(0);
  });

  test("pool - each worker has its own idle time, and busy ones never end", async () => {
    const { clock, destination, gate } = gated({
      workersCoreSize: 1,
      workersMaxSize: 3,
      workersIdleTimeoutMs: 1_000,
    });
    for (let number = 0; number < 3; number += 1) void destination.send(number);
    await gate.entered(3);
    gate.release();
    await turns();
    clock.advance(400);
    gate.release();
    await turns();
    clock.advance(600);
    // Idle since 0 ms; the second since 400 ms; the third is busy and counts towards core.
    expect(destination.statistics).toMatchObject({ currentWorkerCount: 2, activeWorkerCount: 1 });
    clock.advance(399);
    expect(destination.statistics.currentWorkerCount).toBe(2);
    clock.advance(1);
    expect(destination.statistics).toMatchObject({ currentWorkerCount: 1, activeWorkerCount: 1 });
    expect(gate.held).toHaveLength(1);
  });

  test("pool - work ends an idle time, which starts anew", async () => {
    const { clock, bus, destination, gate } = gated({
      workersCoreSize: 1,
      workersMaxSize: 2,
      workersIdleTimeoutMs: 1_000,
    });
    void destination.send(1);
    void destination.send(2);
    await gate.entered(2);
    gate.open();
    await untilQuiet(bus);
    clock.advance(900);
    void destination.send(3);
    void destination.send(4);
    await untilQuiet(bus);
    clock.advance(999);
    expect(destination.statistics.currentWorkerCount).toBe(2);
    clock.advance(1);
    expect(destination.statistics.currentWorkerCount).toBe(1);
  });

  test("pool - a shorter timeout holds for those that are idle already", async () => {
    const { clock, bus, destination, gate } = gated({ workersIdleTimeoutMs: 60_000 });
    for (let number = 0; number < 5; number += 1) void destination.send(number);
    await gate.entered(5);
    gate.open();
    await untilQuiet(bus);
    bus.replaceDestination(parallel("acme/a", { workersIdleTimeoutMs: 1_000 }));
    clock.advance(1_000);
    expect(destination.statistics.currentWorkerCount).toBe(2);
  });
});

describe("setWorkersSize", () => {
  test("pool - up: what waits starts at once", async () => {
    const { destination, gate } = gated({ workersMaxSize: 1 });
    for (let number = 0; number < 4; number += 1) void destination.send(number);
    await gate.entered(1);
    destination.setWorkersSize(2, 3);
    await gate.entered(3);
    expect(gate.held.map(({ payload }) => payload)).toEqual([0, 1, 2]);
    expect(destination.statistics).toMatchObject({
      workersCoreSize: 2,
      workersMaxSize: 3,
      currentWorkerCount: 3,
      activeWorkerCount: 3,
    });
    expect(ledgerOf(destination)).toEqual({ sent: 4, active: 3, pending: 1 });
  });

  test("pool - a larger core stands ready at once; a smaller one goes by the idle time", () => {
    const { clock, destination } = gated({ workersMaxSize: 8, workersIdleTimeoutMs: 100 });
    destination.setWorkersSize(6, 8);
    expect(destination.statistics).toMatchObject({ currentWorkerCount: 6, largestWorkerCount: 6 });
    destination.setWorkersSize(1, 8);
    expect(destination.statistics.currentWorkerCount).toBe(6);
    clock.advance(100);
    expect(destination.statistics.currentWorkerCount).toBe(1);
  });

  test("pool - down: nobody is taken off a message, and none starts above the new size", async () => {
    const { bus, destination, gate } = gated({ workersMaxSize: 3 });
    for (let number = 0; number < 4; number += 1) void destination.send(number);
    await gate.entered(3);
    destination.setWorkersSize(1, 1);
    const seen = [[destination.statistics.currentWorkerCount, gate.held.length]];
    for (let released = 0; released < 3; released += 1) {
      gate.release();
      await turns();
      seen.push([destination.statistics.currentWorkerCount, gate.held.length]);
    }
    // The fourth message starts only when the last of the three has ended.
    expect(seen).toEqual([
      [3, 3],
      [2, 2],
      [1, 1],
      [1, 1],
    ]);
    expect(gate.held.map(({ payload }) => payload)).toEqual([3]);
    expect(gate.contexts.some(({ signal }) => signal.aborted)).toBe(false);
    gate.open();
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toEqual({ sent: 4, delivered: 4 });
  });

  test.each([
    ["serial", serial("acme/a"), 1, 2, "workersMaxSize"],
    ["serial", serial("acme/a"), 0, 1, "workersCoreSize"],
    ["parallel", parallel("acme/a"), 3, 2, "workersCoreSize"],
    ["parallel", parallel("acme/a"), 0, 0, "workersMaxSize"],
    ["parallel", parallel("acme/a"), -1, 2, "workersCoreSize"],
    ["parallel", parallel("acme/a"), 1.5, 2, "workersCoreSize"],
    ["parallel", parallel("acme/a"), 1, Number.NaN, "workersMaxSize"],
    ["synchronous", synchronous("acme/a"), 1, 1, "setWorkersSize"],
  ])(
    "pool - %s refuses sizes and changes nothing (%#)",
    (_, configuration, core, max, attribute) => {
      const destination = new MessageBus().addDestination(configuration);
      const before = destination.statistics;
      let error: unknown;
      try {
        destination.setWorkersSize(core, max);
      } catch (thrown) {
        error = thrown;
      }
      expect(error).toBeInstanceOf(InvalidConfigurationError);
      expect(error).toMatchObject({ attribute });
      expect(destination.statistics).toEqual(before);
    },
  );

  test("pool - serial takes 1 and 1; a preconfigured destination takes nothing", () => {
    const bus = new MessageBus();
    bus.addDestination(serial("acme/a")).setWorkersSize(1, 1);
    const sealed = bus.getDestination(DestinationNames.MESSAGE_BUS_MESSAGE_STATUS);
    expect(() => sealed?.setWorkersSize(1, 1)).toThrow(SealedDestinationError);
  });
});
