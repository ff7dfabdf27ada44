import { subscribe, unsubscribe } from "node:diagnostics_channel";
import {
  DestinationConfiguration,
  divertTo,
  type Message,
  MessageBus,
  type MessageTrace,
} from "busline";
import { ManualClock, Recorder, untilQuiet } from "busline/testing";
import { expect, test } from "vitest";
import { outcomeOf } from "./outcome-of.ts";

const { createSerialDestinationConfiguration: serial } = DestinationConfiguration;
const { createSynchronousDestinationConfiguration: synchronous } = DestinationConfiguration;

interface Fixture {
  readonly bus: MessageBus;
  readonly clock: ManualClock;
  /** The requests that nobody has answered. */
  readonly asked: Recorder<string>;
  readonly ask: (payload: string, timeoutMs?: number) => Promise<unknown>;
  readonly answer: (to: Message | undefined, value: string) => void;
}

function fixture(): Fixture {
  const clock = new ManualClock();
  const bus = new MessageBus({ clock });
  const destination = bus.addDestination<string>(serial("acme/asked"));
  const asked = new Recorder<string>();
  destination.listen(asked);
  return {
    ...{ bus, clock, asked },
    ask: (payload, timeoutMs = 1_000) => destination.request(payload, { timeoutMs }),
    answer: (to, value) => {
      const { responseDestinationName = "", responseId = "" } = to ?? {};
      void bus.send(responseDestinationName, value, { responseId });
    },
  };
}

test("request - a thousand of them have a thousand ids, and each finds its own", async () => {
  const { asked, ask, answer } = fixture();
  const numbers = Array.from({ length: 1_000 }, (_, at) => String(at));
  const replies = numbers.map(async (number) => ask(number));
  await asked.count(numbers.length);
  expect(new Set(asked.messages.map(({ responseId }) => responseId)).size).toBe(numbers.length);
  for (const message of asked.messages) answer(message, message.payload);
  expect(await Promise.all(replies)).toEqual(numbers);
});

test("request - its id is the same whenever it is asked for, and no other's", async () => {
  const { asked, ask, answer } = fixture();
  const replies = ["a", "b"].map(async (payload) => ask(payload));
  await asked.count(2);
  const [first, second] = asked.messages;
  const id = first?.responseId;
  expect(id).toMatch(/^[\da-f]{32}$/);
  expect(first?.responseId).toBe(id);
  expect(first?.toJSON()["responseId"]).toBe(id);
  expect(second?.responseId).not.toBe(id);
  answer(second, "to b");
  answer(first, "to a");
  expect(await Promise.all(replies)).toEqual(["to a", "to b"]);
});

test("request - its id may be asked for long after the listener has ended, and still finds it", async () => {
  const { bus, clock, asked, ask, answer } = fixture();
  const reply = ask("a");
  await asked.count(1);
  await untilQuiet(bus);
  clock.advance(999);
  answer(asked.messages[0], "at last");
  expect(await reply).toBe("at last");
});

test("request - the replies to many come in any order", async () => {
  const { asked, ask, answer } = fixture();
  const numbers = Array.from({ length: 100 }, (_, number) => number);
  const replies = numbers.map(async (number) => ask(`${number}`));
  await asked.count(100);
  // Every third id is asked for in advance.
  for (const message of asked.messages.filter((_, at) => at % 3 === 0)) void message.responseId;
  for (const message of asked.messages.toReversed()) answer(message, `to ${message.payload}`);
  expect(await Promise.all(replies)).toEqual(numbers.map((number) => `to ${number}`));
});

test("request - an id that is asked for when nobody waits any more answers nothing", async () => {
  const { bus, clock, asked, ask, answer } = fixture();
  const timedOut = outcomeOf(() => ask("a", 10));
  await asked.count(1);
  clock.advance(10);
  expect(await timedOut).toBe("BUSLINE_REQUEST_TIMEOUT");
  const id = asked.messages[0]?.responseId;
  expect(id).toEqual(expect.any(String));
  answer(asked.messages[0], "too late");
  expect(asked.messages[0]?.responseId).toBe(id);
  expect(bus.statistics).toMatchObject({ lateReplyCount: 1, pendingRequestCount: 0 });
});

test("request - an id that was known is forgotten with its request", async () => {
  const { bus, clock, asked, ask, answer } = fixture();
  const timedOut = outcomeOf(() => ask("a", 10));
  await asked.count(1);
  expect(asked.messages[0]?.responseId).toEqual(expect.any(String));
  clock.advance(10);
  await timedOut;
  const other = ask("b");
  await asked.count(2);
  answer(asked.messages[0], "too late");
  answer(asked.messages[1], "in time");
  answer(asked.messages[1], "once more");
  expect(await other).toBe("in time");
  expect(bus.statistics.lateReplyCount).toBe(2);
});

test("request - of a value and a message the first reply wins, whatever was asked", async () => {
  const bus = new MessageBus();
  const destination = bus.addDestination<string, string>(synchronous("acme/asked"));
  destination.listen(({ payload, responseDestinationName, responseId }) => {
    if (payload === "by message") {
      void bus.send(responseDestinationName as string, "message", {
        responseId: responseId as string,
      });
    }
    return "value";
  });
  expect(await destination.request("by message")).toBe("message");
  expect(await destination.request("by value")).toBe("value");
  expect(bus.statistics.lateReplyCount).toBe(1);
});

test("request - it keeps its id when it is diverted, and when a schema makes another payload of it", async () => {
  const upperCase = {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: (value: unknown) => ({ value: String(value).toUpperCase() }),
    },
  } as const;
  const bus = new MessageBus();
  const asked = new Recorder<string>();
  bus.addDestination(serial("acme/next", { schema: upperCase })).listen(asked);
  const full = bus.addDestination<string, string>(
    serial("acme/full", { maximumQueueSize: 1, rejectedExecutionHandler: divertTo("acme/next") }),
  );
  full.listen(() => {});
  full.pause();
  void full.send("fills it");
  const reply = full.request("diverted");
  await asked.count(1);
  const { payload, responseDestinationName = "", responseId = "" } = asked.messages[0] ?? {};
  expect(payload).toBe("DIVERTED");
  void bus.send(responseDestinationName, "found", { responseId });
  expect(await reply).toBe("found");
});

test("reply - who observes it sees the id of its request", async () => {
  const seen: (string | undefined)[] = [];
  const note = (trace: unknown): void => {
    seen.push((trace as MessageTrace).message.responseId);
  };
  subscribe("tracing:busline.reply:start", note);
  const bus = new MessageBus();
  const destination = bus.addDestination<string, string>(serial("acme/asked"));
  const ids: (string | undefined)[] = [];
  destination.listen(({ responseId }) => {
    ids.push(responseId);
    return "value";
  });
  expect(await destination.request("a")).toBe("value");
  unsubscribe("tracing:busline.reply:start", note);
  expect(ids).toEqual([expect.any(String)]);
  expect(seen).toEqual(ids);
});

test("reply - one whose check outlasts the request is counted as late", async () => {
  const clock = new ManualClock();
  const bus = new MessageBus({ clock });
  const checks = new Recorder<() => void>();
  const replySchema = {
    "~standard": {
      version: 1,
      vendor: "acme",
      validate: async (value: unknown) => {
        await new Promise<void>((resolve) => checks.receive({ payload: resolve } as never));
        return { value };
      },
    },
  } as const;
  const destination = bus.addDestination(serial("acme/slow", { replySchema }));
  destination.listen(() => "answer");
  const asked = outcomeOf(() => destination.request("question", { timeoutMs: 10 }));
  await checks.count(1);
  clock.advance(10);
  expect(await asked).toBe("BUSLINE_REQUEST_TIMEOUT");
  for (const pass of checks.payloads) pass();
  await untilQuiet(bus);

  expect(bus.statistics.lateReplyCount).toBe(1);
});
