import { type Clock, DestinationConfiguration, MessageBus, RequestTimeoutError } from "busline";
import { GateListener, ManualClock, Recorder } from "busline/testing";
import { describe, expect, test } from "vitest";
import { Deadlines } from "../src/clock/deadlines.ts";

const turn = (): Promise<void> =>
  new Promise((resume) => {
    setImmediate(resume);
  });

describe("the machine's clock", () => {
  test("clock - sentAt lies between the moments before and after the sending", async () => {
    const bus = new MessageBus();
    bus.addDestination(new DestinationConfiguration("synchronous", "acme/now"));
    const recorder = new Recorder();
    bus.listen("acme/now", recorder);
    // A new turn: the clock may be read once a turn.
    await turn();
    const before = Date.now();
    void bus.send("acme/now", "a");
    const after = Date.now();

    expect(recorder.messages[0]?.sentAt).toBeGreaterThanOrEqual(before);
    expect(recorder.messages[0]?.sentAt).toBeLessThanOrEqual(after);
  });

  test("clock - a later turn has a later sentAt", async () => {
    const bus = new MessageBus();
    bus.addDestination(new DestinationConfiguration("synchronous", "acme/now"));
    const recorder = new Recorder();
    bus.listen("acme/now", recorder);
    void bus.send("acme/now", "a");
    const first = recorder.messages[0]?.sentAt ?? Infinity;
    while (Date.now() <= first) await turn();
    await turn();
    void bus.send("acme/now", "b");

    expect(recorder.messages[1]?.sentAt).toBeGreaterThan(first);
  });

  test("clock - a request times out by real time, and not early", async () => {
    const bus = new MessageBus();
    bus.addDestination(new DestinationConfiguration("parallel", "acme/slow"));
    const gate = new GateListener();
    bus.listen("acme/slow", gate);
    const startedAt = performance.now();

    await expect(bus.request("acme/slow", "a", { timeoutMs: 5 })).rejects.toThrow(
      RequestTimeoutError,
    );
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(5);
    gate.open();
    await expect(bus.close()).resolves.toMatchObject({ interrupted: [] });
  });
});

describe("deadlines", () => {
  function fixture(clock: ManualClock = new ManualClock()): {
    clock: ManualClock;
    deadlines: Deadlines;
    expired: string[];
    set: (durationMs: number, name: string) => { cancel(): void };
  } {
    const deadlines = new Deadlines(clock);
    const expired: string[] = [];
    return {
      clock,
      deadlines,
      expired,
      set: (durationMs, name) => deadlines.set(durationMs, () => void expired.push(name)),
    };
  }

  test("deadlines - thousands need one timer, and none when all have expired", () => {
    const { clock, expired, set } = fixture();
    for (let n = 0; n < 5_000; n += 1) set(100 + (n % 7), String(n));
    expect(clock.timerCount).toBe(1);
    clock.advance(106);

    expect(expired).toHaveLength(5_000);
    expect(clock.timerCount).toBe(0);
  });

  test("deadlines - expire at their moment, never before", () => {
    const { clock, expired, set } = fixture();
    set(100, "a");
    clock.advance(99.5);
    set(100, "b");
    expect(expired).toEqual([]);
    clock.advance(0.5);
    expect(expired).toEqual(["a"]);
    clock.advance(99);
    expect(expired).toEqual(["a"]);
    clock.advance(1);
    expect(expired).toEqual(["a", "b"]);
  });

  test("deadlines - a timer that calls back early is started again", () => {
    // Node's timers may be early by a fraction of a millisecond.
    class Early extends ManualClock {
      override startTimer(
        ...[delayMs, callback]: Parameters<Clock["startTimer"]>
      ): ReturnType<Clock["startTimer"]> {
        return super.startTimer(Math.max(0, delayMs - 0.75), callback);
      }
    }
    const { clock, expired, set } = fixture(new Early());
    set(10, "a");
    clock.advance(9.25);
    expect(expired).toEqual([]);
    expect(clock.timerCount).toBe(1);
    clock.advance(1);
    expect(expired).toEqual(["a"]);
  });

  test("deadlines - a shorter one set later expires first", () => {
    const { clock, expired, set } = fixture();
    set(1_000, "long");
    clock.advance(10);
    set(20, "short");
    expect(clock.timerCount).toBe(1);
    clock.advance(20);
    expect(expired).toEqual(["short"]);
    expect(clock.timerCount).toBe(1);
    clock.advance(970);
    expect(expired).toEqual(["short", "long"]);
  });

  test("deadlines - a cancelled one does not expire, its neighbours do", () => {
    const { clock, expired, set } = fixture();
    const [, second, , fourth] = ["a", "b", "c", "d"].map((name) => set(10, name));
    second?.cancel();
    fourth?.cancel();
    fourth?.cancel();
    clock.advance(10);

    expect(expired).toEqual(["a", "c"]);
    // Cancelling what has expired is harmless.
    second?.cancel();
    expect(clock.timerCount).toBe(0);
  });

  test("deadlines - with all cancelled, the timer ends at its moment and is not started again", () => {
    const { clock, expired, set } = fixture();
    for (const name of ["a", "b"]) set(10, name).cancel();
    clock.advance(10);

    expect([expired, clock.timerCount]).toEqual([[], 0]);
  });

  test("deadlines - an expiry may set and cancel others", () => {
    const { clock, deadlines, expired, set } = fixture();
    deadlines.set(10, () => {
      expired.push("first");
      sibling.cancel();
      set(5, "nested");
      set(0, "at once");
    });
    const sibling = set(10, "cancelled");
    clock.advance(10);
    expect(expired).toEqual(["first", "at once"]);
    clock.advance(5);
    expect(expired).toEqual(["first", "at once", "nested"]);
    expect(clock.timerCount).toBe(0);
  });
});
