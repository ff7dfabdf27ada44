import { AsyncLocalStorage } from "node:async_hooks";
import { describe, expect, test } from "vitest";
import { DestinationConfiguration, MessageBus, type Schedule, waitForSpace } from "busline";
import { GateListener, ManualClock, Recorder, untilQuiet } from "busline/testing";
import { turns } from "./outcome-of.ts";
import { busWith, serial } from "./schedule-fixture.ts";

const HOUR_MS = 3_600_000;

describe("schedule", () => {
  test("everyMs - sends again and again, the first time after as many", async () => {
    const { bus, clock, pass, recorder, schedule } = busWith();
    const nightly = schedule({ everyMs: 100, payload: "go" });
    expect(nightly.nextRunAt).toBe(clock.now() + 100);
    await pass(99);
    expect(recorder.payloads).toEqual([]);
    await pass(1);
    await pass(100);
    expect(recorder.payloads).toEqual(["go", "go"]);
    expect(nightly).toMatchObject({
      name: "nightly",
      destinationName: "acme/jobs",
      runCount: 2,
      skippedCount: 0,
      missedCount: 0,
      isPaused: false,
      lastRunAt: clock.now(),
      lastError: undefined,
      nextRunAt: clock.now() + 100,
    });
    expect(recorder.messages[0]?.headers["schedule"]).toBe("nightly");
    await bus.close();
  });

  test("at - once; then the schedule is over and its name is free", async () => {
    const { bus, clock, pass, recorder, schedule } = busWith();
    const first = schedule({ at: new Date(clock.now() + 50), payload: "now" });
    expect(bus.schedules).toEqual([first]);
    await pass(50);
    expect(recorder.payloads).toEqual(["now"]);
    expect(bus.schedules).toEqual([]);
    expect(first.nextRunAt).toBeUndefined();
    schedule({ at: clock.now(), payload: "at once" });
    await pass(0);
    expect(recorder.payloads).toEqual(["now", "at once"]);
    await bus.close();
  });

  test.each([
    ["once", ["late"], 1],
    [undefined, ["late"], 1],
    ["skip", [], 0],
  ] as const)("at - one that has passed, missed: %s", async (missed, payloads, runCount) => {
    const { bus, clock, pass, recorder, schedule } = busWith();
    const late = schedule({
      at: clock.now() - 1,
      payload: "late",
      ...(missed === undefined ? {} : { missed }),
    });
    await pass(0);
    expect(recorder.payloads).toEqual(payloads);
    expect(late).toMatchObject({ runCount, missedCount: 1 });
    expect(bus.schedules).toEqual([]);
    await bus.close();
  });

  test("cron - in a time zone, over a change to summer time", async () => {
    const { bus, clock, pass, recorder, schedule } = busWith(Date.UTC(2026, 2, 28, 1, 30));
    const nightly = schedule({ cron: "0 3 * * *", timeZone: "Europe/Berlin", payload: "go" });
    expect(new Date(nightly.nextRunAt ?? 0).toISOString()).toBe("2026-03-28T02:00:00.000Z");
    await pass(HOUR_MS / 2);
    expect(recorder.payloads).toHaveLength(1);
    expect(new Date(nightly.nextRunAt ?? 0).toISOString()).toBe("2026-03-29T01:00:00.000Z");
    await pass(23 * HOUR_MS - 1);
    expect(recorder.payloads).toHaveLength(1);
    await pass(1);
    expect(recorder.payloads).toHaveLength(2);
    expect(clock.timerCount).toBeLessThanOrEqual(2);
    await bus.close();
  });

  test("payload - a function makes one for each run, and may be told when it was due", async () => {
    const { bus, clock, pass, recorder, schedule } = busWith(1_000);
    schedule({
      everyMs: 10,
      payload: ({ name, dueAt }: { name: string; dueAt: number }) => `${name} ${dueAt}`,
    });
    await pass(10);
    await pass(10);
    expect(recorder.payloads).toEqual(["nightly 1010", "nightly 1020"]);
    expect(clock.now()).toBe(1_020);
    await bus.close();
  });

  test("headers, key - travel with each message", async () => {
    const { bus, pass, recorder, schedule } = busWith();
    schedule({ everyMs: 10, headers: { tenant: "one" }, key: "k" });
    await pass(10);
    const [message] = recorder.messages;
    expect({ ...message?.headers }).toEqual({ tenant: "one", schedule: "nightly" });
    expect(message?.key).toBe("k");
    expect(message?.payload).toBeUndefined();
    await bus.close();
  });

  test("overlap: skip - a run whose message before has not ended is left out and counted", async () => {
    const { bus, countsAround, gated, schedule } = busWith();
    const gate = gated();
    const nightly = schedule({ everyMs: 10 });
    expect(await countsAround(nightly, gate)).toEqual({ before: [1, 1], after: [2, 1] });
    await bus.close();
  });

  test("overlap: skip - also while the message still waits, and while it waits for its next attempt", async () => {
    const { bus, destination, pass, registration, schedule } = busWith();
    registration.unregister();
    bus.replaceDestination(
      serial("acme/jobs", { retry: { attempts: 2, backoff: { initialMs: 25 }, jitter: 0 } }),
    );
    let calls = 0;
    destination.listen(() => {
      calls += 1;
      if (calls === 1) throw new Error("not yet");
    });
    destination.pause();
    const nightly = schedule({ everyMs: 10 });
    await pass(10);
    await pass(10);
    expect(nightly).toMatchObject({ runCount: 1, skippedCount: 1 });
    destination.resume();
    await pass(10);
    expect(nightly).toMatchObject({ runCount: 1, skippedCount: 2 });
    await pass(20);
    await pass(10);
    expect(nightly.runCount).toBeGreaterThan(1);
    expect(calls).toBeGreaterThan(1);
    await bus.close();
  });

  test("overlap: skip - of a synchronous destination, until its listeners have ended", async () => {
    const { bus, countsAround, schedule } = busWith();
    const gate = new GateListener();
    bus.addDestination(
      DestinationConfiguration.createSynchronousDestinationConfiguration("acme/now"),
    );
    bus.listen("acme/now", gate);
    const nightly = schedule({ everyMs: 10, destination: "acme/now" });
    expect(await countsAround(nightly, gate)).toEqual({ before: [1, 1], after: [2, 1] });
    await bus.close();
  });

  test("overlap: queue - the message is sent all the same", async () => {
    const { bus, destination, gated, pass, schedule } = busWith();
    const gate = gated();
    const nightly = schedule({ everyMs: 10, overlap: "queue" });
    await pass(10);
    await pass(10);
    expect(nightly).toMatchObject({ runCount: 2, skippedCount: 0 });
    expect(destination.statistics).toMatchObject({ activeMessageCount: 1, pendingMessageCount: 1 });
    gate.open();
    await bus.close();
  });

  /** A clock whose timers come late by as much: the process was suspended. */
  class SuspendedClock extends ManualClock {
    lateMs = 0;
    override now(): number {
      return super.now() + this.lateMs;
    }
    override monotonicNow(): number {
      return super.monotonicNow() + this.lateMs;
    }
  }

  test.each([
    ["once", 1],
    ["skip", 0],
  ] as const)("missed: %s - runs that a suspended process has missed", async (missed, made) => {
    const clock = new SuspendedClock();
    const bus = new MessageBus({ clock });
    bus.addDestination(serial("acme/jobs"));
    const recorder = new Recorder();
    bus.listen("acme/jobs", recorder);
    const nightly = bus.schedule("nightly", { destination: "acme/jobs", everyMs: 10, missed });
    clock.lateMs = 35;
    clock.advance(10);
    await turns();
    expect(nightly).toMatchObject({ runCount: made, missedCount: 1 });
    expect(nightly.nextRunAt).toBe(50);
    clock.advance(5);
    await turns();
    expect(nightly).toMatchObject({ runCount: made + 1, missedCount: 1 });
    await untilQuiet(bus);
    expect(recorder.payloads).toHaveLength(made + 1);
    await bus.close();
  });

  test("pause, resume - nothing runs meanwhile; then the next time from then on", async () => {
    const { bus, pass, recorder, schedule } = busWith();
    const nightly = schedule({ everyMs: 10 });
    nightly.pause();
    expect(nightly).toMatchObject({ isPaused: true, nextRunAt: undefined });
    await pass(35);
    nightly.resume();
    nightly.resume();
    expect(recorder.payloads).toHaveLength(0);
    await pass(5);
    expect(recorder.payloads).toHaveLength(1);
    expect(nightly).toMatchObject({ runCount: 1, missedCount: 0 });
    await bus.close();
  });

  test("pause, resume, remove - by what it runs itself", async () => {
    const { bus, pass, recorder, schedule } = busWith();
    const nightly: Schedule = schedule({
      everyMs: 10,
      payload: () => {
        nightly.pause();
        nightly.resume();
        return nightly.runCount;
      },
    });
    const other: Schedule = schedule({ everyMs: 10, payload: () => other.remove() }, "other");
    await pass(10);
    await pass(10);
    expect(recorder.payloads).toEqual([1, undefined, 2]);
    expect(bus.schedules).toEqual([nightly]);
    await bus.close();
  });

  test("remove - ends it, and frees its name", async () => {
    const { bus, pass, recorder, schedule } = busWith();
    const nightly = schedule({ everyMs: 10 });
    expect(bus.getSchedule("nightly")).toBe(nightly);
    nightly.remove();
    nightly.remove();
    expect(bus.getSchedule("nightly")).toBeUndefined();
    const again = schedule({ everyMs: 20 });
    nightly.remove();
    expect(bus.schedules).toEqual([again]);
    await pass(20);
    expect(recorder.payloads).toHaveLength(1);
    again.remove();
    await bus.close();
  });

  test("lastError - a message that could not be sent is told to the logger, and the schedule goes on", async () => {
    const { bus, destination, logged, pass, schedule } = busWith();
    let isBroken = true;
    const nightly = schedule({
      everyMs: 10,
      payload: () => {
        if (isBroken) throw new Error("no payload");
        return "fine";
      },
    });
    await pass(10);
    expect(nightly.lastError).toMatchObject({ message: "no payload" });
    expect(logged).toEqual(['Schedule "nightly" could not send its message']);
    isBroken = false;
    await pass(10);
    expect(nightly).toMatchObject({ runCount: 2, lastError: undefined });
    await bus.removeDestination("acme/jobs");
    await pass(10);
    expect(nightly.lastError).toMatchObject({ code: "BUSLINE_UNKNOWN_DESTINATION" });
    expect(destination.statistics.deliveredMessageCount).toBe(1);
    await bus.close();
  });

  test("lastError - of a wait for room that ends in vain", async () => {
    const { bus, destination, pass, schedule } = busWith();
    bus.replaceDestination(
      serial("acme/jobs", {
        maximumQueueSize: 1,
        rejectedExecutionHandler: waitForSpace({ timeoutMs: 5 }),
      }),
    );
    destination.pause();
    void destination.send("in the way");
    const nightly = schedule({ everyMs: 10 });
    await pass(10);
    await pass(5);
    expect(nightly.lastError).toMatchObject({ code: "BUSLINE_WAIT_TIMEOUT" });
    await pass(5);
    expect(nightly).toMatchObject({ runCount: 2, skippedCount: 0 });
    await bus.close();
  });

  test("context - a run is in nobody's async context", async () => {
    const { bus, destination, pass, schedule } = busWith();
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    destination.listen(() => void seen.push(storage.getStore()));
    storage.run("whoever made it", () => schedule({ everyMs: 10 }));
    await pass(10);
    expect(seen).toEqual([undefined]);
    await bus.close();
  });

  test("drain, close - end all schedules", async () => {
    const { bus, clock, pass, recorder, schedule } = busWith();
    schedule({ everyMs: 10 });
    await bus.drain();
    expect(bus.schedules).toEqual([]);
    await pass(10);
    expect(recorder.payloads).toEqual([]);
    await bus.close();
    expect(clock.timerCount).toBe(0);
    expect(() => schedule({ everyMs: 10 })).toThrow(
      expect.objectContaining({ code: "BUSLINE_BUS_CLOSED" }),
    );
  });

  test("schedules - by name", async () => {
    const { bus, schedule } = busWith();
    for (const name of ["b", "c", "a"]) schedule({ everyMs: 10 }, name);
    expect(bus.schedules.map(({ name }) => name)).toEqual(["a", "b", "c"]);
    await bus.close();
  });
});
