import {
  type Destination,
  type DestinationAttributes,
  DestinationConfiguration,
  InvalidConfigurationError,
  InvalidMessageError,
  ListenerFailedError,
  MessageBus,
  type StandardSchema,
} from "busline";
import { ManualClock, Recorder, untilQuiet } from "busline/testing";
import { describe, expect, test } from "vitest";
import * as z from "zod";

type Validate = StandardSchema["~standard"]["validate"];

const schemaOf = (validate: Validate): StandardSchema => ({
  "~standard": { version: 1, vendor: "test", validate },
});

const positive: Validate = (value) =>
  typeof value === "number" && value > 0
    ? { value }
    : { issues: [{ message: "not positive", path: ["amount"] }] };

const TYPES = ["parallel", "serial", "synchronous"] as const;

function made(
  attributes: Pick<DestinationAttributes, "schema" | "replySchema">,
  destinationType: string = "serial",
): { bus: MessageBus; clock: ManualClock; destination: Destination; told: unknown[] } {
  const told: unknown[] = [];
  const clock = new ManualClock();
  const bus = new MessageBus({ clock, onError: (error) => void told.push(error) });
  const destination = bus.addDestination(
    new DestinationConfiguration(destinationType, "acme/checked", attributes),
  );
  return { bus, clock, destination, told };
}

function issuesOf(error: unknown): unknown {
  expect(error).toBeInstanceOf(InvalidMessageError);
  return (error as InvalidMessageError).issues;
}

describe.each(TYPES)("payloads at a %s destination", (destinationType) => {
  test("schema - zod's output is the payload: unknown fields go, defaults come", async () => {
    const schema = z.object({ amount: z.number().positive(), currency: z.string().default("EUR") });
    const { destination } = made({ schema }, destinationType);
    const recorder = new Recorder();
    destination.listen(recorder);
    const sent = { amount: 1, extra: true };
    void destination.send(sent);

    await expect(recorder.count(1)).resolves.toEqual([{ amount: 1, currency: "EUR" }]);
    expect(sent).toEqual({ amount: 1, extra: true });
  });

  test("schema - a payload that does not fit is refused at send, and counted as rejected", async () => {
    const schema = z.object({ amount: z.number().positive(), name: z.string() });
    const { destination } = made({ schema }, destinationType);
    const recorder = new Recorder();
    destination.listen(recorder);

    expect(() => destination.send({ amount: -1, name: 7 })).toThrow(InvalidMessageError);
    void destination.send({ amount: 1, name: "fence" });

    await expect(recorder.count(1)).resolves.toEqual([{ amount: 1, name: "fence" }]);
    expect(destination.statistics).toMatchObject({ sentMessageCount: 2, rejectedMessageCount: 1 });
  });

  test("schema - a request that does not fit rejects", async () => {
    const { bus, destination } = made({ schema: schemaOf(positive) }, destinationType);
    destination.listen(() => "reply");

    for (const mode of ["default", "direct"] as const) {
      await expect(destination.request(-1, { mode })).rejects.toThrow(InvalidMessageError);
      await expect(destination.request(1, { mode })).resolves.toBe("reply");
    }
    expect(destination.statistics).toMatchObject({ sentMessageCount: 4, rejectedMessageCount: 2 });
    expect(bus.statistics.pendingRequestCount).toBe(0);
  });
});

describe("payloads", () => {
  test("schema - the error lists all issues with their paths, but never the payload", () => {
    const schema = z.object({ amount: z.number(), lines: z.array(z.object({ sku: z.string() })) });
    const { destination } = made({ schema });
    let thrown: unknown;
    try {
      void destination.send({ amount: "secret", lines: [{ sku: 1 }] });
    } catch (error) {
      thrown = error;
    }

    expect(issuesOf(thrown)).toMatchObject([{ path: ["amount"] }, { path: ["lines", 0, "sku"] }]);
    const { message, code, part, destinationName } = thrown as InvalidMessageError;
    expect(message).toContain("amount: ");
    expect(message).toContain("lines.0.sku: ");
    expect(message).not.toContain("secret");
    expect([code, part, destinationName]).toEqual([
      "BUSLINE_INVALID_MESSAGE",
      "payload",
      "acme/checked",
    ]);
  });

  test("schema - a path may be of keyed segments, or absent", () => {
    const { destination } = made({
      schema: schemaOf(() => ({
        issues: [{ message: "wrong", path: [{ key: "a" }, Symbol("b")] }, { message: "bare" }],
      })),
    });

    expect(() => destination.send(1)).toThrow(/: a\.Symbol\(b\): wrong; bare$/);
  });

  test("schema - an asynchronous one makes send a promise, which settles with the check", async () => {
    const { destination } = made({ schema: schemaOf(async (value) => positive(value)) });
    const recorder = new Recorder();
    destination.listen(recorder);

    const refused = destination.send(-1);
    expect(refused).toBeInstanceOf(Promise);
    await expect(refused).rejects.toThrow(InvalidMessageError);
    await expect(destination.send(1)).resolves.toBeUndefined();
    await expect(recorder.count(1)).resolves.toEqual([1]);
    expect(destination.statistics).toMatchObject({ sentMessageCount: 2, rejectedMessageCount: 1 });
    await expect(destination.request(-1)).rejects.toThrow(InvalidMessageError);
  });

  test("schema - the sender's abort during an asynchronous check is heard", async () => {
    const { bus, destination } = made({ schema: schemaOf(async (value) => ({ value })) });
    const recorder = new Recorder();
    destination.listen(recorder);
    const controller = new AbortController();

    const sent = Promise.resolve(destination.send(1, { signal: controller.signal }));
    controller.abort();
    // Whether the sender is told or the message is withdrawn: nobody receives it, and it is counted.
    await sent.catch(() => {});
    await untilQuiet(bus);

    expect(recorder.payloads).toEqual([]);
    const { sentMessageCount, rejectedMessageCount, discardedMessageCount } =
      destination.statistics;
    expect(sentMessageCount).toBe(rejectedMessageCount + discardedMessageCount);
  });

  test.each([
    ["throws", () => fail()],
    ["rejects", async () => fail()],
  ])("schema - one that %s refuses the message, with the cause", async (_, validate) => {
    const { destination } = made({ schema: schemaOf(validate) });
    const error: unknown = await new Promise((resolve) => {
      resolve(destination.send(1));
    }).catch((failure: unknown) => failure);

    expect(issuesOf(error)).toEqual([{ message: "the schema itself threw" }]);
    expect((error as InvalidMessageError).cause).toEqual(new Error("broken schema"));
    expect(destination.statistics.rejectedMessageCount).toBe(1);
  });

  test.each([
    ["text", "z.string()"],
    ["null", null],
    ["empty object", {}],
    ["function", () => true],
    ["schema without validate", { "~standard": { version: 1, vendor: "test" } }],
    ["throwing object", Object.defineProperty({}, "~standard", { get: () => fail() })],
  ])("schema - a %s is none and is refused", (_, value) => {
    for (const name of ["schema", "replySchema"]) {
      const make = (): unknown =>
        new DestinationConfiguration("serial", "acme/checked", { [name]: value });
      expect(make).toThrow(InvalidConfigurationError);
      expect(make).toThrow(expect.objectContaining({ attribute: name }));
    }
  });
});

describe.each(TYPES)("replies of a %s destination", (destinationType) => {
  const replySchema = z.object({ id: z.coerce.number() });

  test("replySchema - its output is what the requester gets, whichever way the reply comes", async () => {
    const { bus, destination } = made({ replySchema }, destinationType);
    destination.listen(({ payload, responseDestinationName = "", responseId = "" }, context) => {
      const reply = { id: "7", extra: true };
      if (payload === "return") return reply;
      if (payload === "context") context.reply(reply);
      else void bus.send(responseDestinationName, reply, { responseId });
      return undefined;
    });

    for (const way of ["return", "context", "message"]) {
      await expect(destination.request(way)).resolves.toEqual({ id: 7 });
    }
  });

  test.each(["return", "promise", "context", "message"])(
    "replySchema - a reply by %s that does not fit is the listener's failure",
    async (way) => {
      const { bus, destination } = made({ replySchema }, destinationType);
      destination.listen(({ responseDestinationName = "", responseId = "" }, context) => {
        if (way === "return") return "wrong";
        if (way === "promise") return Promise.resolve("wrong");
        if (way === "context") context.reply("wrong");
        else void bus.send(responseDestinationName, "wrong", { responseId });
        return undefined;
      });

      const failure: unknown = await destination.request("a").catch((error: unknown) => error);

      expect(failure).toBeInstanceOf(ListenerFailedError);
      const { cause } = failure as ListenerFailedError;
      expect(cause).toMatchObject({ name: "InvalidMessageError", part: "reply" });
      expect(destination.statistics.failedMessageCount).toBe(1);
    },
  );

  test("replySchema - another listener's reply that fits still counts", async () => {
    const { destination } = made({ replySchema }, destinationType);
    destination.listen(() => "wrong");
    destination.listen(() => ({ id: 1 }));

    await expect(destination.request("a")).resolves.toEqual({ id: 1 });
  });

  test("replySchema - checks also what a send's listener returns for responseDestinationName", async () => {
    const { bus, destination, told } = made({ replySchema }, destinationType);
    bus.addDestination(new DestinationConfiguration("serial", "acme/answers"));
    const answers = new Recorder();
    bus.listen("acme/answers", answers);
    destination.listen(({ payload }) => payload);
    const options = { responseDestinationName: "acme/answers" };

    await Promise.resolve()
      .then(() => destination.send("wrong", options))
      .catch(() => {});
    await destination.send({ id: "2" }, options);

    await expect(answers.count(1)).resolves.toEqual([{ id: 2 }]);
    expect(told).toEqual([expect.any(InvalidMessageError)]);
  });
});

describe("asynchronous reply schemas", () => {
  const replySchema = schemaOf(async (value) => positive(value));

  test("replySchema - an asynchronous one is awaited, for each way", async () => {
    const { bus, destination } = made({ replySchema });
    destination.listen(({ payload, responseDestinationName = "", responseId = "" }, context) => {
      if (payload === "return") return 1;
      if (payload === "context") context.reply(1);
      else return bus.send(responseDestinationName, 1, { responseId });
    });

    for (const way of ["return", "context", "message"]) {
      await expect(destination.request(way)).resolves.toBe(1);
    }
  });

  test.each(["return", "message"])(
    "replySchema - an asynchronous refusal of a reply by %s is the listener's failure",
    async (way) => {
      const { bus, destination } = made({ replySchema });
      destination.listen(({ responseDestinationName = "", responseId = "" }) =>
        way === "return" ? -1 : bus.send(responseDestinationName, -1, { responseId }),
      );

      await expect(destination.request("a")).rejects.toThrow(ListenerFailedError);
    },
  );

  test("replySchema - an asynchronous refusal of context.reply is told, and another reply may come", async () => {
    const told: unknown[] = [];
    const clock = new ManualClock();
    const bus = new MessageBus({ clock, logger: { error: (details) => void told.push(details) } });
    const destination = bus.addDestination(
      new DestinationConfiguration("serial", "acme/checked", { replySchema }),
    );
    destination.listen((_message, context) => {
      context.reply(-1);
      context.reply(2);
    });

    await expect(destination.request("a")).resolves.toBe(2);
    await untilQuiet(bus);
    expect(told).toContainEqual(
      expect.objectContaining({ err: expect.any(InvalidMessageError) as unknown }),
    );
  });

  test("replySchema - the error hook is told once of a reply that does not fit", async () => {
    const { bus, destination, told } = made({ replySchema: schemaOf(positive) });
    destination.listen(() => -1);

    await expect(destination.request("a")).rejects.toThrow(ListenerFailedError);
    await untilQuiet(bus);

    expect(told).toHaveLength(1);
  });
});

function fail(): never {
  throw new Error("broken schema");
}
