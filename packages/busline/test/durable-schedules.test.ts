import { describe, expect, test } from "vitest";
import type { MessageBus, Schedule, ScheduleOptions } from "busline";
import { GateListener, Recorder } from "busline/testing";
import { NAME, numbersTo, Processes, sendAll } from "./durable-fixture.ts";
import { ledgerOf } from "./ledger.ts";
import { turns } from "./outcome-of.ts";
import { stable } from "./spy-store.ts";

function schedule(bus: MessageBus, options: Partial<ScheduleOptions> = {}): Schedule {
  return bus.schedule("nightly", {
    destination: NAME,
    everyMs: 10,
    payload: ({ dueAt }: { readonly dueAt: number }) => dueAt - 1_700_000_000_000,
    ...options,
  });
}

function countsOf({ runCount, skippedCount }: Schedule): readonly number[] {
  return [runCount, skippedCount];
}

describe.each(["parallel", "serial", "keyed"])("%s", (type) => {
  test("overlap - skip: no run as long as the message of the one before is being stored, waits or runs", async () => {
    const processes = new Processes();
    const gate = new GateListener();
    const { bus, destination } = processes.boot(type, { gate });
    await bus.ready();
    const nightly = schedule(bus);
    const release = processes.store.hold(stable);
    await processes.pass(10);
    await processes.pass(10);
    expect(countsOf(nightly)).toEqual([1, 1]);
    destination.pause();
    release();
    await processes.pass(10);
    expect(countsOf(nightly)).toEqual([1, 2]);
    destination.resume();
    await gate.entered(1);
    await processes.pass(10);
    expect(countsOf(nightly)).toEqual([1, 3]);
    gate.release();
    await processes.pass(10);
    await gate.entered(2);
    expect(countsOf(nightly)).toEqual([2, 3]);
    expect(gate.held.map(({ payload }) => payload)).toEqual([50]);
    nightly.remove();
    gate.open();
  });

  test("overlap - skip: also as long as it lies in the store alone", async () => {
    const processes = new Processes();
    const gate = new GateListener();
    const attributes = { maximumMessagesInMemory: 1, workersCoreSize: 1, workersMaxSize: 1 };
    const { bus, destination } = processes.boot(type, { gate }, attributes);
    await sendAll(destination, [1, 2, 3]);
    await gate.entered(1);
    const nightly = schedule(bus);
    for (const _ of numbersTo(5)) await processes.pass(10);
    expect(countsOf(nightly)).toEqual([1, 4]);
    for (const done of [1, 2, 3]) {
      gate.release();
      await gate.entered(done + 1);
    }
    await processes.pass(10);
    expect(countsOf(nightly)).toEqual([1, 5]);
    gate.release();
    await processes.pass(10);
    expect(countsOf(nightly)).toEqual([2, 5]);
    nightly.remove();
    gate.open();
  });

  test("overlap - skip: also as long as it waits for its next attempt", async () => {
    const processes = new Processes();
    const gate = new GateListener();
    const retry = { attempts: 2, backoff: { initialMs: 25 }, jitter: 0 };
    const { bus } = processes.boot(type, { gate }, { retry });
    const nightly = schedule(bus);
    await processes.pass(10);
    await gate.entered(1);
    gate.fail(new Error("not yet"));
    await processes.pass(10);
    await processes.pass(10);
    expect(countsOf(nightly)).toEqual([1, 2]);
    await processes.pass(5);
    await gate.entered(2);
    gate.fail(new Error("for good"));
    await processes.pass(5);
    await processes.pass(10);
    expect(countsOf(nightly)[0]).toBeGreaterThanOrEqual(2);
    nightly.remove();
    gate.open();
  });

  test("overlap - queue: runs send all the same", async () => {
    const processes = new Processes();
    const gate = new GateListener();
    const { bus, destination } = processes.boot(type, { gate });
    const nightly = schedule(bus, { overlap: "queue", key: "k" });
    for (const _ of numbersTo(3)) await processes.pass(10);
    expect(countsOf(nightly)).toEqual([3, 0]);
    expect(ledgerOf(destination)).toMatchObject({ sent: 3 });
    nightly.remove();
    gate.open();
  });
});

describe("schedules", () => {
  test("schedule - a message that cannot be stored is told of, and the next run sends again", async () => {
    const processes = new Processes();
    const recorder = new Recorder();
    const { bus, destination } = processes.boot("serial", { recorder });
    await bus.ready();
    const nightly = schedule(bus);
    const stop = processes.store.fail(stable);
    await processes.pass(10);
    expect(nightly.lastError).toMatchObject({ code: "BUSLINE_STORE_FAILED" });
    expect(processes.told).toContain('Schedule "nightly" could not send its message');
    stop();
    await processes.pass(10);
    expect(await recorder.count(1)).toEqual([20]);
    expect(countsOf(nightly)).toEqual([2, 0]);
    expect(ledgerOf(destination)).toMatchObject({ sent: 2, rejected: 1 });
    nightly.remove();
  });

  test("schedule - what it has sent outlives the process", async () => {
    const processes = new Processes();
    const first = processes.boot("serial");
    schedule(first.bus, { headers: { a: "b" } });
    await processes.pass(10);
    await turns();
    processes.kill();
    const recorder = new Recorder();
    processes.boot("serial", { recorder });
    expect(await recorder.count(1)).toEqual([10]);
    expect(recorder.messages[0]?.headers).toMatchObject({ a: "b", schedule: "nightly" });
  });

  test("overlap - skip: also as long as it waits for a listener that has not come", async () => {
    const processes = new Processes();
    const first = processes.boot("serial", { here: () => {}, late: () => {} });
    await first.bus.ready();
    await first.bus.close();
    const here = new Recorder();
    const { bus } = processes.boot("serial", { here });
    await bus.ready();
    const nightly = schedule(bus);
    await processes.pass(10);
    await here.count(1);
    await processes.pass(10);
    await turns();
    nightly.remove();
    expect(countsOf(nightly)).toEqual([1, 1]);
  });
});
