import { describe, expect, test } from "vitest";
import {
  type Destination,
  type DestinationAttributes,
  DestinationConfiguration,
  FifoQueue,
  InvalidConfigurationError,
  type Message,
  MessageBus,
} from "busline";
import { GateListener, Recorder, untilQuiet } from "busline/testing";
import { durable, NAME, Processes } from "./durable-fixture.ts";
import { ledgerOf } from "./ledger.ts";
import { turns } from "./outcome-of.ts";

const LONGEST = 2 ** 31 - 1;

function attributesWith(name: string, value: unknown): DestinationAttributes {
  return { durable: true, [name]: value };
}

function refusal(attempt: () => unknown): unknown {
  try {
    attempt();
  } catch (error) {
    return error instanceof InvalidConfigurationError ? error.attribute : error;
  }
  return "accepted";
}

describe("durable - configuration", () => {
  test.each(["parallel", "serial", "keyed", "dead-letter"])(
    "durable - %s is refused by a bus that has no store",
    (type) => {
      const bus = new MessageBus();
      const configuration = new DestinationConfiguration(type, NAME, { durable: true });
      expect(refusal(() => bus.addDestination(configuration))).toBe("durable");
      expect(bus.hasDestination(NAME)).toBe(false);
      bus.addDestination(new DestinationConfiguration(type, NAME, { durable: false }));
    },
  );

  test("durable - a synchronous destination cannot be it", () => {
    expect(
      refusal(() => new DestinationConfiguration("synchronous", NAME, { durable: true })),
    ).toBe("durable");
  });

  test("durable - a type of one's own without a queue cannot be it, one with a queue can", async () => {
    const processes = new Processes();
    const taken: unknown[] = [];
    class LoggedQueue extends FifoQueue {
      override take(): Message | undefined {
        const message = super.take();
        if (message !== undefined) taken.push(message.payload);
        return message;
      }
    }
    const bus = processes.start({
      destinationTypes: {
        bare: () => ({ workerPer: "message" }),
        own: () => ({ workerPer: "message", createQueue: () => new LoggedQueue() }),
      },
    });
    const bare = new DestinationConfiguration("bare", NAME, { durable: true });
    expect(refusal(() => bus.addDestination(bare))).toBe("destinationType");
    const own = bus.addDestination(new DestinationConfiguration("own", NAME, { durable: true }));
    const recorder = new Recorder();
    own.listen(recorder, { name: "recorder" });
    await own.send("a");
    expect(await recorder.count(1)).toEqual(["a"]);
    expect(taken).toEqual(["a"]);
  });

  test("store - one that lacks a method is refused", () => {
    for (const method of ["open", "get", "read", "count", "commit", "close"]) {
      const store = Object.assign(new Processes().store, { [method]: undefined });
      expect(refusal(() => new MessageBus({ store }))).toBe("store");
    }
  });

  test("durable - what is not given has its default", () => {
    const { serial, deadLetter } = durable;
    expect(serial(NAME, { durable: true })).toMatchObject({
      durable: true,
      deduplicationWindowMs: 600_000,
      deduplicationWindowSize: 1_000_000,
      maximumMessagesInMemory: 1_000,
      retry: { attempts: 5 },
    });
    expect(serial(NAME, { durable: true, retry: { attempts: 2 } }).retry).toMatchObject({
      attempts: 2,
    });
    const inMemory = serial(NAME);
    expect(inMemory.durable).toBe(false);
    for (const attribute of [
      "deduplicationWindowMs",
      "deduplicationWindowSize",
      "maximumMessagesInMemory",
      "retry",
    ] as const) {
      expect(inMemory[attribute]).toBeUndefined();
    }
    expect(deadLetter(NAME, { durable: true })).toMatchObject({
      durable: true,
      deduplicationWindowMs: 600_000,
    });
    expect(deadLetter(NAME, { durable: true }).maximumMessagesInMemory).toBeUndefined();
  });

  test.each([
    ["durable", [true, false], [1, "yes", null]],
    ["deduplicationWindowMs", [0, 0.5, LONGEST], [-1, LONGEST + 1, Infinity, Number.NaN, "1"]],
    ["deduplicationWindowSize", [1, 1e9], [0, -1, 1.5, Infinity, Number.NaN, "1"]],
    ["maximumMessagesInMemory", [1, 1e9], [0, -1, 1.5, Infinity, Number.NaN, "1"]],
  ] as const)("durable - the bounds of %s", (name, allowed, refused) => {
    for (const value of allowed) {
      expect(durable.serial(NAME, attributesWith(name, value))[name]).toBe(value);
    }
    for (const value of refused) {
      expect(refusal(() => durable.serial(NAME, attributesWith(name, value)))).toBe(name);
    }
  });

  test.each(["deduplicationWindowMs", "deduplicationWindowSize", "maximumMessagesInMemory"])(
    "durable - %s is refused where it is not",
    (name) => {
      for (const type of ["parallel", "serial", "keyed"]) {
        const make = (isDurable: object): DestinationConfiguration =>
          new DestinationConfiguration(type, NAME, { ...isDurable, [name]: 1 });
        expect(refusal(() => make({}))).toBe(name);
        expect(refusal(() => make({ durable: false }))).toBe(name);
        make({ durable: true });
      }
    },
  );

  test("dead letter destination - nothing of it can lie in the store alone", () => {
    const attributes = { durable: true, maximumMessagesInMemory: 1 } as DestinationAttributes;
    expect(refusal(() => new DestinationConfiguration("dead-letter", NAME, attributes))).toBe(
      "maximumMessagesInMemory",
    );
  });
});

describe("durable - live changes", () => {
  function live(type: string, attributes: DestinationAttributes): MessageBus {
    const bus = new Processes().start();
    bus.addDestination(new DestinationConfiguration(type, NAME, attributes));
    return bus;
  }

  test.each([
    ["serial", {}, "serial", { durable: true }, "durable"],
    ["serial", { durable: true }, "serial", {}, "durable"],
    ["serial", { durable: true }, "synchronous", {}, "durable"],
    ["serial", { durable: true }, "dead-letter", { durable: true }, "destinationType"],
    ["dead-letter", { durable: true }, "serial", { durable: true }, "destinationType"],
    [
      "serial",
      { durable: true, priorityLevels: 2 },
      "serial",
      { durable: true, priorityLevels: 3 },
      "priorityLevels",
    ],
    ["serial", { durable: true }, "serial", { durable: true, priorityLevels: 3 }, "priorityLevels"],
  ] as const)(
    "replace - %s %j cannot become %s %j: %s",
    (type, attributes, otherType, otherAttributes, attribute) => {
      const bus = live(type, attributes);
      const before = bus.getDestination(NAME)?.configuration;
      const after = new DestinationConfiguration(otherType, NAME, otherAttributes);
      expect(refusal(() => bus.replaceDestination(after))).toBe(attribute);
      expect(bus.getDestination(NAME)?.configuration).toBe(before);
    },
  );

  test.each([1, 3, 1_000])(
    "replace - parallel, serial, keyed: what waits goes on waiting in order, with %i in memory",
    async (maximumMessagesInMemory) => {
      const bus = new Processes().start();
      const attributes = { durable: true, maximumMessagesInMemory } as const;
      const destination: Destination<number> = bus.addDestination(
        durable.parallel(NAME, { ...attributes, workersMaxSize: 1 }),
      );
      const gate = new GateListener<number>();
      destination.listen(gate, { name: "gate" });
      for (let number = 0; number < 10; number += 1) await destination.send(number, { key: "k" });
      await gate.entered(1);
      const seen: unknown[] = [];
      const finish = async (count: number): Promise<void> => {
        for (let done = 0; done < count; done += 1) {
          await gate.entered(seen.length + 1);
          seen.push(gate.held[0]?.payload);
          gate.release();
        }
      };
      await finish(2);
      bus.replaceDestination(durable.serial(NAME, attributes));
      await finish(2);
      bus.replaceDestination(durable.keyed(NAME, attributes));
      await finish(2);
      await turns();
      expect(gate.held).toHaveLength(1);
      bus.replaceDestination(durable.parallel(NAME, { ...attributes, workersMaxSize: 1 }));
      await finish(4);
      expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      await untilQuiet(bus);
      expect(ledgerOf(destination)).toEqual({ sent: 10, delivered: 10 });
    },
  );

  test("replace - serial to keyed: keys that waited behind each other run side by side", async () => {
    const bus = new Processes().start();
    const destination = bus.addDestination<string>(durable.serial(NAME, { durable: true }));
    const gate = new GateListener<string>();
    destination.listen(gate, { name: "gate" });
    destination.pause();
    for (const key of ["a", "a", "b", "b"]) await destination.send(key, { key });
    bus.replaceDestination(durable.keyed(NAME, { durable: true, workersMaxSize: 4 }));
    destination.resume();
    await gate.entered(2);
    await turns();
    expect(gate.held.map(({ payload }) => payload).toSorted()).toEqual(["a", "b"]);
    gate.open();
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toEqual({ sent: 4, delivered: 4 });
  });

  test("replace - the retries, the bound and the workers may change", async () => {
    const bus = new Processes().start({ onError: () => {} });
    const destination = bus.addDestination<string>(durable.serial(NAME, { durable: true }));
    destination.listen(
      () => {
        throw new Error("no");
      },
      { name: "failing" },
    );
    bus.replaceDestination(durable.serial(NAME, { durable: true, retry: { attempts: 1 } }));
    await destination.send("a");
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toEqual({ sent: 1, failed: 1 });
  });
});
