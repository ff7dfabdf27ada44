import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { NO_HEADERS } from "../src/message/headers.ts";
import {
  readMessage,
  readState,
  type StoredMessage,
  writeMessage,
  writeState,
} from "../src/store/stored-message.ts";

const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined });
const text = fc.string({ unit: "binary" });
const moment = fc.double({ min: 0, max: 8.64e15, noNaN: true });

const stored: fc.Arbitrary<StoredMessage> = fc.record({
  id: text,
  sentAt: moment,
  headers: fc.dictionary(text, text, { noNullPrototype: false }),
  key: optional(text),
  priority: optional(fc.nat({ max: 254 })),
  responseDestinationName: optional(text),
  responseId: optional(text),
  expiresAt: optional(moment),
  roster: optional(fc.nat()),
  payload: fc.uint8Array({ maxLength: 200 }),
});

/** -0 is written as 0, as JSON has it. */
function comparable(message: StoredMessage): unknown {
  return {
    ...message,
    sentAt: message.sentAt + 0,
    expiresAt: message.expiresAt === undefined ? undefined : message.expiresAt + 0,
    headers: Object.entries(message.headers),
    payload: Array.from(message.payload),
  };
}

describe("store - a message", () => {
  test("stored message - comes back as it was", () => {
    fc.assert(
      fc.property(stored, (message) => {
        expect(comparable(readMessage(writeMessage(message)))).toEqual(comparable(message));
      }),
    );
  });

  test("stored message - is read wherever in a buffer it lies", () => {
    const message: StoredMessage = {
      id: "ü",
      sentAt: 1,
      headers: NO_HEADERS,
      key: undefined,
      priority: undefined,
      responseDestinationName: undefined,
      responseId: undefined,
      expiresAt: undefined,
      roster: undefined,
      payload: Uint8Array.of(1, 2, 3),
    };
    const written = writeMessage(message);
    const buffer = new Uint8Array(written.length + 20).fill(255);
    buffer.set(written, 7);
    const read = readMessage(buffer.subarray(7, 7 + written.length));
    expect(comparable(read)).toEqual(comparable(message));
    expect(read.headers).toBe(NO_HEADERS);
  });

  test("stored message - headers have no prototype, and __proto__ is one of them", () => {
    const headers = JSON.parse('{"__proto__":"a","b":"c"}') as Record<string, string>;
    const read = readMessage(
      writeMessage({
        id: "a",
        sentAt: 0,
        headers,
        key: undefined,
        priority: undefined,
        responseDestinationName: undefined,
        responseId: undefined,
        expiresAt: undefined,
        roster: undefined,
        payload: new Uint8Array(),
      }),
    );
    expect(Object.getPrototypeOf(read.headers)).toBeNull();
    expect(Object.entries(read.headers)).toEqual([
      ["__proto__", "a"],
      ["b", "c"],
    ]);
    expect(Object.isFrozen(read.headers)).toBe(true);
  });

  test("stored message - bytes that are none are refused", () => {
    const written = writeMessage({
      id: "a",
      sentAt: 0,
      headers: NO_HEADERS,
      key: undefined,
      priority: undefined,
      responseDestinationName: undefined,
      responseId: undefined,
      expiresAt: undefined,
      roster: undefined,
      payload: Uint8Array.of(1),
    });
    for (const length of [0, 3, 4, 10, written.length - 2]) {
      expect(() => readMessage(written.subarray(0, length))).toThrow(Error);
    }
    expect(() => readMessage(Uint8Array.of(255, 255, 255, 255, 1))).toThrow(Error);
  });
});

describe("store - what has become of a message", () => {
  test("stored state - comes back as it was", () => {
    const state = fc.record({
      attempts: fc.nat(),
      done: fc.array(text),
      failure: fc.constantFrom("failed", "deadLettered", undefined),
      isRunning: fc.boolean(),
    });
    fc.assert(
      fc.property(state, (written) => {
        expect(readState(writeState(written))).toEqual(written);
      }),
    );
  });

  test("stored state - nothing has been written: nothing has happened", () => {
    expect(readState(undefined)).toEqual({
      attempts: 0,
      done: [],
      failure: undefined,
      isRunning: false,
    });
    expect(() => readState(Uint8Array.of(255))).toThrow(Error);
  });
});
