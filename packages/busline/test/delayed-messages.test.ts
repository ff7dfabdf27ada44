import { describe, expect, test, vi } from "vitest";
import {
  DestinationConfiguration,
  type DestinationAttributes,
  discardOldest,
  MessageBus,
  waitForSpace,
} from "busline";
import { GateListener, ManualClock, Recorder, untilQuiet } from "busline/testing";
import { ledgerOf } from "./ledger.ts";
import { outcomeOf, turns } from "./outcome-of.ts";

const DAY_MS = 86_400_000;

function busWith(type: string, attributes?: DestinationAttributes) {
  const clock = new ManualClock({ startAt: 1_000_000 });
  const bus = new MessageBus({ clock });
  const configuration = new DestinationConfiguration(type, "acme/a", attributes);
  const destination = bus.addDestination<string>(configuration);
  const recorder = new Recorder<string>();
  destination.listen(recorder);
  /** Lets time pass, and everything happen that is ready to. */
  const pass = async (ms: number): Promise<void> => {
    await turns();
    clock.advance(ms);
    await turns();
  };
  return { bus, clock, destination, recorder, pass };
}

describe.each(["parallel", "serial", "keyed"])("%s", (type) => {
  test("delayMs - a message waits, and is delivered when the time has come", async () => {
    const { bus, destination, recorder, pass } = busWith(type);
    void destination.send("later", { delayMs: 500 });
    void destination.send("now");
    await pass(499);
    expect(recorder.payloads).toEqual(["now"]);
    expect(ledgerOf(destination)).toEqual({ sent: 2, delivered: 1, pending: 1 });
    await pass(1);
    expect(recorder.payloads).toEqual(["now", "later"]);
    expect(ledgerOf(destination)).toEqual({ sent: 2, delivered: 2 });
    await bus.close();
  });

  test("deliverAt - a Date, or milliseconds since the epoch; what has passed is now", async () => {
    const { bus, destination, recorder, pass } = busWith(type);
    void destination.send("at a date", { deliverAt: new Date(1_000_300) });
    void destination.send("at a number", { deliverAt: 1_000_200 });
    void destination.send("at once", { deliverAt: 999 });
    await pass(200);
    expect(recorder.payloads).toEqual(["at once", "at a number"]);
    await pass(100);
    expect(recorder.payloads).toEqual(["at once", "at a number", "at a date"]);
    await bus.close();
  });

  test("deliverAt - further ahead than a timer of Node can be set", async () => {
    const { bus, clock, destination, recorder, pass } = busWith(type);
    const longest = vi.spyOn(clock, "startTimer");
    void destination.send("in a year", { deliverAt: clock.now() + 365 * DAY_MS });
    await pass(364 * DAY_MS);
    expect(recorder.payloads).toEqual([]);
    await pass(DAY_MS);
    expect(recorder.payloads).toEqual(["in a year"]);
    expect(Math.max(...longest.mock.calls.map(([delayMs]) => delayMs))).toBe(2 ** 31 - 1);
    await bus.close();
  });

  test("delayMs - those whose time comes together start in the order of their times", async () => {
    const { bus, destination, recorder, pass } = busWith(type, {});
    for (const delayMs of [30, 10, 20, 10]) void destination.send(`${delayMs}`, { delayMs });
    await pass(40);
    expect(recorder.payloads).toEqual(["10", "10", "20", "30"]);
    await bus.close();
  });

  test("delayMs - a delayed message counts in the bound of the queue, and takes no worker", async () => {
    const { bus, destination, recorder, pass } = busWith(type, { maximumQueueSize: 2 });
    void destination.send("a", { delayMs: 10 });
    void destination.send("b", { delayMs: 10 });
    expect(await outcomeOf(() => destination.send("c", { delayMs: 10 }))).toBe(
      "BUSLINE_QUEUE_FULL",
    );
    // There is a worker, so it need not wait.
    expect(await outcomeOf(() => destination.send("now"))).toBe("accepted");
    await pass(10);
    expect(recorder.payloads).toEqual(["now", "a", "b"]);
    expect(ledgerOf(destination)).toEqual({ sent: 4, delivered: 3, rejected: 1 });
    await bus.close();
  });

  test("delayMs - a sender who waited for room waits no longer in all", async () => {
    const { bus, destination, recorder, pass } = busWith(type, {
      maximumQueueSize: 1,
      rejectedExecutionHandler: waitForSpace(),
    });
    void destination.send("first", { delayMs: 50 });
    const second = destination.send("second", { delayMs: 60 });
    await pass(50);
    await second;
    expect(recorder.payloads).toEqual(["first"]);
    await pass(10);
    expect(recorder.payloads).toEqual(["first", "second"]);
    await bus.close();
  });

  test("delayMs - a sender's signal withdraws the message before its time", async () => {
    const { bus, clock, destination, recorder, pass } = busWith(type);
    const controller = new AbortController();
    void destination.send("a", { delayMs: 100, signal: controller.signal });
    controller.abort();
    await pass(100);
    expect(recorder.payloads).toEqual([]);
    expect(ledgerOf(destination)).toEqual({ sent: 1, discarded: 1 });
    expect(clock.timerCount).toBe(0);
    await bus.close();
  });

  test("purge - drops delayed messages too, and tells of them", async () => {
    const { bus, destination, recorder, pass } = busWith(type);
    const told: unknown[] = [];
    destination.addDestinationEventListener({
      messageDiscarded: ({ payload }, reason) => told.push([payload, reason]),
    });
    void destination.send("a", { delayMs: 100 });
    expect(destination.purge()).toBe(1);
    await pass(100);
    expect(told).toEqual([["a", "purged"]]);
    expect(recorder.payloads).toEqual([]);
    expect(ledgerOf(destination)).toEqual({ sent: 1, discarded: 1 });
    await bus.close();
  });

  test("pause - a message whose time comes in a pause waits for its end", async () => {
    const { bus, destination, recorder, pass } = busWith(type);
    void destination.send("a", { delayMs: 100 });
    destination.pause();
    await pass(100);
    expect(recorder.payloads).toEqual([]);
    destination.resume();
    await untilQuiet(bus);
    expect(recorder.payloads).toEqual(["a"]);
    await bus.close();
  });

  test("drain - waits for delayed messages", async () => {
    const { bus, recorder, destination, pass } = busWith(type);
    void destination.send("a", { delayMs: 100 });
    let isDrained = false;
    const drained = bus.drain().then(() => {
      isDrained = true;
    });
    await pass(99);
    expect(isDrained).toBe(false);
    await pass(1);
    await drained;
    expect(recorder.payloads).toEqual(["a"]);
  });

  test("close - does not wait for what cannot be due before its deadline", async () => {
    const { bus, destination, recorder, pass } = busWith(type);
    void destination.send("soon", { delayMs: 900 });
    void destination.send("in an hour", { delayMs: 3_600_000 });
    const closed = bus.close({ deadlineMs: 1_000 });
    await pass(900);
    const { undelivered } = await closed;
    expect(undelivered.map(({ payload }) => payload)).toEqual(["in an hour"]);
    expect(recorder.payloads).toEqual(["soon"]);
    expect(ledgerOf(destination)).toEqual({ sent: 2, delivered: 1, discarded: 1 });
  });

  test("removeDestination - does not wait either", async () => {
    const { bus, destination } = busWith(type);
    void destination.send("in an hour", { delayMs: 3_600_000 });
    const { undelivered } = await bus.removeDestination("acme/a", { deadlineMs: 1_000 });
    expect(undelivered.map(({ payload }) => payload)).toEqual(["in an hour"]);
    await bus.close();
  });

  test("discardOldest - a delayed message does not give way; the new one is dropped", async () => {
    const { bus, destination, recorder, pass } = busWith(type, {
      maximumQueueSize: 1,
      rejectedExecutionHandler: discardOldest,
    });
    void destination.send("a", { delayMs: 10 });
    void destination.send("b", { delayMs: 10 });
    await pass(10);
    expect(recorder.payloads).toEqual(["a"]);
    expect(ledgerOf(destination)).toEqual({ sent: 2, delivered: 1, discarded: 1 });
    await bus.close();
  });

  test("replaceDestination - delayed messages carry over", async () => {
    const { bus, destination, recorder, pass } = busWith(type);
    void destination.send("a", { delayMs: 10 });
    bus.replaceDestination(new DestinationConfiguration("parallel", "acme/a"));
    await pass(10);
    expect(recorder.payloads).toEqual(["a"]);
    expect(ledgerOf(destination)).toEqual({ sent: 1, delivered: 1 });
    await bus.close();
  });
});

test("delayMs - ten thousand delays cost one timer of the runtime", async () => {
  const { bus, clock, destination, recorder, pass } = busWith("parallel");
  void destination.send("0", { delayMs: 1 });
  await turns();
  // Beside it only the one that keeps the process alive.
  const timersForOne = clock.timerCount;
  for (let number = 1; number < 10_000; number += 1) {
    void destination.send(`${number}`, { delayMs: number });
  }
  await turns();
  expect(clock.timerCount).toBe(timersForOne);
  await pass(10_000);
  await recorder.count(10_000);
  expect(ledgerOf(destination)).toEqual({ sent: 10_000, delivered: 10_000 });
  await bus.close();
});

test("delayMs - a queue that fails to take a message in whose time has come loses it, counted and told", async () => {
  const logged: string[] = [];
  const clock = new ManualClock();
  const bus = new MessageBus({
    clock,
    logger: { error: (_, text) => logged.push(text) },
    destinationTypes: {
      broken: () => ({
        workerPer: "message",
        createQueue: () => ({
          size: 0,
          add: () => {
            throw new Error("no");
          },
          take: () => undefined,
          oldest: () => undefined,
          remove: () => {},
          removeAll: () => [],
        }),
      }),
    },
  });
  const destination = bus.addDestination(new DestinationConfiguration("broken", "acme/a"));
  destination.listen(new Recorder());
  void destination.send("a", { delayMs: 10 });
  clock.advance(10);
  expect(ledgerOf(destination)).toEqual({ sent: 1, discarded: 1 });
  expect(logged).toEqual(["A queue failed to take in a message whose time had come"]);
  await bus.close();
});

test("delayMs - a delayed message starts when a worker is free, and not before", async () => {
  const { bus, destination, pass } = busWith("serial");
  const gate = new GateListener<string>();
  destination.listen(gate);
  void destination.send("first");
  await gate.entered(1);
  void destination.send("later", { delayMs: 10 });
  void destination.send("second");
  await pass(10);
  expect(gate.held.map(({ payload }) => payload)).toEqual(["first"]);
  gate.open();
  await untilQuiet(bus);
  expect(gate.contexts).toHaveLength(3);
  await bus.close();
});

test.each([
  [{ delayMs: -1 }, "delayMs"],
  [{ delayMs: 2 ** 31 }, "delayMs"],
  [{ delayMs: Number.NaN }, "delayMs"],
  [{ deliverAt: Number.NaN }, "deliverAt"],
  [{ deliverAt: new Date(Number.NaN) }, "deliverAt"],
  [{ deliverAt: "tomorrow" }, "deliverAt"],
  [{ deliverAt: 1_000_000 + 366 * DAY_MS }, "deliverAt"],
  [{ deliverAt: 1_000_001, delayMs: 1 }, "deliverAt"],
  [{ ttlMs: 0 }, "ttlMs"],
  [{ ttlMs: 5, delayMs: 5 }, "ttlMs"],
  [{ ttlMs: Infinity }, "ttlMs"],
])("send - refuses %j", async (options, attribute) => {
  const { bus, destination } = busWith("parallel");
  expect(() => destination.send("a", options as never)).toThrow(
    expect.objectContaining({ code: "BUSLINE_INVALID_CONFIGURATION", attribute }),
  );
  expect(ledgerOf(destination)).toEqual({});
  await bus.close();
});

test.each([{ delayMs: 1 }, { ttlMs: 1 }])(
  "send - %j is refused where nothing can wait",
  async (options) => {
    const { bus, destination } = busWith("synchronous");
    expect(() => destination.send("a", options)).toThrow(
      expect.objectContaining({
        code: "BUSLINE_INVALID_CONFIGURATION",
        attribute: Object.keys(options)[0],
      }),
    );
    await bus.close();
  },
);
