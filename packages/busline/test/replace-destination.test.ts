import {
  type Destination,
  DestinationConfiguration,
  type DestinationType,
  FifoQueue,
  MessageBus,
  waitForSpace,
} from "busline";
import { GateListener, Recorder, untilQuiet } from "busline/testing";
import { describe, expect, test } from "vitest";

const NAME = "acme/a";
const TYPES = ["parallel", "serial", "synchronous"] as const;
const CHANGES = TYPES.flatMap((from) => TYPES.map((to) => [from, to] as const));
const QUEUED_CHANGES = CHANGES.filter(([from]) => from !== "synchronous");

function ofType(type: string): DestinationConfiguration {
  return new DestinationConfiguration(type, NAME);
}

function expectBalance({ statistics }: Destination): void {
  const { sentMessageCount, ...counts } = statistics;
  expect(sentMessageCount).toBe(
    counts.deliveredMessageCount +
      counts.failedMessageCount +
      counts.rejectedMessageCount +
      counts.discardedMessageCount +
      counts.undeliveredMessageCount +
      counts.divertedMessageCount +
      counts.pendingMessageCount +
      counts.activeMessageCount,
  );
}

describe("bus - replaces a live destination", () => {
  test.each(CHANGES)("bus - %s to %s: the same handle, at once", (from, to) => {
    const bus = new MessageBus();
    const replaced: Destination[] = [];
    const types: string[] = [];
    bus.addMessageBusEventListener({
      destinationReplaced: (destination) => {
        replaced.push(destination);
        types.push(destination.statistics.destinationType);
      },
    });
    const handle = bus.addDestination(ofType(from));
    const configuration = ofType(to);
    expect(bus.replaceDestination(configuration)).toBe(handle);
    expect(bus.getDestination(NAME)).toBe(handle);
    expect(handle.configuration).toBe(configuration);
    expect(handle.statistics.destinationType).toBe(to);
    expect(replaced).toHaveLength(1);
    expect(replaced[0]).toBe(handle);
    expect(types).toEqual([to]);
  });

  test.each(CHANGES)(
    "bus - %s to %s: listeners stay, in order, with their handles",
    async (from, to) => {
      const bus = new MessageBus();
      const handle = bus.addDestination(ofType(from));
      const first = new Recorder();
      const second = new Recorder();
      const registration = handle.listen(first, { name: "first" });
      bus.listen(NAME, second, { name: "second" });
      await handle.send("before");
      await untilQuiet(bus);
      bus.replaceDestination(ofType(to));
      expect(handle.statistics.listeners).toEqual([
        { name: "first", deliveredCount: 1, failedCount: 0 },
        { name: "second", deliveredCount: 1, failedCount: 0 },
      ]);
      await handle.send("after");
      await untilQuiet(bus);
      registration.unregister();
      await handle.send("last");
      await untilQuiet(bus);
      expect(first.payloads).toEqual(["before", "after"]);
      expect(second.payloads).toEqual(["before", "after", "last"]);
      expect(handle.statistics).toMatchObject({ sentMessageCount: 3, deliveredMessageCount: 3 });
    },
  );

  test.each(QUEUED_CHANGES)(
    "bus - %s to %s: what waits is delivered, in order",
    async (from, to) => {
      const bus = new MessageBus();
      const handle = bus.addDestination(ofType(from));
      const recorder = new Recorder<number>();
      handle.listen(recorder);
      handle.pause();
      const payloads = Array.from({ length: 30 }, (_, index) => index);
      for (const payload of payloads) void handle.send(payload);
      bus.replaceDestination(ofType(to));
      expect(handle.statistics).toMatchObject({ pendingMessageCount: 30, sentMessageCount: 30 });
      handle.resume();
      expect(await recorder.count(30)).toEqual(payloads);
      await untilQuiet(bus);
      expect(handle.statistics).toMatchObject({
        deliveredMessageCount: 30,
        pendingMessageCount: 0,
      });
    },
  );

  test.each(CHANGES)("bus - %s to %s: paused stays paused", async (from, to) => {
    const bus = new MessageBus();
    const handle = bus.addDestination(ofType(from));
    const recorder = new Recorder();
    handle.listen(recorder);
    handle.pause();
    bus.replaceDestination(ofType(to));
    expect(handle.isPaused).toBe(true);
    try {
      void handle.send("paused");
    } catch {
      // Without a queue a paused destination has no room: the next test looks closer.
    }
    // Another destination's delivery is the fence behind which this one would have happened.
    const fence = new Recorder();
    bus.addDestination(new DestinationConfiguration("serial", "acme/fence")).listen(fence);
    void bus.send("acme/fence", 1);
    await fence.count(1);
    expect(recorder.messages).toEqual([]);
    handle.resume();
    await handle.send("resumed");
    await untilQuiet(bus);
    expect(recorder.payloads.at(-1)).toBe("resumed");
    expectBalance(handle);
  });

  test.each(TYPES)("bus - %s to synchronous while paused: no room", (from) => {
    const bus = new MessageBus();
    const handle = bus.addDestination(ofType(from));
    handle.listen(() => {});
    handle.pause();
    bus.replaceDestination(ofType("synchronous"));
    expect(() => handle.send(1)).toThrow(expect.objectContaining({ code: "BUSLINE_QUEUE_FULL" }));
    expectBalance(handle);
  });

  test.each(CHANGES)(
    "bus - %s to %s and back while messages run: none is lost",
    async (from, to) => {
      const bus = new MessageBus();
      const handle = bus.addDestination(ofType(from));
      const gate = new GateListener<number>();
      const recorder = new Recorder<number>();
      handle.listen(gate);
      handle.listen(recorder);
      const sends: (void | Promise<void>)[] = [];
      for (let payload = 0; payload < 40; payload += 1) {
        sends.push(handle.send(payload));
        if (payload === 10) await gate.entered(1);
        if (payload % 10 === 9) bus.replaceDestination(ofType(payload % 20 === 9 ? to : from));
        expectBalance(handle);
      }
      gate.open();
      for (const sent of sends) await sent;
      await untilQuiet(bus);
      const all = Array.from({ length: 40 }, (_, index) => index);
      expect(recorder.payloads.toSorted((one, other) => one - other)).toEqual(all);
      expect(handle.statistics).toMatchObject({ sentMessageCount: 40, deliveredMessageCount: 40 });
      expect(handle.statistics.listeners.map(({ deliveredCount }) => deliveredCount)).toEqual([
        40, 40,
      ]);
    },
  );
});

describe("bus - replaces a destination with a message half started", () => {
  test.each(TYPES)("bus - each listener gets it once, whatever comes after: %s", async (to) => {
    const bus = new MessageBus();
    const handle = bus.addDestination(
      DestinationConfiguration.createParallelDestinationConfiguration(NAME, {
        workersCoreSize: 1,
        workersMaxSize: 1,
      }),
    );
    const gate = new GateListener();
    const second = new Recorder();
    const third = new Recorder();
    for (const listener of [gate, second, third]) handle.listen(listener);
    void handle.send("half");
    void handle.send("whole");
    await gate.entered(1);
    // The only worker holds the first listener; the others of this message wait.
    expect(handle.statistics).toMatchObject({ pendingMessageCount: 2, activeWorkerCount: 1 });
    bus.replaceDestination(ofType(to));
    gate.open();
    await untilQuiet(bus);
    expect(gate.contexts).toHaveLength(2);
    expect(second.payloads).toEqual(["half", "whole"]);
    expect(third.payloads).toEqual(["half", "whole"]);
    expect(handle.statistics).toMatchObject({ sentMessageCount: 2, deliveredMessageCount: 2 });
  });

  test("bus - to serial: listeners not yet started take their turns one after another", async () => {
    const bus = new MessageBus();
    const handle = bus.addDestination(
      DestinationConfiguration.createParallelDestinationConfiguration(NAME, { workersMaxSize: 1 }),
    );
    const gates = [new GateListener(), new GateListener(), new GateListener()] as const;
    for (const gate of gates) handle.listen(gate);
    void handle.send(1);
    await gates[0].entered(1);
    bus.replaceDestination(ofType("serial"));
    gates[0].release();
    await gates[1].entered(1);
    expect(gates[2].contexts).toHaveLength(0);
    gates[1].release();
    await gates[2].entered(1);
    gates[2].release();
    await untilQuiet(bus);
    expect(handle.statistics.deliveredMessageCount).toBe(1);
  });
});

describe("bus - replaces the attributes of a destination", () => {
  test("bus - a smaller queue keeps what waits and refuses what is new", () => {
    const bus = new MessageBus();
    const handle = bus.addDestination(ofType("serial"));
    handle.listen(new GateListener());
    for (const payload of [1, 2, 3, 4]) void handle.send(payload);
    bus.replaceDestination(
      DestinationConfiguration.createSerialDestinationConfiguration(NAME, { maximumQueueSize: 2 }),
    );
    expect(handle.statistics.pendingMessageCount).toBe(3);
    expect(() => handle.send(5)).toThrow(expect.objectContaining({ code: "BUSLINE_QUEUE_FULL" }));
    expect(handle.statistics).toMatchObject({ pendingMessageCount: 3, rejectedMessageCount: 1 });
  });

  test("bus - more workers start what waits at once", async () => {
    const bus = new MessageBus();
    const sized = (size: number): DestinationConfiguration =>
      DestinationConfiguration.createParallelDestinationConfiguration(NAME, {
        workersCoreSize: size,
        workersMaxSize: size,
      });
    const handle = bus.addDestination(sized(1));
    const gate = new GateListener();
    handle.listen(gate);
    for (const payload of [1, 2, 3]) void handle.send(payload);
    await gate.entered(1);
    bus.replaceDestination(sized(3));
    await gate.entered(3);
    expect(handle.statistics).toMatchObject({ workersMaxSize: 3, currentWorkerCount: 3 });
  });

  test("bus - room for those who wait for space appears with a larger queue", async () => {
    const bus = new MessageBus();
    const waiting = (maximumQueueSize: number): DestinationConfiguration =>
      DestinationConfiguration.createSerialDestinationConfiguration(NAME, {
        maximumQueueSize,
        rejectedExecutionHandler: waitForSpace(),
      });
    const handle = bus.addDestination(waiting(1));
    handle.listen(new GateListener());
    void handle.send("runs");
    void handle.send("waits in the queue");
    const accepted = handle.send("waits for room");
    expect(accepted).toBeInstanceOf(Promise);
    bus.replaceDestination(waiting(2));
    await accepted;
    expect(handle.statistics.pendingMessageCount).toBe(2);
  });

  test("bus - a failing replacement leaves everything as it was", async () => {
    const failing: DestinationType = {
      workerPer: "message",
      createQueue: () => {
        throw new Error("no queue");
      },
    };
    const bus = new MessageBus({
      destinationTypes: {
        "acme/refusing": () => {
          throw new Error("no type");
        },
        "acme/no-queue": () => failing,
      },
    });
    const configuration = ofType("serial");
    const handle = bus.addDestination(configuration);
    const recorder = new Recorder();
    handle.listen(recorder);
    void handle.send("waits");
    expect(() => bus.replaceDestination(ofType("acme/refusing"))).toThrow("no type");
    expect(handle.configuration).toBe(configuration);
    expect(() => bus.replaceDestination(ofType("acme/no-queue"))).toThrow("no queue");
    expect(handle.configuration).toBe(configuration);
    expect(handle.statistics.destinationType).toBe("serial");
    void handle.send("after");
    expect(await recorder.count(2)).toEqual(["waits", "after"]);
  });

  test("bus - a new queue that takes nothing in loses nothing", () => {
    class Refusing extends FifoQueue {
      override add(): void {
        throw new Error("takes nothing");
      }
    }
    const bus = new MessageBus({
      destinationTypes: {
        "acme/refusing": () => ({ workerPer: "message", createQueue: () => new Refusing() }),
      },
    });
    const handle = bus.addDestination(ofType("serial"));
    handle.listen(new Recorder());
    handle.pause();
    for (const payload of [1, 2, 3]) void handle.send(payload);
    expect(() => bus.replaceDestination(ofType("acme/refusing"))).toThrow("takes nothing");
    expect(handle.statistics.pendingMessageCount).toBe(3);
    // What can still be purged still lies in a queue.
    expect(handle.purge()).toBe(3);
  });
});
