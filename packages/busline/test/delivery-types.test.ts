import { describe, expect, test } from "vitest";
import { DestinationConfiguration, MessageBus } from "busline";
import { GateListener, untilQuiet } from "busline/testing";
import { ledgerOf } from "./ledger.ts";
import { turns } from "./outcome-of.ts";

const { createParallelDestinationConfiguration: parallel } = DestinationConfiguration;
const { createSerialDestinationConfiguration: serial } = DestinationConfiguration;
const { createSynchronousDestinationConfiguration: synchronous } = DestinationConfiguration;

describe("contract sentence 3: parallel", () => {
  test("worker - one for each message and each listener", async () => {
    const bus = new MessageBus();
    const destination = bus.addDestination(parallel("acme/a", { workersMaxSize: 10 }));
    const listeners = [new GateListener(), new GateListener(), new GateListener()];
    for (const listener of listeners) destination.listen(listener);
    void destination.send("one");
    void destination.send("two");
    await Promise.all(listeners.map((listener) => listener.entered(2)));
    expect(destination.statistics.activeWorkerCount).toBe(6);
    expect(ledgerOf(destination)).toEqual({ sent: 2, active: 2 });

    for (const listener of listeners) listener.open();
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toEqual({ sent: 2, delivered: 2 });
    expect(destination.statistics.activeWorkerCount).toBe(0);
  });

  test("worker - a slow listener does not hold up the next message", async () => {
    const bus = new MessageBus();
    const destination = bus.addDestination(parallel("acme/a"));
    const gate = new GateListener<string>();
    const ended: unknown[] = [];
    destination.listen(async (message) => {
      if (message.payload === "slow") await gate.receive(message as never, undefined as never);
      ended.push(message.payload);
    });
    void destination.send("slow");
    void destination.send("quick");
    await turns();
    expect(ended).toEqual(["quick"]);
    gate.open();
    await untilQuiet(bus);
    expect(ended).toEqual(["quick", "slow"]);
  });

  test.each([1, 2, 5])("queue - %i workers start messages in the order of sending", async (max) => {
    const bus = new MessageBus();
    const destination = bus.addDestination(parallel("acme/a", { workersMaxSize: max }));
    const started: unknown[] = [];
    // Every third message takes longer, so that messages end in another order than they start.
    destination.listen(async ({ payload }) => {
      started.push(payload);
      await turns((payload as number) % 3);
    });
    const sent = Array.from({ length: 50 }, (_, number) => number);
    for (const number of sent) void destination.send(number);
    await untilQuiet(bus);
    expect(started).toEqual(sent);
  });

  test("worker - one listener's failure leaves the other listeners alone", async () => {
    const failures: unknown[] = [];
    const bus = new MessageBus({
      onError: (error, { listenerName }) => void failures.push([error, listenerName]),
    });
    const destination = bus.addDestination(parallel("acme/a"));
    const received: unknown[] = [];
    destination.listen(
      () => {
        throw "no";
      },
      { name: "bad" },
    );
    destination.listen(({ payload }) => void received.push(payload));
    void destination.send("one");
    await untilQuiet(bus);
    expect(received).toEqual(["one"]);
    expect(failures).toEqual([["no", "bad"]]);
    expect(ledgerOf(destination)).toEqual({ sent: 1, failed: 1 });
  });
});

describe("contract sentence 4: serial", () => {
  test("worker - one for each message, which awaits its listeners one after another", async () => {
    const bus = new MessageBus();
    const destination = bus.addDestination(serial("acme/a"));
    const steps: string[] = [];
    for (const name of ["first", "second", "third"]) {
      destination.listen(async ({ payload }) => {
        steps.push(`${name} starts ${String(payload)}`);
        await turns(2);
        steps.push(`${name} ends ${String(payload)}`);
        expect(destination.statistics.activeWorkerCount).toBe(1);
      });
    }
    void destination.send(1);
    void destination.send(2);
    await untilQuiet(bus);
    const expected = [1, 2].flatMap((payload) =>
      ["first", "second", "third"].flatMap((name) => [
        `${name} starts ${payload}`,
        `${name} ends ${payload}`,
      ]),
    );
    expect(steps).toEqual(expected);
  });

  test("worker - plain and asynchronous listeners keep one order", async () => {
    const bus = new MessageBus();
    const destination = bus.addDestination(serial("acme/a"));
    const steps: string[] = [];
    destination.listen(({ payload }) => void steps.push(`plain ${String(payload)}`));
    destination.listen(async ({ payload }) => {
      await turns(1);
      steps.push(`async ${String(payload)}`);
    });
    destination.listen(({ payload }) => void steps.push(`last ${String(payload)}`));
    for (const payload of [1, 2, 3]) void destination.send(payload);
    await untilQuiet(bus);
    const expected = [1, 2, 3].flatMap((payload) => [
      `plain ${payload}`,
      `async ${payload}`,
      `last ${payload}`,
    ]);
    expect(steps).toEqual(expected);
  });

  test("worker - goes on with the next listener after a failed one", async () => {
    const bus = new MessageBus({ onError: () => {} });
    const destination = bus.addDestination(serial("acme/a"));
    const received: string[] = [];
    destination.listen(() => Promise.reject(new Error("async")));
    destination.listen(() => {
      throw new Error("plain");
    });
    destination.listen(({ payload }) => void received.push(String(payload)));
    void destination.send(1);
    void destination.send(2);
    await untilQuiet(bus);
    expect(received).toEqual(["1", "2"]);
    expect(ledgerOf(destination)).toEqual({ sent: 2, failed: 2 });
  });

  test("queue - send returns before anything is delivered", async () => {
    const bus = new MessageBus();
    const destination = bus.addDestination(serial("acme/a"));
    let deliveredCount = 0;
    destination.listen(() => void (deliveredCount += 1));
    expect(destination.send(1)).toBeUndefined();
    expect(deliveredCount).toBe(0);
    await untilQuiet(bus);
    expect(deliveredCount).toBe(1);
  });
});

describe("contract sentence 5: synchronous", () => {
  test("sender's turn - delivers to all listeners, in order, before send returns", () => {
    const bus = new MessageBus();
    const destination = bus.addDestination(synchronous("acme/a"));
    const steps: string[] = [];
    for (const name of ["first", "second"]) destination.listen(() => void steps.push(name));
    expect(destination.send(1)).toBeUndefined();
    expect(steps).toEqual(["first", "second"]);
    expect(ledgerOf(destination)).toEqual({ sent: 1, delivered: 1 });
    expect(destination.statistics.currentWorkerCount).toBe(0);
  });

  test("sender's turn - awaits asynchronous listeners one after another", async () => {
    const bus = new MessageBus();
    const destination = bus.addDestination(synchronous("acme/a"));
    const first = new GateListener();
    const steps: string[] = [];
    destination.listen(first);
    destination.listen(() => void steps.push("second"));
    const sending = destination.send(1);
    expect(sending).toBeInstanceOf(Promise);
    expect(first.held).toHaveLength(1);
    await turns();
    expect(steps).toEqual([]);
    expect(ledgerOf(destination)).toEqual({ sent: 1, active: 1 });

    first.open();
    await sending;
    expect(steps).toEqual(["second"]);
    expect(ledgerOf(destination)).toEqual({ sent: 1, delivered: 1 });
  });

  test("sender's turn - throws a listener's own error, after all have run", () => {
    const bus = new MessageBus();
    const destination = bus.addDestination(synchronous("acme/a"));
    const own = new TypeError("mine");
    let later = 0;
    destination.listen(() => {
      throw own;
    });
    destination.listen(() => void (later += 1));
    let thrown: unknown;
    try {
      void destination.send(1);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBe(own);
    expect(later).toBe(1);
    expect(ledgerOf(destination)).toEqual({ sent: 1, failed: 1 });
  });

  test("sender's turn - throws an AggregateError of several, plain ones and rejections", async () => {
    const bus = new MessageBus();
    const destination = bus.addDestination(synchronous("acme/a"));
    let last = 0;
    destination.listen(() => {
      throw "one";
    });
    destination.listen(() => Promise.reject(new Error("two")));
    destination.listen(() => void (last += 1));
    const error: unknown = await Promise.resolve(destination.send(1)).catch(
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(AggregateError);
    expect((error as AggregateError).errors).toEqual(["one", new Error("two")]);
    expect((error as AggregateError).message).toContain("acme/a");
    expect(last).toBe(1);
  });

  test("sender's turn - each sender has its own: two do not wait for each other", async () => {
    const bus = new MessageBus();
    const destination = bus.addDestination(synchronous("acme/a"));
    const gate = new GateListener();
    destination.listen(gate);
    const sends = [1, 2].map(async (payload) => destination.send(payload));
    expect(gate.held.map(({ payload }) => payload)).toEqual([1, 2]);
    gate.open();
    await Promise.all(sends);
    expect(ledgerOf(destination)).toEqual({ sent: 2, delivered: 2 });
  });
});
