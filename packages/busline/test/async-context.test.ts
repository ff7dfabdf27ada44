import { AsyncLocalStorage } from "node:async_hooks";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { type Destination, callerRuns, DestinationConfiguration, MessageBus } from "busline";
import { GateListener, untilQuiet } from "busline/testing";
import { turns } from "./outcome-of.ts";

const { createParallelDestinationConfiguration: parallel } = DestinationConfiguration;
const { createSerialDestinationConfiguration: serial } = DestinationConfiguration;
const { createSynchronousDestinationConfiguration: synchronous } = DestinationConfiguration;

const store = new AsyncLocalStorage<number>();
const TWENTY = Array.from({ length: 20 }, (_, number) => number);

const configurations = [
  ["two workers", parallel("acme/a", { workersMaxSize: 2 })],
  ["serial", serial("acme/a")],
  ["synchronous", synchronous("acme/a")],
  ["callerRuns", serial("acme/a", { maximumQueueSize: 1, rejectedExecutionHandler: callerRuns })],
] as const;

describe.each(configurations)("D10: %s", (_, configuration) => {
  test("listener - a plain one runs in its sender's context: 20 of 20", async () => {
    const bus = new MessageBus();
    const destination = bus.addDestination<number>(configuration);
    const seen: unknown[] = [];
    destination.listen(({ payload }) => void seen.push([payload, store.getStore()]));
    for (const number of TWENTY) store.run(number, () => void destination.send(number));
    await untilQuiet(bus);
    expect(seen).toHaveLength(20);
    for (const pair of seen) expect(pair).toEqual([(pair as number[])[0], (pair as number[])[0]]);
  });

  test("listener - an asynchronous one, and the one after it, stay in it: 20 of 20", async () => {
    const bus = new MessageBus();
    const destination = bus.addDestination<number>(configuration);
    const wrong: unknown[] = [];
    let checkedCount = 0;
    const check = (where: string, expected: number): void => {
      checkedCount += 1;
      if (store.getStore() !== expected) wrong.push([where, expected, store.getStore()]);
    };
    destination.listen(async ({ payload }) => {
      check("start", payload);
      await Promise.resolve();
      check("after a microtask", payload);
      await turns(1 + (payload % 3));
      check("after some turns", payload);
    });
    destination.listen(({ payload }) => check("next listener", payload));
    await Promise.all(
      TWENTY.map((number) => store.run(number, async () => destination.send(number))),
    );
    await untilQuiet(bus);
    expect(wrong).toEqual([]);
    expect(checkedCount).toBe(80);
  });

  test("listener - what it sends on has its context, which is the first sender's", async () => {
    const bus = new MessageBus();
    const destination = bus.addDestination<number>(configuration);
    const next = bus.addDestination<number>(parallel("acme/next", { workersMaxSize: 2 }));
    const last = bus.addDestination<number>(serial("acme/last"));
    const seen: unknown[] = [];
    destination.listen(({ payload }) => void next.send(payload));
    next.listen(async ({ payload }) => {
      await turns(payload % 2);
      void last.send(payload);
    });
    last.listen(({ payload }) => void seen.push(payload === store.getStore()));
    for (const number of TWENTY) store.run(number, () => void destination.send(number));
    await untilQuiet(bus);
    expect(seen).toEqual(TWENTY.map(() => true));
  });

  test("error hook and event listeners - are told in the sender's context", async () => {
    const seen: unknown[] = [];
    const bus = new MessageBus({
      onError: (error) => void seen.push(["onError", error, store.getStore()]),
    });
    const destination = bus.addDestination<number>(configuration);
    destination.addDestinationEventListener({
      messageFailed: (_message, error) => void seen.push(["event", error, store.getStore()]),
    });
    destination.listen(async ({ payload }) => {
      await turns(1);
      throw payload;
    });
    for (const number of [1, 2]) {
      store.run(number, () => void Promise.resolve(destination.send(number)).catch(() => {}));
    }
    await untilQuiet(bus);
    expect(seen).toHaveLength(4);
    for (const [, error, context] of seen as [string, number, number][])
      expect(context).toBe(error);
  });

  test("sender - no listener's context leaks into it, nor from one message into another", async () => {
    const bus = new MessageBus();
    const destination: Destination<string> = bus.addDestination(configuration);
    const seen: unknown[] = [];
    destination.listen(async ({ payload }) => {
      seen.push([payload, store.getStore()]);
      // In the sender's own turn a listener is a call like any other, and this would reach the sender.
      if (configuration.destinationType !== "synchronous") store.enterWith(99);
      await turns(1);
    });
    store.run(1, () => void destination.send("in a context"));
    expect(store.getStore()).toBeUndefined();
    void destination.send("without one");
    await untilQuiet(bus);
    void destination.send("without one, later");
    await untilQuiet(bus);
    expect(store.getStore()).toBeUndefined();
    expect(seen).toEqual(
      expect.arrayContaining([
        ["in a context", 1],
        ["without one", undefined],
        ["without one, later", undefined],
      ]),
    );
  });
});

test("request - the requester goes on in its own context, the listener answers in it", async () => {
  const bus = new MessageBus();
  const destination = bus.addDestination<number, number>(parallel("acme/a", { workersMaxSize: 2 }));
  destination.listen(async () => {
    await turns(1);
    return store.getStore();
  });
  const replies = await Promise.all(
    TWENTY.map((number) =>
      store.run(number, async () => [await destination.request(number), store.getStore()]),
    ),
  );
  expect(replies).toEqual(TWENTY.map((number) => [number, number]));
});

test("listener - a message that waited for room keeps its sender's context", async () => {
  const bus = new MessageBus();
  const destination = bus.addDestination<number>(serial("acme/a"));
  const gate = new GateListener<number>();
  destination.listen(gate);
  const seen: unknown[] = [];
  destination.listen(() => void seen.push(store.getStore()));
  destination.pause();
  for (const number of [1, 2, 3]) store.run(number, () => void destination.send(number));
  // Whoever resumes or makes room lends nobody its context.
  store.run(99, () => destination.resume());
  gate.open();
  await untilQuiet(bus);
  expect(seen).toEqual([1, 2, 3]);
});

// A message's context must not hold the one of the message that led to it, and that the one before, and so on.
test("memory - an asynchronous listener that sends on for ever does not keep what is past", async () => {
  setFlagsFromString("--expose-gc");
  const collectGarbage = runInNewContext("gc") as () => void;
  const bus = new MessageBus();
  const destination = bus.addDestination<{ readonly number: number }>(serial("acme/a"));
  const past: WeakRef<object>[] = [];
  const gate = new GateListener<{ readonly number: number }>();
  destination.listen(async (message, context) => {
    const { number } = message.payload;
    if (number === 20) {
      await gate.receive(message, context);
      return;
    }
    past.push(new WeakRef(message.payload));
    void destination.send({ number: number + 1 });
  });
  void destination.send({ number: 0 });
  await gate.entered(1);
  await turns();
  collectGarbage();
  const keptCount = past.filter((reference) => reference.deref() !== undefined).length;
  gate.open();
  // The very last ones may still lie in a register or a slot.
  expect(past).toHaveLength(20);
  expect(keptCount).toBeLessThanOrEqual(3);
});
