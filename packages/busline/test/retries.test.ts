import { describe, expect, test } from "vitest";
import { DeadLetterError } from "busline";
import { GateListener, Recorder, untilQuiet } from "busline/testing";
import { ledgerOf } from "./ledger.ts";
import { outcomeOf, turns } from "./outcome-of.ts";
import { busWith, failing } from "./retry-fixture.ts";

describe.each(["parallel", "serial", "keyed"])("%s", (type) => {
  test("retry - a failed message is tried again after growing pauses, and then delivered", async () => {
    const { bus, destination, failures, pass } = busWith(type);
    const { calls, listener } = failing(2);
    const told: unknown[] = [];
    destination.addDestinationEventListener({
      messageRetried: ({ payload }, attempt, pauseMs) => told.push([payload, attempt, pauseMs]),
    });
    destination.listen(listener, { name: "listener" });
    void destination.send("bad");
    await pass(99);
    expect(calls).toEqual(["bad 1"]);
    expect(ledgerOf(destination)).toEqual({ sent: 1, pending: 1 });
    await pass(1);
    expect(calls).toEqual(["bad 1", "bad 2"]);
    await pass(199);
    expect(calls).toHaveLength(2);
    await pass(1);
    expect(calls).toEqual(["bad 1", "bad 2", "bad 3"]);
    expect(ledgerOf(destination)).toEqual({ sent: 1, delivered: 1 });
    expect(destination.statistics).toMatchObject({ retryCount: 2 });
    expect(told).toEqual([
      ["bad", 2, 100],
      ["bad", 3, 200],
    ]);
    expect(failures.map(({ attempt, willRetry }) => [attempt, willRetry])).toEqual([
      [1, true],
      [2, true],
    ]);
    await bus.close();
  });

  test("retry - after its last attempt a message has failed, once", async () => {
    const { bus, destination, failures, pass } = busWith(type);
    const { calls, listener } = failing();
    destination.listen(listener);
    void destination.send("bad");
    await pass(100);
    await pass(200);
    await pass(10_000);
    expect(calls).toEqual(["bad 1", "bad 2", "bad 3"]);
    expect(ledgerOf(destination)).toEqual({ sent: 1, failed: 1 });
    expect(failures.map(({ willRetry }) => willRetry)).toEqual([true, true, false]);
    expect(destination.statistics.listeners[0]).toMatchObject({
      failedCount: 3,
      deliveredCount: 0,
    });
    await bus.close();
  });

  test("retry - only listeners that have failed are tried again", async () => {
    const { bus, destination, pass } = busWith(type);
    const { calls, listener } = failing(1);
    const recorder = new Recorder<string>();
    destination.listen(recorder);
    destination.listen(listener);
    void destination.send("bad");
    await pass(100);
    expect(recorder.payloads).toEqual(["bad"]);
    expect(calls).toEqual(["bad 1", "bad 2"]);
    expect(ledgerOf(destination)).toEqual({ sent: 1, delivered: 1 });
    await bus.close();
  });

  test("retry - a listener that has left before its next attempt stays failed", async () => {
    const { bus, destination, pass } = busWith(type);
    const { calls, listener } = failing();
    const registration = destination.listen(listener);
    destination.listen(new Recorder());
    void destination.send("bad");
    await pass(50);
    registration.unregister();
    await pass(50);
    expect(calls).toEqual(["bad 1"]);
    expect(ledgerOf(destination)).toEqual({ sent: 1, failed: 1 });
    await bus.close();
  });

  test("retry - a message that waits for its next attempt counts in the bound of the queue", async () => {
    const { bus, destination, pass } = busWith(type, { maximumQueueSize: 1 });
    destination.listen(failing().listener);
    void destination.send("bad 1", { key: "k" });
    await turns();
    destination.pause();
    expect(await outcomeOf(() => destination.send("good"))).toBe("BUSLINE_QUEUE_FULL");
    destination.resume();
    await pass(100);
    await pass(200);
    expect(ledgerOf(destination)).toEqual({ sent: 2, failed: 1, rejected: 1 });
    await bus.close();
  });

  test("context.deadLetter - there is no further attempt", async () => {
    const { bus, destination, failures, pass } = busWith(type);
    const errors: unknown[] = [];
    destination.addDestinationEventListener({ messageFailed: (_, error) => errors.push(error) });
    destination.listen((_, context) => context.deadLetter("unreadable"));
    void destination.send("bad");
    await pass(0);
    expect(ledgerOf(destination)).toEqual({ sent: 1, failed: 1 });
    expect(errors).toEqual([
      expect.objectContaining({
        name: "DeadLetterError",
        code: "BUSLINE_DEAD_LETTER",
        reason: "unreadable",
        message: 'A listener of "acme/a" gave up: unreadable',
      }),
    ]);
    expect(errors[0]).toBeInstanceOf(DeadLetterError);
    expect(failures).toMatchObject([{ willRetry: false }]);
    await bus.close();
  });

  test("retry - one listener gives up, another one succeeds later: failed", async () => {
    const { bus, destination, pass } = busWith(type);
    const { calls, listener } = failing(1);
    destination.listen(async (_, context) => context.deadLetter("no"));
    destination.listen(listener);
    void destination.send("bad");
    await pass(100);
    expect(calls).toEqual(["bad 1", "bad 2"]);
    expect(ledgerOf(destination)).toEqual({ sent: 1, failed: 1 });
    await bus.close();
  });

  test("request - the requester is told of the last attempt, not of those before", async () => {
    const { bus, destination, pass } = busWith(type);
    let calls = 0;
    destination.listen(() => {
      calls += 1;
      if (calls < 3) throw new Error("not yet");
      return "answer";
    });
    const asked = destination.request("a");
    await pass(100);
    await pass(200);
    expect(await asked).toBe("answer");
    expect(ledgerOf(destination)).toEqual({ sent: 1, delivered: 1 });
    await bus.close();
  });

  test("request - one that has timed out is not tried again", async () => {
    const { bus, destination, pass } = busWith(type);
    const { calls, listener } = failing();
    destination.listen(listener);
    const asked = outcomeOf(() => destination.request("bad", { timeoutMs: 50 }));
    await pass(50);
    expect(await asked).toBe("BUSLINE_REQUEST_TIMEOUT");
    await pass(1_000);
    expect(calls).toEqual(["bad 1"]);
    expect(ledgerOf(destination)).toEqual({ sent: 1, discarded: 1 });
    await bus.close();
  });

  test("signal - aborted while the message waits for its next attempt: withdrawn", async () => {
    const { bus, clock, destination, pass } = busWith(type);
    const { calls, listener } = failing();
    destination.listen(listener);
    const controller = new AbortController();
    void destination.send("bad", { signal: controller.signal });
    await pass(50);
    controller.abort();
    expect(ledgerOf(destination)).toEqual({ sent: 1, discarded: 1 });
    await pass(1_000);
    expect(calls).toEqual(["bad 1"]);
    expect(clock.timerCount).toBeLessThanOrEqual(1);
    await bus.close();
  });

  test("signal - aborted while it runs: what its listener throws then is final", async () => {
    const { bus, destination, pass } = busWith(type);
    const gate = new GateListener<string>();
    destination.listen(gate);
    const controller = new AbortController();
    void destination.send("a", { signal: controller.signal });
    await gate.entered(1);
    controller.abort();
    gate.fail(new Error("stopped"));
    await pass(1_000);
    expect(ledgerOf(destination)).toEqual({ sent: 1, failed: 1 });
    await bus.close();
  });

  test("drain - waits for the attempts that are left", async () => {
    const { bus, destination, pass } = busWith(type);
    const { calls, listener } = failing(1);
    destination.listen(listener);
    void destination.send("bad");
    await turns();
    const drained = bus.drain();
    await pass(100);
    await drained;
    expect(calls).toEqual(["bad 1", "bad 2"]);
  });

  test("close - what waits for its next attempt at the deadline is reported", async () => {
    const { bus, destination, pass } = busWith(type);
    destination.listen(failing().listener);
    void destination.send("bad");
    await turns();
    const closed = bus.close({ deadlineMs: 50 });
    await pass(50);
    const { undelivered } = await closed;
    expect(undelivered.map(({ payload }) => payload)).toEqual(["bad"]);
    expect(ledgerOf(destination)).toEqual({ sent: 1, discarded: 1 });
  });

  test("message - it is the same in every attempt", async () => {
    const { bus, destination, pass } = busWith(type);
    const seen: unknown[] = [];
    destination.listen((message) => {
      seen.push([message.id, message.sentAt, message.payload, message.headers["a"]]);
      throw new Error("no");
    });
    void destination.send("bad", { id: "one", headers: { a: "b" } });
    await pass(100);
    await pass(200);
    expect(seen).toEqual(Array.from({ length: 3 }, () => ["one", 0, "bad", "b"]));
    await bus.close();
  });
});

test("parallel - listeners that failed are tried again side by side, each by a worker of its own", async () => {
  const { bus, destination, pass } = busWith("parallel", { workersMaxSize: 2 });
  const gates = [new GateListener<string>(), new GateListener<string>()] as const;
  for (const gate of gates) destination.listen(gate);
  void destination.send("a");
  for (const gate of gates) {
    await gate.entered(1);
    gate.fail(new Error("not yet"));
  }
  await pass(100);
  for (const gate of gates) await gate.entered(2);
  expect(ledgerOf(destination)).toEqual({ sent: 1, active: 1 });
  for (const gate of gates) gate.open();
  await untilQuiet(bus);
  expect(ledgerOf(destination)).toEqual({ sent: 1, delivered: 1 });
  await bus.close();
});

test("request - answered by one listener, it is tried again for another that failed", async () => {
  const { bus, destination, pass } = busWith("parallel");
  const { calls, listener } = failing(1);
  destination.listen(() => "answer");
  destination.listen(listener);
  expect(await destination.request("bad")).toBe("answer");
  await pass(100);
  expect(calls).toEqual(["bad 1", "bad 2"]);
  expect(ledgerOf(destination)).toEqual({ sent: 1, delivered: 1 });
  await bus.close();
});

test("callerRuns, direct - what runs in a sender's turn is not tried again", async () => {
  const { bus, destination, pass } = busWith("parallel");
  const { calls, listener } = failing();
  destination.listen(listener);
  expect(await outcomeOf(() => destination.request("bad", { mode: "direct" }))).toBe(
    "BUSLINE_LISTENER_FAILED",
  );
  await pass(1_000);
  expect(calls).toEqual(["bad 1"]);
  expect(ledgerOf(destination)).toEqual({ sent: 1, failed: 1 });
  await bus.close();
});

test("retry - the message runs in its sender's async context in every attempt", async () => {
  const { AsyncLocalStorage } = await import("node:async_hooks");
  const storage = new AsyncLocalStorage<string>();
  const { bus, destination, pass } = busWith("parallel");
  const seen: unknown[] = [];
  destination.listen(() => {
    seen.push(storage.getStore());
    throw new Error("no");
  });
  storage.run("the sender's", () => void destination.send("bad"));
  await pass(100);
  await pass(200);
  expect(seen).toEqual(["the sender's", "the sender's", "the sender's"]);
  await bus.close();
});
