import type { Message, MessageListenerContext } from "busline";
import { describe, expect, test } from "vitest";
import { receiverOf } from "../src/listener/receiver.ts";

const message = { payload: 1 } as Message;
const context = { attempt: 1 } as MessageListenerContext;

// On every Node.js both are tried; on which of them a listener must be kept apart is told by the benchmark
// `one-to-one/computing-listener`.
describe.each([
  ["as it is", false],
  ["kept apart from who calls it", true],
])("a listener %s", (_, isKeptApart) => {
  test("receiver - a function gets message and context, no object of its own, and its result is returned", () => {
    const given: unknown[] = [];
    const receive = receiverOf(function listener(this: unknown, ...values: unknown[]) {
      given.push(this, ...values);
      return "result";
    }, isKeptApart);
    expect(receive(message, context)).toBe("result");
    expect(given).toEqual([undefined, message, context]);
  });

  test("receiver - an object's method is looked up at each call, and called on the object", () => {
    const given: unknown[] = [];
    const listener = {
      receive(...values: unknown[]): string {
        given.push(this, ...values);
        return "first";
      },
    };
    const receive = receiverOf(listener, isKeptApart);
    expect(receive(message, context)).toBe("first");
    listener.receive = () => "second";
    expect(receive(message, context)).toBe("second");
    expect(given).toEqual([listener, message, context]);
  });

  test("receiver - what the listener throws is thrown", () => {
    const error = new RangeError("no");
    const receive = receiverOf(() => {
      throw error;
    }, isKeptApart);
    expect(() => receive(message, context)).toThrow(error);
  });
});
