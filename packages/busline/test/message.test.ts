import { inspect } from "node:util";
import {
  type Destination,
  DestinationConfiguration,
  InvalidConfigurationError,
  type Message,
  MessageBus,
  type SendOptions,
} from "busline";
import { ManualClock, Recorder } from "busline/testing";
import { describe, expect, test } from "vitest";

const NAME = "acme/a";

function recordingBus(type = "synchronous") {
  const clock = new ManualClock({ startAt: 1_700_000_000_000 });
  const bus = new MessageBus({ clock });
  const destination = bus.addDestination(new DestinationConfiguration(type, NAME));
  const recorder = new Recorder();
  destination.listen(recorder);
  return { bus, clock, destination, recorder };
}

/** The message that a listener gets for what is sent. */
function received(payload: unknown, options?: SendOptions): Message {
  const { destination, recorder } = recordingBus();
  void destination.send(payload, options);
  const [message] = recorder.messages;
  if (message === undefined) throw new Error("Nothing has come.");
  return message;
}

describe("message - its fields", () => {
  test("message - without options", () => {
    const message = received("payload");
    expect(message).toMatchObject({
      destinationName: NAME,
      payload: "payload",
      sentAt: 1_700_000_000_000,
    });
    expect(message.id).toMatch(/^[\w-]{10,255}$/);
    expect(Object.keys(message.headers)).toEqual([]);
    expect(message.key).toBeUndefined();
    expect(message.responseDestinationName).toBeUndefined();
    expect(message.responseId).toBeUndefined();
  });

  test("message - with every option", () => {
    const message = received("payload", {
      id: "order-1",
      key: "customer-7",
      headers: { traceparent: "00-1-2-01" },
      responseDestinationName: "acme/replies",
      responseId: "request-9",
    });
    expect(message).toMatchObject({
      id: "order-1",
      key: "customer-7",
      headers: { traceparent: "00-1-2-01" },
      responseDestinationName: "acme/replies",
      responseId: "request-9",
    });
  });

  test("message - sentAt is the moment of the sending, also for one that waits", async () => {
    const { clock, destination, recorder } = recordingBus("serial");
    destination.pause();
    void destination.send(1);
    clock.advance(1_000);
    destination.resume();
    await recorder.count(1);
    expect(recorder.messages[0]?.sentAt).toBe(1_700_000_000_000);
  });

  test("message - all listeners of one get the same", () => {
    const { destination, recorder } = recordingBus();
    const second = new Recorder();
    destination.listen(second);
    void destination.send({});
    expect(second.messages[0]).toBe(recorder.messages[0]);
  });

  test("message - ids are unique over buses, and stay what they are", () => {
    const ids = new Set<string>();
    for (let count = 0; count < 20; count += 1) {
      const { destination, recorder } = recordingBus();
      for (let payload = 0; payload < 50; payload += 1) void destination.send(payload);
      for (const message of recorder.messages) {
        ids.add(message.id);
        expect(message.id).toBe(message.id);
      }
    }
    expect(ids.size).toBe(1_000);
  });

  test("message - a payload goes by reference, of whatever kind", () => {
    const frozen = Object.freeze({ a: 1 });
    const symbol = Symbol("payload");
    const things = [
      {},
      [],
      frozen,
      new Map(),
      () => {},
      new Date(0),
      symbol,
      null,
      undefined,
      0,
      NaN,
    ];
    for (const payload of things) expect(received(payload).payload).toBe(payload);
  });
});

describe("message - D9: nobody changes the envelope", () => {
  const fields = ["id", "destinationName", "payload", "headers", "sentAt", "key", "responseId"];
  test.each(fields)("message - %s cannot be assigned or deleted away", (field) => {
    const message = received("payload", {
      id: "1",
      key: "k",
      responseId: "r",
      headers: { a: "b" },
    });
    const before = JSON.stringify(message);
    expect(() => Object.assign(message, { [field]: "changed" })).toThrow(TypeError);
    Reflect.deleteProperty(message, field);
    expect(JSON.stringify(message)).toBe(before);
  });

  test("message - its headers are frozen and without a prototype", () => {
    const { headers } = received(1, { headers: { a: "b" } });
    expect(Object.getPrototypeOf(headers)).toBeNull();
    expect(Object.isFrozen(headers)).toBe(true);
    expect(() => Object.assign(headers, { a: "changed" })).toThrow(TypeError);
    const { headers: none } = received(1);
    expect(() => Object.assign(none, { a: "added" })).toThrow(TypeError);
    expect(Object.getPrototypeOf(none)).toBeNull();
  });

  test("message - a listener that tries shows nothing to the next one", () => {
    const { bus } = recordingBus();
    const destination = bus.addDestination(new DestinationConfiguration("synchronous", "acme/b"));
    destination.listen((message) => {
      for (const field of fields) Reflect.set(message, field, "changed");
    });
    const recorder = new Recorder();
    destination.listen(recorder);
    void destination.send("payload", { id: "1" });
    expect(recorder.messages[0]).toMatchObject({ id: "1", payload: "payload", headers: {} });
  });
});

describe("message - the sender's objects", () => {
  test("message - headers are copied", () => {
    const { destination, recorder } = recordingBus("serial");
    const headers: Record<string, string> = { a: "1" };
    void destination.send(1, { headers });
    headers["a"] = "2";
    headers["b"] = "3";
    return recorder.count(1).then(() => {
      expect({ ...recorder.messages[0]?.headers }).toEqual({ a: "1" });
    });
  });

  test.each(["parallel", "serial", "synchronous"])(
    "message - nothing of them is touched: %s",
    async (type) => {
      const { destination, recorder } = recordingBus(type);
      const payload = { deep: { list: [1, 2] } };
      const options = { id: "1", key: "k", headers: { a: "b" } };
      const before = structuredClone({ payload, options });
      await destination.send(payload, options);
      await recorder.count(1);
      expect({ payload, options }).toStrictEqual(before);
      for (const object of [payload, payload.deep, payload.deep.list, options, options.headers]) {
        expect(Object.isFrozen(object)).toBe(false);
      }
    },
  );

  test("message - frozen options and a frozen payload are fine", () => {
    const options = Object.freeze({ headers: Object.freeze({ a: "b" }) });
    expect(received(Object.freeze({ a: 1 }), options).payload).toEqual({ a: 1 });
  });
});

describe("message - limits of what a sender adds", () => {
  const many = (count: number): Record<string, string> =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`h${index}`, ""]));
  const refused: Record<string, SendOptions> = {
    "65 headers": { headers: many(65) },
    "8,193 characters of headers": { headers: { name: "x".repeat(8_189) } },
    "a header that is no text": { headers: { a: 1 } as unknown as Record<string, string> },
    "headers that are a list": { headers: ["a"] as unknown as Record<string, string> },
    "headers of null": { headers: null as unknown as Record<string, string> },
    "an empty id": { id: "" },
    "an id of 256 characters": { id: "x".repeat(256) },
    "an id that is a number": { id: 5 as unknown as string },
    "an empty key": { key: "" },
    "a key that is a number": { key: 5 as unknown as string },
    "a responseId that is no text": { responseId: {} as unknown as string },
    "a responseDestinationName that is none": { responseDestinationName: "no spaces" },
    "a signal that is none": { signal: {} as AbortSignal },
    "an unknown option": { prioritee: 1 } as SendOptions,
  };
  test.each(Object.entries(refused))("message - %s: refused, nothing sent", async (_, options) => {
    const { destination, recorder } = recordingBus();
    expect(() => destination.send(1, options)).toThrow(InvalidConfigurationError);
    await expect(destination.request(1, options as object)).rejects.toThrow(
      InvalidConfigurationError,
    );
    expect(recorder.messages).toEqual([]);
    expect(destination.statistics.sentMessageCount).toBe(0);
  });

  test("message - as much as is allowed", () => {
    const headers = { ...many(63), name: "" };
    const characters = Object.keys(headers).join("").length;
    headers["name"] = "x".repeat(8_192 - characters);
    const message = received(1, { headers, id: "x".repeat(255), key: "k".repeat(255) });
    expect(Object.keys(message.headers)).toHaveLength(64);
    expect(message.id).toHaveLength(255);
  });

  test("message - headers that throw when they are read are refused", () => {
    const headers = {
      get a(): string {
        throw new Error("unreadable");
      },
    };
    expect(() => received(1, { headers })).toThrow(InvalidConfigurationError);
    const { proxy, revoke } = Proxy.revocable<Record<string, string>>({}, {});
    revoke();
    expect(() => received(1, { headers: proxy })).toThrow(InvalidConfigurationError);
  });
});

describe("message - for people", () => {
  const options = {
    id: "1",
    key: "k",
    headers: { a: "b" },
    responseDestinationName: NAME,
    responseId: "r",
  };

  test("message - toJSON has all fields", () => {
    expect(JSON.parse(JSON.stringify(received({ total: 3 }, options)))).toEqual({
      ...options,
      destinationName: NAME,
      sentAt: 1_700_000_000_000,
      payload: { total: 3 },
    });
  });

  test("message - inspect shows the fields that it has", () => {
    const full = inspect(received({ total: 3 }, options), { depth: 5 });
    for (const part of ["Message", "id: '1'", "total: 3", "key: 'k'", "a: 'b'", NAME]) {
      expect(full).toContain(part);
    }
    expect(inspect(received(1))).not.toContain("undefined");
    expect(inspect({ deep: { deeper: received(1) } })).toContain("Message");
  });

  test("message - one inside what is too deep is only named", () => {
    const nested = { a: { b: { c: { message: received({ secret: "payload" }) } } } };
    expect(inspect(nested)).not.toContain("payload");
  });
});

test("message - the same payload, sent twice, is two messages", () => {
  const { destination, recorder } = recordingBus();
  const sendTwice = ({ send }: { send: Destination["send"] }): void => {
    void send.call(destination, "same");
    void send.call(destination, "same");
  };
  sendTwice(destination);
  const [one, other] = recorder.messages;
  expect(one).not.toBe(other);
  expect(one?.id).not.toBe(other?.id);
});
