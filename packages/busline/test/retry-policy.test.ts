import { describe, expect, test } from "vitest";
import { DestinationConfiguration } from "busline";
import { ManualClock } from "busline/testing";

describe("RetryPolicy", () => {
  const read = (retry: unknown) =>
    new DestinationConfiguration("parallel", "acme/a", { retry: retry as never });

  test("defaults - five attempts, 100 ms, twice as long each time up to a minute, half left to chance", () => {
    expect(read({}).retry).toMatchObject({
      attempts: 5,
      backoff: { initialMs: 100, factor: 2, maximumMs: 60_000 },
      jitter: 0.5,
    });
    expect(read(undefined).retry).toBeUndefined();
  });

  test("configuration - one that was read back can be given again", () => {
    const { retry } = read({ attempts: 7 });
    expect(read(retry).retry).toBe(retry);
  });

  test("pause - grows up to its maximum; chance makes it shorter by its share", () => {
    const { retry } = read({ backoff: { initialMs: 10, factor: 3, maximumMs: 200 }, jitter: 0.5 });
    const pauses = (chance: number) =>
      [1, 2, 3, 4, 2_000].map((attempt) =>
        retry?.pauseAfter(attempt, Object.assign(new ManualClock(), { chance: () => chance })),
      );
    expect(pauses(0)).toEqual([10, 30, 90, 200, 200]);
    expect(pauses(0.5)).toEqual([7.5, 22.5, 67.5, 150, 150]);
  });

  test("pause - is a number after any number of attempts, and whatever the clock says of chance", () => {
    const at = (chance: () => number) => Object.assign(new ManualClock(), { chance });
    const none = read({ attempts: 1e6, backoff: { initialMs: 0, factor: 1e6 } }).retry;
    expect(
      none?.pauseAfter(
        1e5,
        at(() => 0.5),
      ),
    ).toBe(0);
    const { retry } = read({ backoff: { initialMs: 10 }, jitter: 1 });
    expect(
      retry?.pauseAfter(
        1e5,
        at(() => 0),
      ),
    ).toBe(60_000);
    for (const chance of [Number.NaN, -1, 2])
      expect(
        retry?.pauseAfter(
          1,
          at(() => chance),
        ),
      ).toBe(10);
    const broken = at(() => {
      throw new Error("no chance");
    });
    expect(retry?.pauseAfter(1, broken)).toBe(10);
  });

  test("pause - the maximum gives way to a longer first pause", () => {
    expect(read({ backoff: { initialMs: 90_000 } }).retry?.backoff.maximumMs).toBe(90_000);
  });

  test.each([
    [{ attempts: 0 }, "attempts"],
    [{ attempts: 1.5 }, "attempts"],
    [{ jitter: 1.1 }, "jitter"],
    [{ jitter: -0.1 }, "jitter"],
    [{ backoff: 5 }, "options"],
    [{ backoff: { factor: 0.5 } }, "factor"],
    [{ backoff: { initialMs: -1 } }, "initialMs"],
    [{ backoff: { maximumMs: Infinity } }, "maximumMs"],
    [{ backof: {} }, "backof"],
    [7, "options"],
  ])("refuses %j", (retry, attribute) => {
    expect(() => read(retry)).toThrow(
      expect.objectContaining({ code: "BUSLINE_INVALID_CONFIGURATION", attribute }),
    );
  });
});
