import {
  DestinationConfiguration,
  divertTo,
  InvalidConfigurationError,
  MessageBus,
  UnknownDestinationError,
} from "busline";
import { Recorder } from "busline/testing";
import { afterEach, describe, expect, test } from "vitest";

/** Names that every object, prototype, promise or map knows in some way. */
const INHERITED = [
  "__proto__",
  "__defineGetter__",
  "constructor",
  "prototype",
  "then",
  "catch",
  "toString",
  "toJSON",
  "valueOf",
  "hasOwnProperty",
  "length",
  "name",
  "size",
  "get",
];

/** Names that could break a line, a path or a screen, or look like another one. */
const REFUSED: Record<string, string> = {
  "an empty name": "",
  "a space": " ",
  "a space inside": "acme/a b",
  "a space at the end": "acme/a ",
  "a line feed at the end": "acme/a\n",
  "CR LF": "acme/a\r\nINFO all is well",
  NUL: "acme/a\0",
  "a tab": "acme\ta",
  "an escape sequence": "acme/\u001B[2J",
  "an umlaut": "acme/größe",
  "a Cyrillic a": "\u0430cme/a",
  "a full-width solidus": "acme\uFF0Fa",
  "a right-to-left override": "acme/\u202Ea",
  "a zero-width joiner": "acme/\u200Da",
  "a line separator": "acme/\u2028a",
  "an emoji": "acme/🚌",
  "half an emoji": "acme/\uD83D",
  "a star": "acme/*",
  "a colon": "acme:a",
  "256 characters": "a".repeat(256),
};

const NO_TEXTS: readonly unknown[] = [undefined, null, 5, true, {}, ["acme/a"], Symbol("acme/a")];

const canary = Object.getOwnPropertyNames(Object.prototype).toSorted();

afterEach(() => {
  const names = Object.getOwnPropertyNames(Object.prototype).toSorted();
  if (names.join() !== canary.join())
    throw new Error(`Object.prototype is polluted: ${names.join()}`);
});

/** Whether a text would break, or rewrite, the line of a log that it stands in. */
function breaksLine(text: string): boolean {
  return /[\p{Cc}\u2028\u2029\u202E]/u.test(text);
}

describe.each(INHERITED)("bus - a destination named %s is one like any other", (name) => {
  test("bus - it is not there before it is added", async () => {
    const bus = new MessageBus();
    expect(bus.hasDestination(name)).toBe(false);
    expect(bus.hasListener(name)).toBe(false);
    expect(bus.getDestination(name)).toBeUndefined();
    expect(() => bus.send(name, 1)).toThrow(UnknownDestinationError);
    await expect(bus.request(name, 1)).rejects.toThrow(UnknownDestinationError);
    await expect(bus.removeDestination(name)).rejects.toThrow(UnknownDestinationError);
  });

  test("bus - it is added, listened at, sent to, asked, replaced and removed", async () => {
    const bus = new MessageBus();
    const recorder = new Recorder();
    bus.listen(name, recorder);
    const destination = bus.addDestination(new DestinationConfiguration("serial", name));
    expect(bus.getDestination(name)).toBe(destination);
    expect(bus.destinationNames).toContain(name);
    void bus.send(name, "first");
    expect(await recorder.count(1)).toEqual(["first"]);
    bus.listen(name, () => "reply");
    expect(await bus.request(name, "second")).toBe("reply");
    bus.replaceDestination(new DestinationConfiguration("synchronous", name));
    await bus.send(name, "third");
    expect(recorder.payloads).toEqual(["first", "second", "third"]);
    const found = bus.statistics.destinations.find((one) => one.destinationName === name);
    expect(found?.deliveredMessageCount).toBe(3);
    await bus.removeDestination(name);
    expect(bus.hasDestination(name)).toBe(false);
  });

  test("bus - it may be a type of destination, or a header, id or key", () => {
    const bus = new MessageBus({
      destinationTypes: Object.fromEntries([[name, () => ({ workerPer: "message" as const })]]),
    });
    const destination = bus.addDestination(new DestinationConfiguration(name, "acme/a"));
    const recorder = new Recorder();
    destination.listen(recorder);
    const headers: Record<string, string> = Object.fromEntries([[name, "polluted"]]);
    void destination.send(1, { headers, id: name, key: name });
    const [message] = recorder.messages;
    expect(Object.entries(message?.headers ?? {})).toEqual([[name, "polluted"]]);
    expect([message?.id, message?.key]).toEqual([name, name]);
    expect(JSON.parse(JSON.stringify(message)).headers).toHaveProperty([name], "polluted");
    expect(Object.getPrototypeOf(message?.headers)).toBeNull();
  });

  test("bus - without a factory of its own it is no type", () => {
    const bus = new MessageBus();
    expect(() => bus.addDestination(new DestinationConfiguration(name, "acme/a"))).toThrow(
      InvalidConfigurationError,
    );
  });
});

test("message - a header that no message has is not there", () => {
  const bus = new MessageBus();
  const destination = bus.addDestination(new DestinationConfiguration("synchronous", "acme/a"));
  const recorder = new Recorder();
  destination.listen(recorder);
  void destination.send(1);
  void destination.send(2, { headers: { a: "b" } });
  for (const { headers } of recorder.messages) {
    for (const name of INHERITED) expect(headers[name]).toBeUndefined();
  }
});

describe("bus - names of another kind are refused", () => {
  test.each(Object.entries(REFUSED))("bus - %s", (_, name) => {
    const bus = new MessageBus();
    for (const use of [
      () => new DestinationConfiguration("serial", name),
      () => DestinationConfiguration.createParallelDestinationConfiguration(name),
      () => DestinationConfiguration.createSynchronousDestinationConfiguration(name),
      () => bus.listen(name, () => {}),
      () => divertTo(name),
      () => bus.send("liferay/hot_deploy", 1, { responseDestinationName: name }),
    ]) {
      let refusal: unknown;
      try {
        void use();
      } catch (error) {
        refusal = error;
      }
      expect(refusal).toBeInstanceOf(InvalidConfigurationError);
      expect((refusal as Error).message.length).toBeLessThan(300);
    }
    expect(bus.hasDestination(name)).toBe(false);
  });

  test.each(NO_TEXTS)("bus - %s, which is no text", (given) => {
    const name = given as string;
    const bus = new MessageBus();
    expect(() => new DestinationConfiguration("serial", name)).toThrow(InvalidConfigurationError);
    expect(() => bus.listen(name, () => {})).toThrow(InvalidConfigurationError);
    expect(() => bus.send(name, 1)).toThrow(UnknownDestinationError);
    expect(bus.getDestination(name)).toBeUndefined();
  });

  test("bus - an object that cannot be made a text is unknown like any other", async () => {
    const bus = new MessageBus();
    const hostile = {
      toString: () => {
        throw new Error("printed");
      },
    };
    for (const given of [hostile, Object.create(null), Object.create(hostile)] as unknown[]) {
      const name = given as string;
      expect(() => bus.send(name, 1)).toThrow(UnknownDestinationError);
      await expect(bus.removeDestination(name)).rejects.toThrow(UnknownDestinationError);
      // What refuses a request is a rejection, never a throw.
      let request: Promise<unknown> | undefined;
      expect(() => {
        request = bus.request(name, 1);
      }).not.toThrow();
      await expect(request).rejects.toThrow(UnknownDestinationError);
    }
  });

  test("bus - 255 characters of the grammar are a name", () => {
    const bus = new MessageBus();
    const name = "aZ09._/-".repeat(32).slice(0, 255);
    expect(bus.addDestination(new DestinationConfiguration("serial", name)).name).toBe(name);
  });
});

describe("errors - a hostile name cannot break the line of a log", () => {
  const breaking = Object.entries(REFUSED).filter(([, name]) => breaksLine(name));

  test.each(breaking)("errors - refused as a name: %s", (_, name) => {
    expect(() => new DestinationConfiguration("serial", name)).toThrow(
      expect.toSatisfy((error: Error) => !breaksLine(error.message)),
    );
  });

  test.each(breaking)("errors - unknown as a destination: %s", async (_, name) => {
    const bus = new MessageBus();
    expect(() => bus.send(name, 1)).toThrow(
      expect.toSatisfy((error: Error) => !breaksLine(error.message)),
    );
    await expect(bus.request(name, 1)).rejects.toSatisfy(
      (error: Error) => !breaksLine(error.message),
    );
  });

  test("errors - a very long unknown name is cut", () => {
    const bus = new MessageBus();
    expect(() => bus.send("a".repeat(1_000_000), 1)).toThrow(
      expect.toSatisfy((error: Error) => error.message.length < 1_000),
    );
  });

  test("errors - an unknown attribute with such a name", () => {
    const attributes = { "maximum\r\nINFO all is well": 1 } as object;
    expect(() => new DestinationConfiguration("serial", "acme/a", attributes)).toThrow(
      expect.toSatisfy((error: Error) => !breaksLine(error.message)),
    );
  });
});
