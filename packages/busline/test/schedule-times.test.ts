import { describe, expect, test } from "vitest";
import {
  discard,
  divertTo,
  DestinationConfiguration,
  MessageBus,
  type StandardSchema,
} from "busline";
import { GateListener, ManualClock, Recorder } from "busline/testing";
import { turns } from "./outcome-of.ts";
import { busWith, serial } from "./schedule-fixture.ts";
import { every } from "../src/send/run-times.ts";

const HOUR_MS = 3_600_000;

const doubled: StandardSchema<unknown, number> = {
  "~standard": {
    version: 1,
    vendor: "acme",
    validate: (value) => ({ value: Number(value) * 2 }),
  },
};

/** A clock whose wall time can be set. */
class SetClock extends ManualClock {
  aheadMs = 0;

  override now(): number {
    return super.now() + this.aheadMs;
  }
}

describe("overlap: skip", () => {
  test("a message that nobody received has ended", async () => {
    const { bus, pass, registration, schedule } = busWith();
    registration.unregister();
    const nightly = schedule({ everyMs: 10 });
    for (let run = 0; run < 3; run += 1) await pass(10);
    expect(nightly).toMatchObject({ runCount: 3, skippedCount: 0 });
    await bus.close();
  });

  test.each([
    ["dropped", discard],
    ["diverted to where nobody listens", divertTo("acme/other")],
  ])("a message that was %s has ended", async (_, rejectedExecutionHandler) => {
    const { bus, destination, pass, schedule } = busWith();
    bus.addDestination(serial("acme/other"));
    bus.replaceDestination(serial("acme/jobs", { maximumQueueSize: 1, rejectedExecutionHandler }));
    destination.pause();
    void destination.send("in the way");
    const nightly = schedule({ everyMs: 10 });
    for (let run = 0; run < 3; run += 1) await pass(10);
    expect(nightly).toMatchObject({ runCount: 3, skippedCount: 0 });
    destination.resume();
    await bus.close();
  });

  test("a message of which a schema has made another is followed as that", async () => {
    const { bus, countsAround, gated, schedule } = busWith();
    bus.replaceDestination(serial("acme/jobs", { schema: doubled }));
    const gate = gated();
    const nightly = schedule({ everyMs: 10, payload: 4 });
    expect(await countsAround(nightly, gate)).toEqual({ before: [1, 1], after: [2, 1] });
    expect(gate.contexts).toHaveLength(2);
    await bus.close();
  });

  test("a message that was diverted is followed to where it went", async () => {
    const { bus, destination, pass, schedule } = busWith();
    bus.addDestination(serial("acme/other"));
    const gate = new GateListener();
    bus.listen("acme/other", gate);
    bus.replaceDestination(
      serial("acme/jobs", {
        maximumQueueSize: 1,
        rejectedExecutionHandler: divertTo("acme/other"),
      }),
    );
    destination.pause();
    void destination.send("in the way");
    const nightly = schedule({ everyMs: 10 });
    await pass(10);
    await pass(10);
    expect(nightly).toMatchObject({ runCount: 1, skippedCount: 1 });
    gate.open();
    await pass(10);
    expect(nightly.runCount).toBe(2);
    destination.resume();
    await bus.close();
  });
});

describe("everyMs", () => {
  test("whatever the start and the period are, each run is later than the one before", () => {
    for (const [startedAt, periodMs] of [
      [1_234.567_8, 100],
      [0.1, 33.3],
      [9_876_543.21, 0.7 + 1],
    ] as const) {
      const { next } = every(periodMs, startedAt);
      let at: number = startedAt;
      for (let run = 1; run <= 5_000; run += 1) {
        const due = next(at) as number;
        expect(due).toBeGreaterThan(at);
        expect(Math.abs(due - (startedAt + run * periodMs))).toBeLessThan(0.001);
        at = due;
      }
    }
  });

  test("a period that is no whole number loses no run", async () => {
    const { bus, clock, schedule } = busWith(1_234.567_8);
    const nightly = schedule({ everyMs: 33.3, overlap: "queue" });
    for (let step = 0; step < 2_000; step += 1) clock.advance(10);
    await turns();
    expect(nightly.missedCount).toBe(0);
    expect(nightly.runCount).toBe(Math.floor(20_000 / 33.3));
    await bus.close();
  });
});

describe("schedule", () => {
  test("drain - nothing can be scheduled any more", async () => {
    const { bus, schedule } = busWith();
    await bus.drain();
    expect(() => schedule({ everyMs: 10 })).toThrow(
      expect.objectContaining({ code: "BUSLINE_BUS_CLOSED" }),
    );
    await bus.close();
  });

  test.each([
    ["ahead", 0, HOUR_MS / 2, HOUR_MS / 2],
    ["back", 365 * 24 * HOUR_MS, 0, HOUR_MS + 60_000],
  ])(
    "cron - a wall clock that is set %s is followed within a minute",
    async (_, from, to, passes) => {
      const clock = new SetClock({ startAt: Date.UTC(2026, 0, 1) });
      clock.aheadMs = from;
      const bus = new MessageBus({ clock });
      bus.addDestination(serial("acme/jobs"));
      const recorder = new Recorder();
      bus.listen("acme/jobs", recorder);
      bus.schedule("hourly", { destination: "acme/jobs", cron: "0 * * * *", timeZone: "UTC" });
      clock.aheadMs = to;
      clock.advance(passes);
      await turns();
      expect(recorder.payloads).toHaveLength(1);
      await bus.close();
    },
  );

  test.each([
    ["once", 1],
    ["skip", 0],
  ] as const)("at - one that passes in a pause has been missed: %s", async (missed, runCount) => {
    const { bus, clock, pass, schedule } = busWith();
    const nightly = schedule({ at: clock.now() + 10, missed });
    nightly.pause();
    await pass(20);
    nightly.resume();
    await pass(0);
    expect(nightly).toMatchObject({ runCount, missedCount: 1 });
    expect(bus.schedules).toEqual([]);
    await bus.close();
  });

  test("at - one that is still to come goes on after a pause", async () => {
    const { bus, clock, pass, schedule } = busWith();
    const nightly = schedule({ at: clock.now() + 10 });
    nightly.pause();
    nightly.resume();
    await pass(10);
    expect(nightly).toMatchObject({ runCount: 1, missedCount: 0 });
    await bus.close();
  });

  test("destination - of any type", async () => {
    const { bus, pass, schedule } = busWith();
    bus.addDestination(
      DestinationConfiguration.createDeadLetterDestinationConfiguration("acme/kept"),
    );
    const nightly = schedule({ everyMs: 10, destination: "acme/kept", overlap: "queue" });
    await pass(10);
    await pass(10);
    expect(nightly.runCount).toBe(2);
    expect(bus.deadLetters("acme/kept").size).toBe(2);
    await bus.close();
  });
});
