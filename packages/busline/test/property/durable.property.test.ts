import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ledgerOf } from "../ledger.ts";
import { DEAD, DurableRig, type Kind, type Step } from "./durable-rig.ts";

// What is promised of a durable destination, checked on random programs: processes that are killed, lose their power or
// are closed at any moment, one after the other on one store; listeners that fail and that come late; sends that are put
// off, repeated, given up; a disk that is full from time to time.

const isLong = process.env["BUSLINE_LONG"] !== undefined;
const RUNS = isLong ? 3_000 : 80;

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: sends() },
  {
    weight: 4,
    arbitrary: fc.nat({ max: 8 }).map((count) => ({ do: "wait", turns: count }) as const),
  },
  { weight: 2, arbitrary: fc.nat({ max: 400 }).map((ms) => ({ do: "pass", ms }) as const) },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom("kill", "power", "close")
      .map((how) => ({ do: "end", how }) as const),
  },
  { weight: 1, arbitrary: fc.nat({ max: 40 }).map((back) => ({ do: "again", back }) as const) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(0, 0, 50).map((percent) => ({ do: "fail", percent }) as const),
  },
  {
    weight: 3,
    arbitrary: fc
      .constantFrom("pause", "listen", "purge", "abort")
      .map((what) => ({ do: what }) as const),
  },
);

function sends(): fc.Arbitrary<Step> {
  return fc.record({
    do: fc.constant("send" as const),
    count: fc.integer({ min: 1, max: 30 }),
    isAwaited: fc.boolean(),
  });
}

function check(rig: DurableRig): void {
  const letters = rig.bus.deadLetters(DEAD).list(undefined, { limit: 100_000 });
  const ends = new Set(
    letters.flatMap(({ payload, listeners }) => listeners.map((name) => keyOf(payload, name))),
  );
  const succeeded = new Map<string, number>();
  for (const { number, listener } of rig.successes) {
    const key = keyOf(number, listener);
    ends.add(key);
    succeeded.set(key, (succeeded.get(key) ?? 0) + 1);
  }
  for (const number of rig.accepted) {
    if (rig.given.has(number)) continue;
    // A message is for those who are remembered: whoever had not been here yet does not get it.
    const isHeard = rig.listeners.some((name) => ends.has(keyOf(number, name)));
    expect(isHeard, `${number} was accepted, and is lost`).toBe(true);
  }
  for (const { number } of rig.calls) {
    expect(number, "an id that has been accepted comes once").toBeGreaterThan(0);
    expect(number).toBeLessThanOrEqual(rig.sentCount);
    expect(rig.refused.has(number), `${number} was refused, and is delivered`).toBe(false);
  }
  const twice = [...succeeded.values()].reduce((sum, count) => sum + count - 1, 0);
  expect(rig.crashes === 0 ? twice : 0, "without a crash nothing comes twice").toBe(0);
  checkOrder(rig);
  expect(ledgerOf(rig.destination).pending ?? 0).toBe(0);
  const left = rig.store.entries.filter(({ key }) => /^[qst]\/2\//.test(key));
  expect(
    left.map(({ key }) => key),
    "nothing is left in the store",
  ).toEqual([]);
  const unexpected = rig.problems.filter(
    (one) =>
      !/could not|cannot be moved|stands still|has no room|wait for/.test(JSON.stringify(one)),
  );
  expect(unexpected).toEqual([]);
}

/** In each process a listener gets what it gets in the order of sending: all of it, or that of a key. */
function checkOrder({ kind, listeners, process, successes }: DurableRig): void {
  if (kind === "parallel") return;
  const lanes = kind === "serial" ? 1 : 4;
  for (const name of listeners) {
    for (let lane = 0; lane < lanes; lane += 1) {
      for (let one = 1; one <= process; one += 1) {
        const numbers = successes
          .filter(
            (call) =>
              call.listener === name && call.process === one && call.number % lanes === lane,
          )
          .map(({ number }) => number);
        const sorted = numbers.toSorted((a, b) => a - b);
        expect(numbers, `order at ${name} in process ${one}`).toEqual(sorted);
      }
    }
  }
}

function keyOf(number: unknown, listener: string): string {
  return `${String(number)} at ${listener}`;
}

describe("durable - property", () => {
  const kinds: readonly Kind[] = ["parallel", "serial", "keyed"];
  for (const kind of kinds) {
    for (const listeners of [["one"], ["one", "two"]]) {
      test(`durable - ${kind}, ${listeners.length} listeners: nothing accepted is lost, whenever the process ends`, async () => {
        const program = fc.array(step, { minLength: 3, maxLength: 25 });
        const property = fc.asyncProperty(program, fc.integer(), async (steps, seed) => {
          const rig = new DurableRig(kind, listeners, seed);
          for (const one of steps) await rig.do(one);
          await rig.finish();
          check(rig);
          await rig.bus.close();
        });
        expect.hasAssertions();
        await fc.assert(property, { numRuns: RUNS, endOnFailure: true });
      }, 1_200_000);
    }
  }
});
