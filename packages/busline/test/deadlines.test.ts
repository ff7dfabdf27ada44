import type { Clock } from "busline";
import { ManualClock } from "busline/testing";
import { describe, expect, test } from "vitest";
import { Deadline } from "../src/clock/deadline.ts";
import { Deadlines } from "../src/clock/deadlines.ts";
import { SystemClock } from "../src/clock/system-clock.ts";

/** A deadline that does what a test says when its time is up. */
class TestDeadline extends Deadline {
  readonly expire: () => void;

  constructor(expire: () => void) {
    super();
    this.expire = expire;
  }
}

describe("deadlines", () => {
  function fixture(clock: ManualClock = new ManualClock()): {
    clock: ManualClock;
    deadlines: Deadlines;
    expired: string[];
    set: (durationMs: number, name: string, expire?: () => void) => TestDeadline;
  } {
    const deadlines = new Deadlines(clock, () => {});
    const expired: string[] = [];
    return {
      clock,
      deadlines,
      expired,
      set: (durationMs, name, expire) => {
        const deadline = new TestDeadline(() => {
          expired.push(name);
          expire?.();
        });
        deadlines.set(durationMs, deadline);
        return deadline;
      },
    };
  }

  test("deadlines - one that is set by an expiry makes no other of its duration late", () => {
    const { clock, expired, set } = fixture();
    set(100, "a", () => set(100, "c"));
    clock.advance(50);
    set(100, "b");
    clock.advance(50);
    expect(expired).toEqual(["a"]);
    clock.advance(50);
    expect(expired).toEqual(["a", "b"]);
    clock.advance(50);
    expect(expired).toEqual(["a", "b", "c"]);
  });

  test("deadlines - one that throws takes no other along, and is told", () => {
    const clock = new ManualClock();
    const problems: unknown[] = [];
    const deadlines = new Deadlines(clock, (text, error) => problems.push([text, error]));
    const expired: number[] = [];
    const error = new Error("no");
    deadlines.set(
      10,
      new TestDeadline(() => {
        throw error;
      }),
    );
    for (const duration of [10, 5, 20]) {
      deadlines.set(duration, new TestDeadline(() => void expired.push(duration)));
    }
    clock.advance(20);
    expect(expired).toEqual([5, 10, 20]);
    expect(problems).toEqual([["What was to happen at a deadline failed", error]]);
  });

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
    second?.cancelDeadline();
    fourth?.cancelDeadline();
    fourth?.cancelDeadline();
    clock.advance(10);

    expect(expired).toEqual(["a", "c"]);
    // Cancelling what has expired is harmless.
    second?.cancelDeadline();
    expect(clock.timerCount).toBe(0);
  });

  test("deadlines - with all cancelled, the timer ends at its moment and is not started again", () => {
    const { clock, expired, set } = fixture();
    for (const name of ["a", "b"]) set(10, name).cancelDeadline();
    clock.advance(10);

    expect([expired, clock.timerCount]).toEqual([[], 0]);
  });

  test("deadlines - an expiry may set and cancel others", () => {
    const { clock, expired, set } = fixture();
    set(10, "first", () => {
      sibling.cancelDeadline();
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

  test("deadlines - those of more than 64 durations expire each in its turn, on one timer", () => {
    const { clock, expired, set } = fixture();
    const durations = Array.from({ length: 200 }, (_, at) => 1 + ((at * 37) % 200));
    for (const round of [1, 2]) {
      for (const durationMs of durations) set(durationMs, `${durationMs}`);
      expect(clock.timerCount).toBe(1);
      const before = expired.length;
      for (let ms = 1; ms <= 200; ms += 1) {
        clock.advance(1);
        expect(expired.length - before).toBe(ms);
      }
      expect(expired.slice(before)).toEqual(durations.toSorted((a, b) => a - b).map(String));
      expect([round, clock.timerCount]).toEqual([round, 0]);
    }
  });

  test("deadlines - with more than 64 durations, cancelled ones leave nothing behind", () => {
    const { clock, deadlines, expired, set } = fixture();
    const all = Array.from({ length: 200 }, (_, at) => set(1 + at, `${1 + at}`));
    for (const [at, deadline] of all.entries()) if (at % 3 !== 0) deadline.cancelDeadline();
    expect([...deadlines]).toHaveLength(67);
    clock.advance(200);
    expect(expired).toEqual(Array.from({ length: 67 }, (_, at) => `${1 + 3 * at}`));
    expect([...deadlines]).toEqual([]);
    expect(clock.timerCount).toBe(0);
  });

  test("deadlines - a duration that was empty for a while is used again", () => {
    const { clock, expired, set } = fixture();
    set(10, "first").cancelDeadline();
    clock.advance(4);
    set(10, "second");
    clock.advance(9);
    expect(expired).toEqual([]);
    clock.advance(1);
    expect(expired).toEqual(["second"]);
    clock.advance(50);
    set(10, "third");
    clock.advance(10);
    expect(expired).toEqual(["second", "third"]);
    expect(clock.timerCount).toBe(0);
  });

  test("deadlines - an expiry may cancel the next ones, of its duration and of another", () => {
    const { clock, expired, set } = fixture();
    const others: Deadline[] = [];
    set(10, "first", () => {
      for (const other of others) other.cancelDeadline();
    });
    others.push(set(10, "same"), set(10, "same, too"), set(11, "other"));
    set(10, "last");
    set(11, "last of the other");
    clock.advance(11);
    expect(expired).toEqual(["first", "last", "last of the other"]);
    expect(clock.timerCount).toBe(0);
  });

  test("deadlines - an expiry may set the same duration again, for ever", () => {
    const { clock, expired, set } = fixture();
    const again = (): void => void set(10, `at ${clock.now()}`, again);
    set(10, "at 0", again);
    clock.advance(35);
    expect(expired).toEqual(["at 0", "at 10", "at 20"]);
    expect(clock.timerCount).toBe(1);
  });

  test("deadlines - with more than 64 durations, an expiry may set the one that has just ended", () => {
    const { clock, expired, set } = fixture();
    for (let ms = 1; ms <= 100; ms += 1) set(1_000 + ms, "far");
    const again = (): void => void set(10, `at ${clock.now()}`, again);
    set(10, "at 0", again);
    clock.advance(35);
    expect(expired).toEqual(["at 0", "at 10", "at 20"]);
  });

  test("deadlines - all that are set can be gone through, while they are cancelled", () => {
    const { clock, deadlines, expired, set } = fixture();
    const all = ["a", "b", "c", "d"].map((name, at) => set(at % 2 === 0 ? 10 : 20, name));
    expect(new Set(deadlines)).toEqual(new Set(all));
    all[1]?.cancelDeadline();
    expect(new Set(deadlines)).toEqual(new Set([all[0], all[2], all[3]]));
    for (const deadline of [...deadlines]) deadline.cancelDeadline();
    expect([...deadlines]).toEqual([]);
    clock.advance(20);
    expect([expired, clock.timerCount]).toEqual([[], 0]);
  });

  test("deadlines - once released, none expires and no timer is left", () => {
    const { clock, deadlines, expired, set } = fixture();
    for (let ms = 1; ms <= 100; ms += 1) set(ms, `${ms}`);
    deadlines.release();
    expect(clock.timerCount).toBe(0);
    clock.advance(100);
    expect([expired, [...deadlines]]).toEqual([[], []]);
    // Whoever comes after is not forgotten.
    set(5, "after");
    clock.advance(5);
    expect(expired).toEqual(["after"]);
  });

  test("deadlines - one that is set again counts from then", () => {
    const { clock, deadlines, expired, set } = fixture();
    const deadline = set(10, "a");
    clock.advance(6);
    deadline.cancelDeadline();
    deadlines.set(10, deadline);
    clock.advance(9);
    expect(expired).toEqual([]);
    clock.advance(1);
    expect(expired).toEqual(["a"]);
  });
});

describe("deadlines on a clock that knows the end of a run", () => {
  /** Its runs end when a test says so. */
  class RunClock extends ManualClock {
    #reading: { at: number } | undefined;

    endOfRun(): { readonly at: number } {
      this.#reading ??= { at: Number.NaN };
      return this.#reading;
    }

    endRun(): void {
      if (this.#reading !== undefined) this.#reading.at = this.monotonicNow();
      this.#reading = undefined;
    }
  }

  function fixture(): {
    clock: RunClock;
    expired: string[];
    set: (durationMs: number, name: string) => Deadline;
  } {
    const clock = new RunClock();
    const deadlines = new Deadlines(clock, () => {});
    const expired: string[] = [];
    return {
      clock,
      expired,
      set: (durationMs, name) => {
        const deadline = new TestDeadline(() => void expired.push(name));
        deadlines.set(durationMs, deadline);
        return deadline;
      },
    };
  }

  test("deadlines - count from the end of their run, whenever their timer calls", () => {
    const { clock, expired, set } = fixture();
    set(10, "a");
    // The run takes seven milliseconds: the timer that was started at its begin is early.
    clock.advance(7);
    clock.endRun();
    clock.advance(9);
    expect(expired).toEqual([]);
    expect(clock.timerCount).toBe(1);
    clock.advance(1);
    expect(expired).toEqual(["a"]);
  });

  test("deadlines - a timer that calls while the run goes on expires nothing, and is started again", () => {
    const { clock, expired, set } = fixture();
    set(10, "a");
    clock.advance(25);
    expect(expired).toEqual([]);
    clock.endRun();
    clock.advance(9);
    expect(expired).toEqual([]);
    clock.advance(1);
    expect(expired).toEqual(["a"]);
    expect(clock.timerCount).toBe(0);
  });

  test("deadlines - those of one run expire together, those of the next one later", () => {
    const { clock, expired, set } = fixture();
    set(10, "a");
    clock.advance(2);
    set(10, "b");
    clock.advance(2);
    clock.endRun();
    set(10, "c");
    clock.advance(3);
    clock.endRun();
    clock.advance(6);
    expect(expired).toEqual([]);
    clock.advance(1);
    expect(expired).toEqual(["a", "b"]);
    clock.advance(3);
    expect(expired).toEqual(["a", "b", "c"]);
  });

  test("clock - the machine's gives one reading for a run, made when it has ended", async () => {
    const clock = new SystemClock();
    const first = clock.endOfRun();
    expect(first.at).toBeNaN();
    expect(clock.endOfRun()).toBe(first);
    const before = clock.monotonicNow();
    await new Promise((resume) => {
      setImmediate(resume);
    });
    expect(first.at).toBeGreaterThanOrEqual(before);
    expect(first.at).toBeLessThanOrEqual(clock.monotonicNow());
    const second = clock.endOfRun();
    expect(second).not.toBe(first);
    expect(second.at).toBeNaN();
  });
});
