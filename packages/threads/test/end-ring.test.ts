import { describe, expect, test } from "vitest";
import { EndRing } from "../src/end-ring.ts";

const ROOM = 256;

/** Both sides of one ring. */
function sides(): { readonly thread: EndRing; readonly pool: EndRing } {
  const pool = new EndRing();
  return { pool, thread: new EndRing(pool.buffer) };
}

describe("end ring", () => {
  test.each([undefined, null, false, true, 0, -0, 1.5, Number.NaN, Number.POSITIVE_INFINITY])(
    "ring - carries %s",
    (value) => {
      const { thread, pool } = sides();
      expect(thread.add(7, value, 0.25, 3)).toBe(true);
      expect(pool.reportsBeforeNext).toBe(3);
      expect(pool.take()).toStrictEqual({ kind: "returned", task: 7, value, took: 0.25 });
      expect(pool.reportsBeforeNext).toBeUndefined();
    },
  );

  test.each(["a text", { a: 1 }, 1n, Symbol("a")])("ring - leaves %s to the port", (value) => {
    const { thread, pool } = sides();
    expect(thread.add(1, value, 0, 0)).toBe(false);
    expect(pool.reportsBeforeNext).toBeUndefined();
  });

  test("ring - takes no more than there is room for, and again when some have been read", () => {
    const { thread, pool } = sides();
    for (let at = 0; at < ROOM; at += 1) expect(thread.add(at, at, 0, 0)).toBe(true);
    expect(thread.add(ROOM, 0, 0, 0)).toBe(false);
    expect(pool.take().task).toBe(0);
    expect(thread.add(ROOM, 0, 0, 0)).toBe(true);
    for (let at = 1; at <= ROOM; at += 1) expect(pool.take().task).toBe(at);
    expect(pool.reportsBeforeNext).toBeUndefined();
  });

  test("ring - calls once, until the call has been answered", () => {
    const { thread, pool } = sides();
    expect([thread.mustCall(), thread.mustCall()]).toEqual([true, false]);
    pool.answerCall();
    expect(thread.mustCall()).toBe(true);
  });
});
