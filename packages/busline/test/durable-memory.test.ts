import { describe, expect, test } from "vitest";
import type { Destination, MessageBus } from "busline";
import { GateListener, Recorder, untilQuiet } from "busline/testing";
import { readMessage, writeMessage } from "../src/store/stored-message.ts";
import { numbersTo, Processes, sendAll } from "./durable-fixture.ts";
import { ledgerOf } from "./ledger.ts";
import { turns } from "./outcome-of.ts";
import { reads, type SpyStore } from "./spy-store.ts";

const types = ["parallel", "serial", "keyed"] as const;
const MARK = 1_000_000;
const WINDOW = 10;

/**
 * Changes the payloads of all messages in a store, so that those that are delivered unchanged have been in memory: numbers
 * have a million more.
 */
async function mark(store: SpyStore): Promise<void> {
  const changes = store.entries
    .filter(({ key }) => key.startsWith("q/") || key.startsWith("t/"))
    .map(({ key, value }) => {
      const message = readMessage(value);
      const number = store.codec.decode(message.payload) as number;
      const payload = store.codec.encode((number % MARK) + MARK);
      return { key, value: writeMessage({ ...message, payload }) };
    });
  await store.commit(changes, "stable");
}

function unmarked(payloads: readonly number[]): number[] {
  return payloads.filter((number) => number < MARK);
}

function numbers(payloads: readonly number[]): number[] {
  return payloads.map((number) => number % MARK);
}

describe.each(types)("%s", (type) => {
  const attributes = { maximumMessagesInMemory: WINDOW };

  test("memory - of a thousand that wait the first ten are in memory, and all come in order", async () => {
    const processes = new Processes();
    const recorder = new Recorder<number>();
    const { bus, destination } = processes.boot<number>(type, { recorder }, attributes);
    destination.pause();
    await sendAll(destination, numbersTo(1_000), { key: "k" });
    expect(processes.store.countOf(reads)).toBe(0);
    await mark(processes.store);
    destination.resume();
    await recorder.count(1_000);
    await untilQuiet(bus);
    expect(unmarked(recorder.payloads)).toEqual(numbersTo(WINDOW));
    expect(numbers(recorder.payloads)).toEqual(numbersTo(1_000));
    expect(ledgerOf(destination)).toEqual({ sent: 1_000, delivered: 1_000 });
    expect(processes.store.keysOf("q")).toEqual([]);
  });

  test("memory - the same of those that a process finds", async () => {
    const processes = new Processes();
    const first = processes.boot<number>(type, {}, attributes);
    await sendAll(first.destination, numbersTo(1_000), { key: "k" });
    processes.kill();
    const recorder = new Recorder<number>();
    const { bus, destination } = processes.boot<number>(type, { recorder }, attributes);
    destination.pause();
    await bus.ready();
    await turns(5);
    expect(processes.store.readCount).toBe(WINDOW);
    await mark(processes.store);
    await destination.send(1_000, { key: "k" });
    destination.resume();
    await recorder.count(1_001);
    await untilQuiet(bus);
    expect(unmarked(recorder.payloads)).toEqual([...numbersTo(WINDOW), 1_000]);
    expect(numbers(recorder.payloads)).toEqual(numbersTo(1_001));
  });

  test("memory - also while they are delivered: never more than ten, and what workers have", async () => {
    const processes = new Processes();
    const gate = new GateListener<number>();
    const { bus, destination } = processes.boot<number>(
      type,
      { gate },
      { ...attributes, workersCoreSize: 1, workersMaxSize: 1 },
    );
    await sendAll(destination, numbersTo(200), { key: "k" });
    const seen: number[] = [];
    const most: number[] = [];
    while (seen.length < 200) {
      await gate.entered(seen.length + 1);
      if (seen.length % 50 === 0) {
        await turns();
        await mark(processes.store);
        most.push(seen.length);
      }
      seen.push(gate.held[0]?.payload as number);
      gate.release();
    }
    expect(most).toEqual([0, 50, 100, 150]);
    expect(numbers(seen)).toEqual(numbersTo(200));
    // Of each piece of fifty those are unmarked that were in memory when it began.
    expect(unmarked(seen).length).toBeLessThanOrEqual(WINDOW + 1);
    expect(unmarked(seen).length).toBeGreaterThan(0);
    await untilQuiet(bus);
  });

  test.each([1, 2, 7])(
    "memory - a window of %i: what comes while others are delivered stands behind them",
    async (maximumMessagesInMemory) => {
      const processes = new Processes();
      const seen: number[] = [];
      let sent = 20;
      const rig: { bus: MessageBus; destination: Destination<number> } = processes.boot<number>(
        type,
        {
          listener: async ({ payload }) => {
            seen.push(payload);
            if (payload % 4 === 0 && sent < 60) {
              sent += 3;
              await sendAll(rig.destination, [sent - 3, sent - 2, sent - 1], { key: "k" });
            }
          },
        },
        { maximumMessagesInMemory, workersCoreSize: 1, workersMaxSize: 1 },
      );
      await sendAll(rig.destination, numbersTo(20), { key: "k" });
      await untilQuiet(rig.bus);
      expect(seen).toEqual(numbersTo(sent));
      expect(ledgerOf(rig.destination)).toEqual({ sent, delivered: sent });
    },
  );

  test("memory - large messages are read in pages of a few megabytes", async () => {
    const processes = new Processes();
    const first = processes.boot<string>(type);
    const payloads = numbersTo(12).map((number) => `${number} ${"x".repeat(1_048_576)}`);
    await sendAll(first.destination, payloads, { key: "k" });
    processes.kill();
    const recorder = new Recorder<string>();
    const { bus } = processes.boot<string>(type, { recorder });
    await recorder.count(12);
    await untilQuiet(bus);
    expect(recorder.payloads.map((payload) => payload.split(" ")[0])).toEqual(
      numbersTo(12).map(String),
    );
    expect(processes.store.countOf(reads)).toBeGreaterThanOrEqual(3);
  });
});

describe("memory", () => {
  test("keyed - other keys than those in memory are looked for, among sixteen times as many", async () => {
    const processes = new Processes();
    const gate = new GateListener<number>();
    const { bus, destination } = processes.boot<number>(
      "keyed",
      { gate },
      { maximumMessagesInMemory: WINDOW, workersMaxSize: 3 },
    );
    await sendAll(destination, numbersTo(100), { key: "long" });
    await destination.send(100, { key: "other" });
    await sendAll(
      destination,
      numbersTo(500).map((number) => 101 + number),
      { key: "long" },
    );
    await destination.send(601, { key: "far" });
    await gate.entered(2);
    await turns(10);
    expect(gate.held.map(({ payload }) => payload)).toEqual([0, 100]);
    // So many are in memory then, and no more.
    await mark(processes.store);
    gate.open();
    await gate.entered(602);
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toEqual({ sent: 602, delivered: 602 });
    expect(processes.store.keysOf("q")).toEqual([]);
  });

  test("retry - as many as fit in memory wait for their next attempts: others come meanwhile", async () => {
    const seen: number[] = [];
    const { destination } = new Processes().boot<number>(
      "parallel",
      {
        listener: ({ payload }) => {
          seen.push(payload);
          if (payload < WINDOW) throw new Error("not yet");
        },
      },
      { maximumMessagesInMemory: WINDOW, retry: { backoff: { initialMs: 60_000 } } },
    );
    await sendAll(destination, numbersTo(2 * WINDOW));
    await turns(10);
    expect(seen).toEqual(numbersTo(2 * WINDOW));
  });

  test("request - one that waits for its reply is kept, wherever its message lies", async () => {
    const processes = new Processes();
    const { bus, destination } = processes.boot<number>(
      "serial",
      { answering: ({ payload }) => payload },
      { maximumMessagesInMemory: 1 },
    );
    await bus.ready();
    destination.pause();
    const asked = numbersTo(20).map(async (number) => destination.request(number));
    await turns();
    destination.resume();
    expect(await Promise.all(asked)).toEqual(numbersTo(20));
  });

  test("replace - another maximum holds from the next process on", async () => {
    const processes = new Processes();
    const first = processes.boot<number>("serial", {}, { maximumMessagesInMemory: 3 });
    await sendAll(first.destination, numbersTo(20));
    processes.kill();
    const second = processes.boot<number>(
      "serial",
      { a: new Recorder<number>() },
      { maximumMessagesInMemory: 5 },
    );
    second.destination.pause();
    await second.bus.ready();
    await turns();
    expect(processes.store.readCount).toBe(5);
  });
});
