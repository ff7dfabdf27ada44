import { describe, expect, test } from "vitest";
import type { Destination } from "busline";
import { GateListener, Recorder, untilQuiet } from "busline/testing";
import { numbersTo, Processes } from "./durable-fixture.ts";
import { ledgerOf } from "./ledger.ts";
import { turns } from "./outcome-of.ts";

/** Sends texts whose first character is their priority. */
async function sendByPriority(
  destination: Destination<string>,
  payloads: readonly string[],
): Promise<void> {
  await Promise.all(
    payloads.map(async (payload) => {
      await destination.send(payload, { priority: Number(payload.slice(0, 1)) });
    }),
  );
}

/** 120 of three priorities, mixed; and the same as they have to come. */
const SENT = numbersTo(120).map((number) => `${(number * 7) % 3} ${number}`);
const RECEIVED = ["2", "1", "0"].flatMap((level) => SENT.filter((one) => one.startsWith(level)));

describe.each(["parallel", "serial"])("%s", (type) => {
  async function ofOneProcess(maximumMessagesInMemory: number): Promise<readonly string[]> {
    const processes = new Processes();
    const recorder = new Recorder<string>();
    const { bus, destination } = processes.boot<string>(
      type,
      { recorder },
      { priorityLevels: 3, maximumMessagesInMemory, workersMaxSize: 1 },
    );
    destination.pause();
    await sendByPriority(destination, SENT);
    destination.resume();
    await recorder.count(120);
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toEqual({ sent: 120, delivered: 120 });
    expect(
      recorder.messages.every(({ payload, priority }) => payload.startsWith(`${priority}`)),
    ).toBe(true);
    return recorder.payloads;
  }

  async function ofTwoProcesses(maximumMessagesInMemory: number): Promise<readonly string[]> {
    const attributes = { priorityLevels: 3, maximumMessagesInMemory, workersMaxSize: 1 };
    const processes = new Processes();
    const first = processes.boot<string>(type, {}, attributes);
    await sendByPriority(first.destination, SENT.slice(0, 70));
    processes.kill();
    const recorder = new Recorder<string>();
    const second = processes.boot<string>(type, { recorder }, attributes);
    second.destination.pause();
    await sendByPriority(second.destination, SENT.slice(70));
    second.destination.resume();
    await recorder.count(120);
    await untilQuiet(second.bus);
    expect(ledgerOf(second.destination)).toEqual({ sent: 120, delivered: 120 });
    return recorder.payloads;
  }

  test.each([30, 1_000])("priority - higher ones first, with %i in memory", async (count) => {
    expect(await ofOneProcess(count)).toEqual(RECEIVED);
  });

  test.each([30, 1_000])("priority - the same over a restart, with %i in memory", async (count) => {
    expect(await ofTwoProcesses(count)).toEqual(RECEIVED);
  });

  test.each([1, 2, 6])("priority - higher ones first, with %i in memory", async (count) => {
    expect(await ofOneProcess(count)).toEqual(RECEIVED);
  });

  test.each([1, 2, 6])("priority - over a restart, with %i in memory", async (count) => {
    expect(await ofTwoProcesses(count)).toEqual(RECEIVED);
  });

  test("priority - a high one does not wait for hundreds that lie in the store", async () => {
    const processes = new Processes();
    const gate = new GateListener<string>();
    const { destination } = processes.boot<string>(
      type,
      { gate },
      { priorityLevels: 2, maximumMessagesInMemory: 4, workersCoreSize: 1, workersMaxSize: 1 },
    );
    await sendByPriority(
      destination,
      numbersTo(300).map((number) => `0 ${number}`),
    );
    await gate.entered(1);
    await sendByPriority(destination, ["1 urgent"]);
    // One of those that wait has been written down already: it is next.
    gate.release();
    await gate.entered(2);
    gate.release();
    await gate.entered(3);
    const seen = [gate.held[0]?.payload];
    expect(["1 urgent", "0 1", "0 2"]).toContain(seen[0]);
    expect(gate.contexts).toHaveLength(3);
    gate.open();
    await gate.entered(301);
  });

  test.each([
    [2, ["2a", "2b", "1a", "0a"]],
    [5, ["2a", "2b", "1a", "0a"]],
    [undefined, ["2a", "2b", "1a", "0a"]],
  ] as const)("priority - a process that has %j levels finds all", async (levels, expected) => {
    const processes = new Processes();
    const first = processes.boot<string>(type, {}, { priorityLevels: 3 });
    await sendByPriority(first.destination, ["0a", "2a", "1a", "2b"]);
    processes.kill();
    const recorder = new Recorder<string>();
    const { bus, destination } = processes.boot<string>(
      type,
      { recorder },
      {
        workersMaxSize: 1,
        ...(levels === undefined ? {} : { priorityLevels: levels }),
      },
    );
    expect(await recorder.count(4)).toEqual(expected);
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toEqual({ sent: 4, delivered: 4 });
    await destination.send("fence");
    await recorder.count(5);
  });

  test("priority, delayMs - one that comes due takes its place by its priority", async () => {
    const processes = new Processes();
    const attributes = { priorityLevels: 3, workersMaxSize: 1 };
    const first = processes.boot<string>(type, {}, attributes);
    await sendByPriority(first.destination, ["0a", "1a"]);
    await first.destination.send("2 put off", { priority: 2, delayMs: 50 });
    await first.destination.send("0 put off", { delayMs: 50 });
    processes.kill();
    const recorder = new Recorder<string>();
    const { destination } = processes.boot<string>(type, { recorder }, attributes);
    destination.pause();
    await processes.pass(50);
    await turns();
    destination.resume();
    expect(await recorder.count(4)).toEqual(["2 put off", "1a", "0a", "0 put off"]);
  });
});
