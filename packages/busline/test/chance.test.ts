import { expect, test } from "vitest";
import { SystemClock } from "../src/clock/system-clock.ts";
import { numbersTo } from "./durable-fixture.ts";

test("clock - chance is from 0 up to, but not including, 1, and not always the same", () => {
  const clock = new SystemClock();
  const chances = numbersTo(100).map(() => clock.chance());
  expect(chances.every((chance) => chance >= 0 && chance < 1)).toBe(true);
  expect(new Set(chances).size).toBeGreaterThan(1);
});
