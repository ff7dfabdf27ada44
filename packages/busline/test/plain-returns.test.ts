import { AsyncLocalStorage } from "node:async_hooks";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { type Destination, DestinationConfiguration, type Message, MessageBus } from "busline";
import { ManualClock, untilQuiet } from "busline/testing";
import { beforeEach, describe, expect, test } from "vitest";
import { forgetHooks } from "./forget-hooks.ts";
import { ledgerOf } from "./ledger.ts";
import { outcomeOf, turns } from "./outcome-of.ts";

/*
 * After the promise of one listener its worker goes on with the next message in a straight line. Whatever another message
 * does in the middle of that, nobody may see a difference.
 */
const MANY = 300;
const MIDDLE = 150;
const { createParallelDestinationConfiguration: parallel } = DestinationConfiguration;
const { createSerialDestinationConfiguration: serial } = DestinationConfiguration;

beforeEach(forgetHooks);

describe.each([
  ["serial", serial("acme/a")],
  ["parallel", parallel("acme/a", { workersCoreSize: 2, workersMaxSize: 2 })],
] as const)("a run of messages for an asynchronous listener of a %s destination", (_, its) => {
  /** Sends many; the listener does something else with the one in the middle. */
  async function run(
    inTheMiddle: (message: Message<number>, destination: Destination<number>) => unknown,
  ): Promise<{ destination: Destination<number>; received: number[]; failures: unknown[] }> {
    const failures: unknown[] = [];
    const onError = (error: unknown): void => void failures.push(error);
    // Time stands still: no turn of the event loop is long enough to be given up.
    const bus = new MessageBus({ clock: new ManualClock(), onError });
    const destination = bus.addDestination<number>(its as never);
    const received: number[] = [];
    destination.listen((message) => {
      received.push(message.payload);
      return message.payload === MIDDLE ? inTheMiddle(message, destination) : Promise.resolve();
    });
    for (let number = 1; number <= MANY; number += 1) void destination.send(number);
    await untilQuiet(bus);
    return { destination, received, failures };
  }

  const numbers = Array.from({ length: MANY }, (__, at) => at + 1);

  test.each<[string, () => unknown]>([
    ["nothing", () => undefined],
    ["a value", () => "a value"],
    ["a promise of a value", () => Promise.resolve("a value")],
    // oxlint-disable-next-line unicorn/no-thenable
    ["a thenable", () => ({ then: (kept: () => void) => kept() })],
  ])(
    "listener - returns %s in the middle: all are delivered, in order",
    async (__, inTheMiddle) => {
      const { destination, received, failures } = await run(inTheMiddle);
      expect(received).toEqual(numbers);
      expect(failures).toEqual([]);
      expect(ledgerOf(destination)).toEqual({ sent: MANY, delivered: MANY });
      expect(destination.statistics.listeners[0]).toMatchObject({ deliveredCount: MANY });
    },
  );

  const failure = new RangeError("in the middle");
  test.each<[string, () => unknown, unknown]>([
    [
      "throws",
      () => {
        throw failure;
      },
      failure,
    ],
    ["rejects", () => Promise.reject(failure), failure],
    [
      "returns what throws when it is asked for its `then`",
      () => ({
        // oxlint-disable-next-line unicorn/no-thenable
        get then() {
          throw failure;
        },
      }),
      failure,
    ],
    // An `await` of it would throw the same.
    [
      "returns a promise behind a proxy",
      () => new Proxy(Promise.resolve(), {}),
      expect.any(TypeError),
    ],
  ])("listener - %s in the middle: that one fails, and is told of", async (__, fail, expected) => {
    const { destination, received, failures } = await run(fail);
    expect(received).toEqual(numbers);
    expect(failures).toEqual([expected]);
    expect(ledgerOf(destination)).toEqual({ sent: MANY, delivered: MANY - 1, failed: 1 });
    expect(destination.statistics.listeners[0]).toMatchObject({
      deliveredCount: MANY - 1,
      failedCount: 1,
    });
  });

  test("listener - asked in the middle, it sees all before it as delivered", async () => {
    let seen: unknown;
    await run(async (__, destination) => {
      seen = [ledgerOf(destination), destination.statistics.listeners[0]?.deliveredCount];
    });
    const active = its.destinationType === "serial" ? 1 : 2;
    const delivered = MIDDLE - active;
    expect(seen).toEqual([{ sent: MANY, delivered, active, pending: MANY - MIDDLE }, delivered]);
  });

  test("listener - pauses its destination in the middle: nothing more starts", async () => {
    const counts: number[] = [];
    const pausing = run(async (__, destination) => {
      destination.pause();
      setImmediate(() => {
        counts.push(destination.statistics.deliveredMessageCount);
        destination.resume();
      });
    });
    const { destination } = await pausing;
    expect(counts[0]).toBeLessThanOrEqual(MIDDLE + 1);
    expect(ledgerOf(destination)).toEqual({ sent: MANY, delivered: MANY });
  });

  test("listener - purges what waits in the middle: the worker finds nothing, and goes on later", async () => {
    const { destination, received } = await run(async (__, purged) => {
      purged.purge();
      void purged.send(MANY + 1);
    });
    expect(received.at(-1)).toBe(MANY + 1);
    expect(received.length).toBeLessThanOrEqual(MIDDLE + 2);
    const delivered = received.length;
    expect(ledgerOf(destination)).toEqual({
      sent: MANY + 1,
      delivered,
      discarded: MANY + 1 - delivered,
    });
  });

  test("listener - another one comes in the middle: it gets what is sent from then on", async () => {
    const later: number[] = [];
    const { received } = await run(async (__, destination) => {
      destination.listen(async ({ payload }) => void later.push(payload));
      void destination.send(MANY + 1);
    });
    expect(received).toEqual([...numbers, MANY + 1]);
    expect(later).toEqual([MANY + 1]);
  });
});

test("worker - leaves to another what has been handed to it", async () => {
  const bus = new MessageBus({ clock: new ManualClock() });
  const destination = bus.addDestination<number>(
    parallel("acme/a", { workersCoreSize: 2, workersMaxSize: 2 }),
  );
  const received: number[] = [];
  let release = (): void => {};
  const isHeld = new Promise<void>((held) => {
    destination.listen(({ payload }) => {
      received.push(payload);
      if (payload < MANY) return Promise.resolve();
      if (payload > MANY) return undefined;
      held();
      return new Promise<void>((resolve) => (release = resolve));
    });
  });
  for (let number = 1; number <= MANY; number += 1) void destination.send(number);
  await isHeld;
  for (let times = 0; times < 10; times += 1) await Promise.resolve();
  expect(ledgerOf(destination)).toEqual({ sent: MANY, delivered: MANY - 1, active: 1 });
  // The one worker ends before the other can begin with what it has in hand.
  release();
  void destination.send(MANY + 1);
  await untilQuiet(bus);
  expect(received.at(-1)).toBe(MANY + 1);
  expect(ledgerOf(destination)).toEqual({ sent: MANY + 1, delivered: MANY + 1 });
});

test("listener - enters with a store in the middle, and goes on: the next one is not in it", async () => {
  const storage = new AsyncLocalStorage<string>();
  const bus = new MessageBus({ clock: new ManualClock() });
  const destination = bus.addDestination<number>(serial("acme/a"));
  const seen: unknown[] = [];
  destination.listen(async ({ payload }) => {
    seen.push(storage.getStore());
    if (payload !== MIDDLE) return;
    storage.enterWith("its own");
    await Promise.resolve();
    seen.push(storage.getStore());
  });
  for (let number = 1; number <= MANY; number += 1) void destination.send(number);
  await untilQuiet(bus);
  storage.disable();
  const others = (count: number): undefined[] => Array.from({ length: count });
  expect(seen).toEqual([...others(MIDDLE), "its own", ...others(MANY - MIDDLE)]);
});

test("worker - gives way to the event loop after as many as may start in one turn of it", async () => {
  const bus = new MessageBus({ clock: new ManualClock(), deliveriesPerTurn: 100 });
  const destination = bus.addDestination<number>(serial("acme/a"));
  destination.listen(async () => {});
  for (let number = 1; number <= MANY; number += 1) void destination.send(number);
  const counts: number[] = [];
  for (let turn = 0; turn < 3; turn += 1) {
    await turns(1);
    counts.push(destination.statistics.deliveredMessageCount);
  }
  expect(counts).toEqual([100, 200, MANY]);
});

test("worker - gives way to another destination that waits for its turn", async () => {
  const bus = new MessageBus({ clock: new ManualClock() });
  const destination = bus.addDestination<number>(serial("acme/a"));
  const other = bus.addDestination<number>(serial("acme/b"));
  const received: string[] = [];
  other.listen(({ destinationName }) => void received.push(destinationName));
  destination.listen(async ({ destinationName, payload }) => {
    received.push(destinationName);
    if (payload === MIDDLE) void other.send(1);
  });
  for (let number = 1; number <= MANY; number += 1) void destination.send(number);
  await untilQuiet(bus);
  expect(received.indexOf("acme/b")).toBeLessThanOrEqual(MIDDLE + 1);
});

test.each<[string, (payload: number) => unknown]>([
  ["always", () => Promise.resolve()],
  ["in the beginning", (payload) => (payload <= 3 ? Promise.resolve() : undefined)],
])(
  "close - begun in the middle by a listener that goes on %s: what begins then is followed, so that a stranger is refused",
  async (_, otherwise) => {
    const bus = new MessageBus({ clock: new ManualClock() });
    const destination = bus.addDestination<number>(serial("acme/a"));
    let closing: Promise<unknown> | undefined;
    let release = (): void => {};
    const isHeld = new Promise<void>((held) => {
      destination.listen(({ payload }) => {
        if (payload === MIDDLE) closing = bus.close();
        if (payload !== MIDDLE + 1) return otherwise(payload);
        held();
        return new Promise<void>((resolve) => (release = resolve));
      });
    });
    for (let number = 1; number <= MANY; number += 1) void destination.send(number);
    await isHeld;
    expect(await outcomeOf(() => destination.send(0))).toBe("BUSLINE_CLOSED");
    release();
    await closing;
    expect(ledgerOf(destination)).toEqual({ sent: MANY + 1, delivered: MANY, rejected: 1 });
  },
);

// The last one: from now on somebody may observe.
test("observer - comes in the middle: it is told of every delivery from then on", async () => {
  const bus = new MessageBus({ clock: new ManualClock() });
  const destination = bus.addDestination<number>(serial("acme/a"));
  let traceCount = 0;
  const observer = (): void => void (traceCount += 1);
  destination.listen(async ({ payload }) => {
    if (payload === MIDDLE) subscribe("tracing:busline.deliver:start", observer);
  });
  for (let number = 1; number <= MANY; number += 1) void destination.send(number);
  await untilQuiet(bus);
  unsubscribe("tracing:busline.deliver:start", observer);
  expect(traceCount).toBe(MANY - MIDDLE);
});
