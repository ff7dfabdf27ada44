import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  behind,
  delayedKey,
  delayedKeys,
  DESTINATION_KEYS,
  destinationKey,
  dueAtOf,
  laneKeys,
  messageKey,
  queueKeys,
  readSeenIdTimeKey,
  SCHEMA_KEY,
  seenIdKey,
  seenIdTimeKey,
  seenIdTimeKeys,
  sequenceOf,
  stateKey,
} from "../src/store/store-keys.ts";
import type { StoreRange } from "busline";

const id = fc.integer({ min: 1, max: 100_000 });
const level = fc.integer({ min: 0, max: 255 });
const number = fc.maxSafeNat();
const moment = fc.integer({ min: 0, max: 8.64e15 });
const hash = fc.stringMatching(/^[A-Za-z0-9_-]{22}$/);

function isIn(key: string, { from, to }: StoreRange): boolean {
  return key >= from && key < to;
}

describe("store - keys", () => {
  test("keys - are printable ASCII of at most 256 characters", () => {
    fc.assert(
      fc.property(id, level, number, moment, hash, (one, priority, sequence, at, seen) => {
        const message = messageKey(laneKeys(one, priority), sequence);
        const keys = [
          SCHEMA_KEY,
          destinationKey(one),
          message,
          stateKey(message),
          delayedKey(one, at, sequence),
          seenIdKey(one, seen),
          seenIdTimeKey(one, at, seen),
        ];
        for (const key of keys) expect(key).toMatch(/^[\x20-\x7e]{1,256}$/);
        expect(new Set(keys).size).toBe(keys.length);
      }),
    );
  });

  test("keys - messages of a lane are in the order of their numbers, higher priorities before lower ones", () => {
    fc.assert(
      fc.property(id, level, level, number, number, (one, high, low, first, second) => {
        const earlier = messageKey(laneKeys(one, high), first);
        const later = messageKey(laneKeys(one, low), second);
        const isBefore = high === low ? first < second : high > low;
        const isSame = high === low && first === second;
        expect(earlier < later).toBe(isBefore && !isSame);
      }),
    );
  });

  test("keys - a range has what belongs to its destination, and nothing of another one", () => {
    fc.assert(
      fc.property(
        id,
        id,
        level,
        number,
        moment,
        hash,
        (one, other, priority, sequence, at, seen) => {
          const key = messageKey(laneKeys(one, priority), sequence);
          expect(isIn(key, queueKeys(other))).toBe(one === other);
          expect(isIn(key, laneKeys(other, priority))).toBe(one === other);
          expect(isIn(delayedKey(one, at, sequence), delayedKeys(other))).toBe(one === other);
          expect(isIn(seenIdTimeKey(one, at, seen), seenIdTimeKeys(other))).toBe(one === other);
          expect(isIn(destinationKey(one), DESTINATION_KEYS)).toBe(true);
          for (const range of [queueKeys(other), delayedKeys(other), seenIdTimeKeys(other)]) {
            for (const stranger of [stateKey(key), seenIdKey(one, seen), destinationKey(one)]) {
              expect(isIn(stranger, range)).toBe(false);
            }
          }
        },
      ),
    );
  });

  test("keys - say the numbers, times and hashes that they were made of", () => {
    fc.assert(
      fc.property(id, level, number, moment, hash, (one, priority, sequence, at, seen) => {
        expect(sequenceOf(messageKey(laneKeys(one, priority), sequence))).toBe(sequence);
        const delayed = delayedKey(one, at, sequence);
        expect(sequenceOf(delayed)).toBe(sequence);
        expect(dueAtOf(delayed)).toBe(at);
        expect(readSeenIdTimeKey(seenIdTimeKey(one, at, seen))).toEqual({ at, hash: seen });
      }),
    );
  });

  test("keys - what is put off is due at its time, to the millisecond, and never before", () => {
    for (const at of [1_000, 1_000.4, 1_000.9]) {
      const key = delayedKey(1, at, 7);
      expect(isIn(key, delayedKeys(1, 999.9))).toBe(false);
      expect(isIn(key, delayedKeys(1, at - 0.1))).toBe(false);
      expect(isIn(key, delayedKeys(1, Math.ceil(at)))).toBe(true);
      expect(isIn(key, delayedKeys(1, 1_001.5))).toBe(true);
      expect(isIn(key, delayedKeys(1))).toBe(true);
    }
  });

  test("keys - what lies behind one of a range begins with the next", () => {
    const lane = laneKeys(1, 0);
    const [first, second] = [messageKey(lane, 1), messageKey(lane, 2)];
    const rest = behind(first, lane);
    expect(isIn(first, rest)).toBe(false);
    expect(isIn(second, rest)).toBe(true);
    expect(rest.to).toBe(lane.to);
    // The beginning of the lane is no key: all of it lies behind that.
    expect(isIn(messageKey(lane, 0), behind(lane.from, lane))).toBe(true);
  });

  test("keys - those of destinations are read back by their numbers", () => {
    for (const one of [1, 35, 36, 1_295, 1_296]) {
      expect(Number.parseInt(destinationKey(one).slice(2), 36)).toBe(one);
    }
  });
});
