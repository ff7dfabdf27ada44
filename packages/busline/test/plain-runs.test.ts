import { AsyncLocalStorage } from "node:async_hooks";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { DestinationConfiguration, type Message, MessageBus } from "busline";
import { ManualClock, untilQuiet } from "busline/testing";
import { beforeEach, describe, expect, test } from "vitest";
import { forgetHooks } from "./forget-hooks.ts";
import { ledgerOf } from "./ledger.ts";
import { outcomeOf } from "./outcome-of.ts";

/*
 * Where many messages wait for listeners that only return, they are carried in one go. Whatever happens in the middle of
 * that, nobody may see a difference.
 */
const MANY = 300;
const MIDDLE = 150;
const { createParallelDestinationConfiguration: parallel } = DestinationConfiguration;
const { createSerialDestinationConfiguration: serial } = DestinationConfiguration;
const { createSynchronousDestinationConfiguration: synchronous } = DestinationConfiguration;

beforeEach(forgetHooks);

describe.each([
  ["serial", serial("acme/a")],
  ["parallel", parallel("acme/a")],
] as const)("a run of messages at a %s destination", (_, configuration) => {
  /** Sends many; the listener does something else with the one in the middle. */
  async function run(
    inTheMiddle: (message: Message<number>, bus: MessageBus) => unknown,
    listeners: readonly ((message: Message<number>) => unknown)[] = [],
  ): Promise<{ bus: MessageBus; received: number[]; failures: unknown[] }> {
    const failures: unknown[] = [];
    const bus = new MessageBus({ onError: (error) => void failures.push(error) });
    const destination = bus.addDestination<number>(configuration as never);
    const received: number[] = [];
    destination.listen((message) => {
      received.push(message.payload);
      return message.payload === MIDDLE ? inTheMiddle(message, bus) : undefined;
    });
    for (const listener of listeners) destination.listen(listener);
    // Two times: from the second on all is known of the listeners.
    for (let times = 0; times < 2; times += 1) {
      for (let number = 1; number <= MANY; number += 1) void destination.send(number);
      await untilQuiet(bus);
    }
    return { bus, received, failures };
  }

  const numbers = Array.from({ length: MANY }, (__, at) => at + 1);
  const twice = [...numbers, ...numbers];

  test("listener - fails in the middle: that one is counted as failed, and told of", async () => {
    const { bus, received, failures } = await run(() => {
      throw new RangeError("in the middle");
    });
    expect(received).toEqual(twice);
    expect(failures).toEqual([new RangeError("in the middle"), new RangeError("in the middle")]);
    const destination = bus.getDestination("acme/a");
    expect(ledgerOf(destination as never)).toEqual({
      sent: 2 * MANY,
      delivered: 2 * MANY - 2,
      failed: 2,
    });
    expect(destination?.statistics.listeners[0]).toMatchObject({
      deliveredCount: 2 * MANY - 2,
      failedCount: 2,
    });
  });

  test("listener - returns a promise in the middle: it is waited for", async () => {
    const { bus, received } = await run(async () => {
      await Promise.resolve();
    });
    expect(received.toSorted((one, other) => one - other)).toEqual(
      twice.toSorted((one, other) => one - other),
    );
    expect(bus.statistics).toMatchObject({ deliveredMessageCount: 2 * MANY });
  });

  test("listener - asked in the middle, it sees all before it as delivered", async () => {
    const seen: unknown[] = [];
    const { bus } = await run((__, its) => {
      const [one] = its.getDestination("acme/a")?.statistics.listeners ?? [];
      seen.push([its.statistics.deliveredMessageCount, one?.deliveredCount]);
    });
    expect(seen).toEqual([
      [MIDDLE - 1, MIDDLE - 1],
      [MANY + MIDDLE - 1, MANY + MIDDLE - 1],
    ]);
    expect(bus.statistics).toMatchObject({ deliveredMessageCount: 2 * MANY });
  });

  test("listener - pauses its destination in the middle: nothing more starts", async () => {
    const counts: unknown[] = [];
    const bus = new MessageBus();
    const destination = bus.addDestination<number>(configuration as never);
    destination.listen(({ payload }) => {
      if (payload === MIDDLE) destination.pause();
    });
    for (let number = 1; number <= MANY; number += 1) void destination.send(number);
    while (!destination.isPaused) await new Promise((resolve) => void setImmediate(resolve));
    counts.push(destination.statistics.deliveredMessageCount);
    destination.resume();
    await untilQuiet(bus);
    counts.push(destination.statistics.deliveredMessageCount);
    expect(counts).toEqual([MIDDLE, MANY]);
  });
});

describe("a run of messages for several listeners", () => {
  test.each([1, 2, 3])(
    "listener - number %i unregisters the last one in the middle: it gets no more",
    async (number) => {
      const bus = new MessageBus();
      const destination = bus.addDestination<number>(serial("acme/a") as never);
      const counts = [0, 0, 0];
      const registrations = counts.map((__, at) =>
        destination.listen(({ payload }) => {
          counts[at] = (counts[at] ?? 0) + 1;
          if (payload === MIDDLE && at === number - 1) registrations[2]?.unregister();
        }),
      );
      for (let payload = 1; payload <= MANY; payload += 1) void destination.send(payload);
      await untilQuiet(bus);
      const lastCount = number === 3 ? MIDDLE : MIDDLE - 1;
      expect(counts).toEqual([MANY, MANY, lastCount]);
      expect(destination.statistics).toMatchObject({
        deliveredMessageCount: MANY,
        listeners: [{ deliveredCount: MANY }, { deliveredCount: MANY }],
      });
    },
  );

  test("listener - the second fails in the middle: the first and the third get every message", async () => {
    const bus = new MessageBus({ onError: () => {} });
    const destination = bus.addDestination<number>(serial("acme/a") as never);
    const sums = [0, 0];
    destination.listen(({ payload }) => void (sums[0] = (sums[0] ?? 0) + payload));
    destination.listen(({ payload }) => {
      if (payload === MIDDLE) throw new Error("no");
    });
    destination.listen(({ payload }) => void (sums[1] = (sums[1] ?? 0) + payload));
    for (let payload = 1; payload <= MANY; payload += 1) void destination.send(payload);
    await untilQuiet(bus);
    const sum = (MANY * (MANY + 1)) / 2;
    expect(sums).toEqual([sum, sum]);
    expect(destination.statistics.listeners).toMatchObject([
      { deliveredCount: MANY, failedCount: 0 },
      { deliveredCount: MANY - 1, failedCount: 1 },
      { deliveredCount: MANY, failedCount: 0 },
    ]);
  });
});

describe("a sender's turn", () => {
  /** After so many runs a listener is known, and not followed any more. */
  const ENOUGH = 1_000;

  /** Sends many in one run of code to a listener that is known. */
  async function send(
    listener: (payload: number, bus: MessageBus) => unknown,
  ): Promise<{ outcomes: unknown[]; bus: MessageBus }> {
    const bus = new MessageBus({ onError: () => {} });
    const destination = bus.addDestination<number>(synchronous("acme/a"));
    destination.listen(({ payload }) => listener(payload, bus));
    for (let times = 0; times < ENOUGH; times += 1) await destination.send(0);
    const sendings = Array.from({ length: MANY }, async (_, at) => {
      const outcome = await outcomeOf(() => destination.send(at + 1));
      return outcome === "accepted" ? [] : [[at + 1, outcome]];
    });
    const outcomes = (await Promise.all(sendings)).flat();
    await untilQuiet(bus);
    return { outcomes, bus };
  }

  test("listener - goes on: each is waited for", async () => {
    let count = 0;
    const { outcomes, bus } = await send(async () => {
      await Promise.resolve();
      count += 1;
    });
    expect([outcomes, count]).toEqual([[], ENOUGH + MANY]);
    expect(bus.statistics).toMatchObject({ deliveredMessageCount: ENOUGH + MANY });
  });

  test("listener - returns a promise in the middle: it is waited for", async () => {
    let hasGoneOn = false;
    const { outcomes, bus } = await send((payload) => {
      if (payload !== MIDDLE) return undefined;
      return Promise.resolve().then(() => {
        hasGoneOn = true;
      });
    });
    expect([outcomes, hasGoneOn]).toEqual([[], true]);
    expect(bus.statistics).toMatchObject({ deliveredMessageCount: ENOUGH + MANY });
  });

  test("listener - fails in the middle: its sender is told", async () => {
    const { outcomes, bus } = await send((payload) => {
      if (payload === MIDDLE) throw new RangeError("in the middle");
    });
    expect(outcomes).toEqual([[MIDDLE, new RangeError("in the middle")]]);
    expect(bus.statistics).toMatchObject({
      deliveredMessageCount: ENOUGH + MANY - 1,
      failedMessageCount: 1,
    });
  });
});

test("listener - enters with a store in the middle: the next one is not in it", async () => {
  const storage = new AsyncLocalStorage<string>();
  const bus = new MessageBus({ clock: new ManualClock() });
  const destination = bus.addDestination<number>(serial("acme/a"));
  const seen: unknown[] = [];
  destination.listen(({ payload }) => {
    seen.push(storage.getStore());
    if (payload === MIDDLE) storage.enterWith("its own");
  });
  for (let number = 1; number <= MANY; number += 1) void destination.send(number);
  await untilQuiet(bus);
  storage.disable();
  expect(seen).toEqual(Array.from({ length: MANY }));
});

test("message - of another context than the one before: its listener is in its own", async () => {
  const storage = new AsyncLocalStorage<string>();
  const bus = new MessageBus({ clock: new ManualClock() });
  const destination = bus.addDestination<number>(serial("acme/a"));
  const seen: unknown[] = [];
  destination.listen(() => void seen.push(storage.getStore()));
  for (const tenant of ["first", "second"]) {
    storage.run(tenant, () => {
      for (let number = 1; number <= 2_000; number += 1) void destination.send(number);
    });
  }
  await untilQuiet(bus);
  storage.disable();
  const times = (tenant: string): string[] => Array.from({ length: 2_000 }, () => tenant);
  expect(seen).toEqual([...times("first"), ...times("second")]);
});

// The last one: from now on somebody may observe.
test("observer - comes in the middle: it is told of every delivery from then on", async () => {
  const bus = new MessageBus({ clock: new ManualClock() });
  const destination = bus.addDestination<number>(serial("acme/a"));
  let traceCount = 0;
  const observer = (): void => void (traceCount += 1);
  destination.listen(({ payload }) => {
    if (payload === MIDDLE) subscribe("tracing:busline.deliver:start", observer);
  });
  for (let number = 1; number <= MANY; number += 1) void destination.send(number);
  await untilQuiet(bus);
  unsubscribe("tracing:busline.deliver:start", observer);
  expect(traceCount).toBe(MANY - MIDDLE);
});
