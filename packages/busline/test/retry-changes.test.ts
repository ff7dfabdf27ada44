import { describe, expect, test } from "vitest";
import {
  callerRuns,
  DestinationConfiguration,
  type DestinationAttributes,
  discardOldest,
  divertTo,
  FifoQueue,
  type Message,
  type MessageQueue,
  waitForSpace,
} from "busline";
import { GateListener, Recorder, untilQuiet } from "busline/testing";
import { ledgerOf } from "./ledger.ts";
import { loggedBus } from "./logged-bus.ts";
import { outcomeOf, turns } from "./outcome-of.ts";

/* What is put off, by its sender or after a failure, while everything else happens to its destination. */

const retry = { attempts: 3, backoff: { initialMs: 100, factor: 1 }, jitter: 0 };
const { createParallelDestinationConfiguration: parallel } = DestinationConfiguration;
const { createSerialDestinationConfiguration: serial } = DestinationConfiguration;

function busWith(configuration: DestinationConfiguration) {
  const { bus, clock, logged } = loggedBus({
    destinationTypes: {
      full: () => ({ workerPer: "message", createQueue: () => new FullQueue() }),
      broken: () => ({ workerPer: "message", createQueue: () => new BrokenQueue() }),
    },
  });
  const destination = bus.addDestination<string>(configuration);
  const pass = async (ms: number): Promise<void> => {
    await turns();
    clock.advance(ms);
    await turns();
  };
  return { bus, clock, destination, logged, pass };
}

/** A queue to which nothing can be added. */
class FullQueue extends FifoQueue {
  override add(): never {
    throw new Error("nothing can be added");
  }
}

/** A queue from which nothing can be removed. */
class BrokenQueue implements MessageQueue {
  readonly #messages: Message[] = [];

  get size(): number {
    return this.#messages.length;
  }

  add(message: Message): void {
    this.#messages.push(message);
  }

  take(): Message | undefined {
    return this.#messages.shift();
  }

  oldest(): Message | undefined {
    return this.#messages[0];
  }

  remove(): never {
    throw new Error("nothing can be removed");
  }

  removeAll(): Message[] {
    return this.#messages.splice(0);
  }
}

describe("replaceDestination", () => {
  test("retry - from parallel to serial, while a message that workers share is partly handed out", async () => {
    const one = { workersCoreSize: 1, workersMaxSize: 1, retry };
    const { bus, clock, destination, pass } = busWith(parallel("acme/a", one));
    const gate = new GateListener<string>();
    let isFirst = true;
    destination.listen((message, context) => {
      return message.payload === "held" ? gate.receive(message, context) : undefined;
    });
    destination.listen(({ payload }) => {
      if (payload !== "bad" || !isFirst) return;
      isFirst = false;
      throw new Error("not yet");
    });
    for (const payload of ["bad", "held", "next"]) {
      void destination.send(payload);
      await turns();
    }
    bus.replaceDestination(serial("acme/a", { retry }));
    await pass(100);
    gate.open();
    await untilQuiet(bus);
    const { activeMessageCount, pendingMessageCount } = destination.statistics;
    expect([activeMessageCount, pendingMessageCount]).toEqual([0, 0]);
    expect(ledgerOf(destination)).toEqual({ sent: 3, delivered: 3 });
    await bus.close();
    expect(clock.timerCount).toBe(0);
  });

  test("retry - from parallel to serial, messages come back in the order in which they failed", async () => {
    const { bus, destination, pass } = busWith(parallel("acme/a", { retry }));
    const order: string[] = [];
    destination.listen(({ payload }, { attempt }) => {
      order.push(`${payload} ${attempt}`);
      if (attempt === 1) throw new Error("not yet");
    });
    for (const payload of ["a", "b"]) void destination.send(payload);
    await turns();
    bus.replaceDestination(serial("acme/a", { retry }));
    await pass(100);
    expect(order).toEqual(["a 1", "b 1", "a 2", "b 2"]);
    await bus.close();
  });
});

test("replaceDestination - one that is refused leaves what has come back where it was", async () => {
  const { bus, destination, pass } = busWith(
    DestinationConfiguration.createKeyedDestinationConfiguration("acme/a", {
      workersCoreSize: 1,
      workersMaxSize: 1,
      retry,
    }),
  );
  const gate = new GateListener<string>();
  const order: string[] = [];
  destination.listen((message, context) => {
    order.push(message.payload);
    return gate.receive(message, context);
  });
  void destination.send("a1", { key: "a" });
  await gate.entered(1);
  gate.fail(new Error("not yet"));
  void destination.send("b1", { key: "b" });
  await gate.entered(2);
  void destination.send("a2", { key: "a" });
  await pass(100);
  expect(() => bus.replaceDestination(new DestinationConfiguration("full", "acme/a"))).toThrow(
    "nothing can be added",
  );
  gate.open();
  await untilQuiet(bus);
  expect(order).toEqual(["a1", "b1", "a1", "a2"]);
  expect(ledgerOf(destination)).toEqual({ sent: 3, delivered: 3 });
  await bus.close();
});

test("discardOldest - what has come back, and waits for a worker, is the oldest", async () => {
  const { bus, destination, pass } = busWith(
    DestinationConfiguration.createKeyedDestinationConfiguration("acme/a", {
      workersCoreSize: 1,
      workersMaxSize: 1,
      maximumQueueSize: 1,
      rejectedExecutionHandler: discardOldest,
      retry,
    }),
  );
  const gate = new GateListener<string>();
  destination.listen(gate);
  void destination.send("a", { key: "a" });
  await gate.entered(1);
  gate.fail(new Error("not yet"));
  await turns();
  void destination.send("runs", { key: "b" });
  await gate.entered(2);
  await pass(100);
  void destination.send("new", { key: "a" });
  gate.open();
  await untilQuiet(bus);
  expect(ledgerOf(destination)).toEqual({ sent: 3, delivered: 2, discarded: 1 });
  expect(gate.contexts).toHaveLength(3);
  await bus.close();
});

describe("waitForSpace", () => {
  const bound: DestinationAttributes = {
    maximumQueueSize: 1,
    rejectedExecutionHandler: waitForSpace(),
    retry,
  };

  test("delayMs - a sender that waits for room gets it when a delayed message leaves the queue", async () => {
    const { bus, destination, pass } = busWith(parallel("acme/a", bound));
    const gate = new GateListener<string>();
    destination.listen(gate);
    void destination.send("soon", { delayMs: 100 });
    let isIn = false;
    void Promise.resolve(destination.send("later", { delayMs: 1_000 })).then(() => {
      isIn = true;
    });
    await pass(100);
    expect(isIn).toBe(true);
    expect(ledgerOf(destination)).toEqual({ sent: 2, active: 1, pending: 1 });
    gate.open();
    await bus.close({ deadlineMs: 0 });
  });

  test("delayMs - a delayed message whose sender waits for room gets in when its time has come", async () => {
    const { bus, destination, pass } = busWith(
      parallel("acme/a", { ...bound, workersCoreSize: 1, workersMaxSize: 1 }),
    );
    const recorder = new Recorder<string>();
    destination.listen(recorder);
    void destination.send("in an hour", { delayMs: 3_600_000 });
    const soon = destination.send("soon", { delayMs: 1_000 });
    const behindIt = destination.send("behind it");
    await pass(999);
    expect(recorder.payloads).toEqual([]);
    await pass(1);
    await soon;
    await behindIt;
    await turns();
    expect(recorder.payloads).toEqual(["soon", "behind it"]);
    await bus.close({ deadlineMs: 0 });
  });

  test("retry - the same when a message begins with its next attempt", async () => {
    const { bus, destination, pass } = busWith(serial("acme/a", bound));
    const gate = new GateListener<string>();
    destination.listen(gate);
    void destination.send("bad");
    await gate.entered(1);
    gate.fail(new Error("not yet"));
    await turns();
    let isIn = false;
    void Promise.resolve(destination.send("next")).then(() => {
      isIn = true;
    });
    await pass(100);
    await gate.entered(2);
    expect(isIn).toBe(true);
    gate.open();
    await bus.close({ deadlineMs: 0 });
  });
});

describe("listeners", () => {
  test("retry - one that has left before its turn is not taken for one that has succeeded", async () => {
    const { bus, destination, pass } = busWith(serial("acme/a", { retry }));
    const gate = new GateListener<string>();
    destination.listen(gate);
    const leaves = destination.listen(new Recorder<string>());
    void destination.send("a");
    await gate.entered(1);
    leaves.unregister();
    gate.fail(new Error("not yet"));
    await pass(50);
    destination.purge();
    expect(ledgerOf(destination)).toEqual({ sent: 1, discarded: 1 });
    await bus.close();
  });

  test("deadLetter - a message that failed, and whose listener has left in the pause, goes there", async () => {
    const { bus, destination, pass } = busWith(
      serial("acme/a", { retry, deadLetter: "acme/dead" }),
    );
    bus.addDestination(
      DestinationConfiguration.createDeadLetterDestinationConfiguration("acme/dead"),
    );
    const registration = destination.listen(
      () => {
        throw new Error("no");
      },
      { name: "gone" },
    );
    void destination.send("a");
    await turns();
    registration.unregister();
    await pass(100);
    expect(bus.deadLetters("acme/dead").list()).toMatchObject([
      { payload: "a", listeners: ["gone"], reason: "no" },
    ]);
    await bus.close();
  });
});

describe("callerRuns, divertTo", () => {
  const full = async (attributes: DestinationAttributes) => {
    const world = busWith(serial("acme/a", { maximumQueueSize: 1, ...attributes }));
    const gate = new GateListener<string>();
    world.destination.listen(gate);
    void world.destination.send("runs");
    await gate.entered(1);
    void world.destination.send("waits");
    return { ...world, gate };
  };

  test("callerRuns - a message that is put off is refused: it cannot run now, and cannot wait", async () => {
    const { bus, destination, gate } = await full({ rejectedExecutionHandler: callerRuns });
    expect(await outcomeOf(() => destination.send("later", { delayMs: 10 }))).toBe(
      "BUSLINE_QUEUE_FULL",
    );
    expect(ledgerOf(destination)).toEqual({ sent: 3, active: 1, pending: 1, rejected: 1 });
    gate.open();
    await bus.close();
  });

  test("callerRuns - after a wait in which a message expired it does not run", async () => {
    const wait = waitForSpace({ timeoutMs: 500 });
    const told: unknown[] = [];
    const { bus, destination, gate, pass } = await full({
      rejectedExecutionHandler: async (rejection) => {
        try {
          await wait(rejection);
        } catch {
          await callerRuns(rejection);
        }
      },
    });
    destination.addDestinationEventListener({
      messageDiscarded: ({ payload }, reason) => told.push([payload, reason]),
    });
    const sending = destination.send("in vain", { ttlMs: 100 });
    await pass(500);
    await sending;
    expect(told).toEqual([["in vain", "expired"]]);
    expect(ledgerOf(destination)).toEqual({ sent: 3, active: 1, pending: 1, expired: 1 });
    gate.open();
    await bus.close();
    expect(gate.contexts).toHaveLength(2);
  });

  test("divertTo - a message that is put off is refused where nothing can wait", async () => {
    const { bus, destination, gate } = await full({
      rejectedExecutionHandler: divertTo("acme/now"),
    });
    const now = bus.addDestination<string>(
      DestinationConfiguration.createSynchronousDestinationConfiguration("acme/now"),
    );
    const recorder = new Recorder<string>();
    now.listen(recorder);
    expect(await outcomeOf(() => destination.send("later", { delayMs: 10 }))).toBe(
      "BUSLINE_INVALID_CONFIGURATION",
    );
    void destination.send("in time", { ttlMs: 10 });
    expect(recorder.payloads).toEqual(["in time"]);
    expect(ledgerOf(now)).toEqual({ sent: 2, rejected: 1, delivered: 1 });
    gate.open();
    await bus.close();
  });
});

test("ttlMs - a queue of the user's own from which nothing can be removed harms no other deadline", async () => {
  const { bus, clock, destination, logged } = busWith(
    new DestinationConfiguration("broken", "acme/a", { workersCoreSize: 1, workersMaxSize: 1 }),
  );
  const gate = new GateListener<string>();
  destination.listen(gate);
  void destination.send("runs");
  await gate.entered(1);
  void destination.send("in vain", { ttlMs: 100 });
  const asked = outcomeOf(() => destination.request("asked", { timeoutMs: 200 }));
  clock.advance(100);
  expect(logged).toEqual(["What was to happen at a deadline failed"]);
  clock.advance(100);
  await turns();
  // The request could not be withdrawn either, but its sender is told.
  expect(await asked).toBe("BUSLINE_REQUEST_TIMEOUT");
  gate.open();
  await untilQuiet(bus);
  // It is dropped as it leaves the queue.
  expect(gate.contexts).toHaveLength(2);
  expect(ledgerOf(destination)).toMatchObject({ sent: 3, expired: 1 });
  await bus.close();
});
