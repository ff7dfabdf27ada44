import { describe, expect, test } from "vitest";
import type { Message, MessageListenerContext, MessageListenerFunction } from "busline";
import { GateListener, Recorder, untilQuiet } from "busline/testing";
import { DEAD, durable, NAME, Processes, sendAll } from "./durable-fixture.ts";
import { ledgerOf } from "./ledger.ts";
import { turns } from "./outcome-of.ts";
import { states } from "./spy-store.ts";

const types = ["parallel", "serial", "keyed"] as const;
const RETRY = { attempts: 3, backoff: { initialMs: 100 }, jitter: 0 };

/** Fails always, and keeps the numbers of its attempts. */
function failing(attempts: number[]): MessageListenerFunction {
  return (_, { attempt }) => {
    attempts.push(attempt);
    throw new Error("not yet");
  };
}

describe.each(types)("%s", (type) => {
  test("retry - five attempts, unless it says otherwise", async () => {
    const processes = new Processes();
    const attempts: number[] = [];
    const { bus, destination } = processes.boot(type, { failing: failing(attempts) });
    await destination.send("a");
    for (let round = 0; round < 10; round += 1) await processes.pass(10_000);
    expect(attempts).toEqual([1, 2, 3, 4, 5]);
    expect(ledgerOf(destination)).toEqual({ sent: 1, failed: 1 });
    expect(processes.store.keysOf("q")).toEqual([]);
    expect(processes.store.keysOf("s")).toEqual([]);
    await bus.close();
  });

  test("retry - that an attempt begins is written down before the listener is called, each time", async () => {
    const processes = new Processes();
    const { store } = processes;
    const attempts: number[] = [];
    const { bus, destination } = processes.boot(
      type,
      { failing: failing(attempts) },
      { retry: RETRY },
    );
    await bus.ready();
    let release = store.hold(states);
    await destination.send("a");
    await turns();
    expect(attempts).toEqual([]);
    expect(ledgerOf(destination)).toEqual({ sent: 1, pending: 1 });
    release();
    await turns();
    expect(attempts).toEqual([1]);
    release = store.hold(states);
    await processes.pass(100);
    expect(attempts).toEqual([1]);
    expect(ledgerOf(destination)).toEqual({ sent: 1, pending: 1 });
    release();
    await turns();
    expect(attempts).toEqual([1, 2]);
  });

  test("retry - after a restart the next attempt comes at once, and the numbers go on", async () => {
    const processes = new Processes();
    const attempts: number[] = [];
    const failures: unknown[] = [];
    const listener = { failing: failing(attempts) };
    const first = processes.boot(type, listener, { retry: RETRY });
    await first.destination.send("a");
    await processes.pass(0);
    processes.kill();
    const second = processes.start({
      onError: (_, { attempt, willRetry }) => void failures.push([attempt, willRetry]),
    });
    second.addDestination(durable.serial(NAME, { durable: true, retry: RETRY }));
    second.listen(NAME, listener.failing, { name: "failing" });
    await turns();
    expect(attempts).toEqual([1, 2]);
    await processes.pass(200);
    expect(attempts).toEqual([1, 2, 3]);
    expect(failures).toEqual([
      [2, true],
      [3, false],
    ]);
    expect(second.statistics).toMatchObject({ failedMessageCount: 1, retryCount: 1 });
  });

  test("retry - only the listener that had not succeeded gets the message after a restart", async () => {
    const processes = new Processes();
    const [done, first] = [new Recorder<string>(), new GateListener<string>()];
    const { destination } = processes.boot<string>(type, { done, late: first });
    await destination.send("a");
    await first.entered(1);
    await turns();
    processes.kill();
    const second = new GateListener<string>();
    const again = processes.boot<string>(type, { done, late: second });
    await second.entered(1);
    expect(second.contexts[0]?.attempt).toBe(2);
    second.release();
    await untilQuiet(again.bus);
    expect(ledgerOf(again.destination)).toEqual({ sent: 1, delivered: 1 });
    await again.destination.send("fence");
    await second.entered(2);
    await done.count(2);
    expect(done.payloads).toEqual(["a", "fence"]);
    second.open();
  });

  test("retry - one has succeeded, one has failed: that one alone is tried again after a restart", async () => {
    const processes = new Processes();
    const calls: string[] = [];
    const listeners = {
      good: (_: unknown, { attempt }: { attempt: number }): void => void calls.push(`g${attempt}`),
      bad: (_: unknown, { attempt }: { attempt: number }): void => {
        calls.push(`b${attempt}`);
        if (attempt < 3) throw new Error("not yet");
      },
    };
    const first = processes.boot(type, listeners, { retry: RETRY });
    await first.destination.send("a");
    await processes.pass(0);
    expect(calls).toEqual(["g1", "b1"]);
    processes.kill();
    const second = processes.boot(type, listeners, { retry: RETRY });
    await processes.pass(0);
    await processes.pass(200);
    expect(calls).toEqual(["g1", "b1", "b2", "b3"]);
    expect(ledgerOf(second.destination)).toEqual({ sent: 1, delivered: 1 });
  });

  test("context.deadLetter - no further attempt, also not after a restart", async () => {
    const processes = new Processes();
    const start = () => {
      const rig = processes.boot(
        type,
        {
          reader: (_: unknown, context: { deadLetter(reason: string): never }) =>
            context.deadLetter("unreadable"),
        },
        { deadLetter: DEAD },
      );
      rig.bus.addDestination(durable.deadLetter(DEAD, { durable: true }));
      return rig;
    };
    const first = start();
    await first.destination.send("a", { id: "own" });
    await untilQuiet(first.bus);
    expect(ledgerOf(first.destination)).toEqual({ sent: 1, deadLettered: 1 });
    processes.kill();
    const second = start();
    await second.bus.ready();
    await turns();
    expect(ledgerOf(second.destination)).toEqual({});
    expect(second.bus.deadLetters(DEAD).list()).toMatchObject([
      { id: "own", payload: "a", attempts: 1, code: "BUSLINE_DEAD_LETTER", listeners: ["reader"] },
    ]);
  });

  test("retry - for a listener that was missing the attempts are counted anew", async () => {
    const processes = new Processes();
    const first = processes.boot(type, { a: () => {}, b: () => {} });
    await first.bus.ready();
    await first.bus.close();
    const attempts: number[] = [];
    let isGood = false;
    const a: MessageListenerFunction = (_, { attempt }) => {
      attempts.push(attempt);
      if (!isGood) throw new Error("not yet");
    };
    const second = processes.boot(type, { a }, { retry: RETRY });
    await second.destination.send("x");
    await processes.pass(100);
    isGood = true;
    await processes.pass(200);
    expect(attempts).toEqual([1, 2, 3]);
    expect(ledgerOf(second.destination)).toEqual({ sent: 1, pending: 1 });
    processes.kill();
    const b = new GateListener();
    processes.boot(type, { a, b }, { retry: RETRY });
    await b.entered(1);
    expect(b.contexts[0]?.attempt).toBe(1);
    b.open();
    await turns();
    expect(attempts).toEqual([1, 2, 3]);
  });

  test("retry - one listener has failed for good, a missing one succeeds later: failed", async () => {
    const processes = new Processes();
    const listeners = { bad: failing([]), late: () => {} };
    const first = processes.boot(type, listeners);
    await first.bus.ready();
    await first.bus.close();
    const second = processes.boot(type, { bad: failing([]) }, { retry: { attempts: 1 } });
    await second.destination.send("x");
    await turns();
    expect(ledgerOf(second.destination)).toEqual({ sent: 1, pending: 1 });
    processes.kill();
    const attempts: number[] = [];
    const late = new Recorder();
    const third = processes.boot(
      type,
      { bad: failing(attempts), late },
      { retry: { attempts: 1 } },
    );
    await late.count(1);
    await untilQuiet(third.bus);
    expect(attempts).toEqual([]);
    expect(ledgerOf(third.destination)).toEqual({ sent: 1, failed: 1 });
  });

  test("listenerTimeoutMs - an attempt that takes too long is one of them", async () => {
    const processes = new Processes();
    const gate = new GateListener();
    const attributes = { retry: { ...RETRY, attempts: 2 }, listenerTimeoutMs: 50 };
    const { destination } = processes.boot(type, { gate }, attributes);
    await destination.send("a");
    await gate.entered(1);
    await processes.pass(50);
    await processes.pass(100);
    await gate.entered(2);
    await processes.pass(50);
    expect(gate.contexts.map(({ attempt }) => attempt)).toEqual([1, 2]);
    expect(ledgerOf(destination)).toEqual({ sent: 1, failed: 1 });
  });
});

test.each(["serial", "keyed"])(
  "retry - %s: listeners that have run many times are acknowledged one by one, too",
  async (type) => {
    const processes = new Processes();
    const done = new Recorder<string>();
    const gate = new GateListener<string>();
    const late = async (
      message: Message<string>,
      context: MessageListenerContext,
    ): Promise<void> => {
      if (message.payload === "last") await gate.receive(message, context);
    };
    const { bus, destination } = processes.boot<string>(type, { done, late });
    destination.pause();
    await sendAll(
      destination,
      Array.from({ length: 100 }, () => "many"),
    );
    destination.resume();
    await untilQuiet(bus);
    await destination.send("last");
    await gate.entered(1);
    await turns();
    processes.kill();
    const again = new Recorder<string>();
    processes.boot<string>(type, { done, late: again });
    expect(await again.count(1)).toEqual(["last"]);
    await turns();
    expect(done.payloads.filter((payload) => payload === "last")).toHaveLength(1);
  },
);

test("retry - attempts that begin together are written down in one commit", async () => {
  const processes = new Processes();
  const gate = new GateListener();
  const { bus, destination } = processes.boot("parallel", { gate }, { workersMaxSize: 5 });
  await bus.ready();
  destination.pause();
  await sendAll(destination, ["a", "b", "c", "d", "e", "f", "g"]);
  expect(processes.store.countOf(states)).toBe(0);
  destination.resume();
  await gate.entered(5);
  expect(processes.store.countOf(states)).toBe(1);
  gate.release();
  await gate.entered(6);
  expect(processes.store.countOf(states)).toBe(2);
  gate.open();
  await untilQuiet(bus);
});
