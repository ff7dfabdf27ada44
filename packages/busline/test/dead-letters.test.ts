import { describe, expect, test } from "vitest";
import {
  abort,
  DeadLetterHeaders,
  DestinationConfiguration,
  type DestinationAttributes,
  discard,
  type Message,
  MessageBus,
  waitForSpace,
} from "busline";
import { GateListener, ManualClock, Recorder, untilQuiet } from "busline/testing";
import { ledgerOf } from "./ledger.ts";
import { turns } from "./outcome-of.ts";

function busWith(type: string, dead: DestinationAttributes = {}, own: DestinationAttributes = {}) {
  const clock = new ManualClock({ startAt: Date.UTC(2026, 0, 2, 3, 4, 5, 678) });
  const logged: unknown[] = [];
  const bus = new MessageBus({
    clock,
    onError: () => {},
    logger: { error: (details, text) => logged.push([text, details]) },
  });
  const destination = bus.addDestination<string>(
    new DestinationConfiguration(type, "acme/a", { deadLetter: "acme/dead", ...own }),
  );
  const letters = bus.addDestination<string>(
    DestinationConfiguration.createSerialDestinationConfiguration("acme/dead", dead),
  );
  const pass = async (ms: number): Promise<void> => {
    await turns();
    clock.advance(ms);
    await turns();
  };
  return { bus, destination, letters, logged, pass };
}

const fails = (): never => {
  throw Object.assign(new TypeError("cannot be read"), { code: "E_READ" });
};

describe.each(["parallel", "serial", "keyed"])("%s", (type) => {
  test("deadLetter - a message that has failed for good goes there, with what is known in its headers", async () => {
    const { bus, destination, letters } = busWith(type);
    const told: unknown[] = [];
    destination.addDestinationEventListener({
      messageDeadLettered: ({ payload }) => told.push(payload),
    });
    const recorder = new Recorder<string>();
    letters.listen(recorder);
    destination.listen(fails, { name: "reader" });
    void destination.send("a", { id: "one", key: "k", headers: { trace: "t" } });
    await untilQuiet(bus);
    const [letter] = recorder.messages as [Message<string>];
    expect(letter.id).toBe("one");
    expect(letter.key).toBe("k");
    expect(letter.payload).toBe("a");
    expect({ ...letter.headers }).toEqual({
      trace: "t",
      [DeadLetterHeaders.DESTINATION]: "acme/a",
      [DeadLetterHeaders.PATH]: "acme/a",
      [DeadLetterHeaders.ATTEMPTS]: "1",
      [DeadLetterHeaders.LISTENERS]: "reader",
      [DeadLetterHeaders.ERROR]: "TypeError",
      [DeadLetterHeaders.CODE]: "E_READ",
      [DeadLetterHeaders.REASON]: "cannot be read",
      [DeadLetterHeaders.AT]: "2026-01-02T03:04:05.678Z",
    });
    expect(Object.isFrozen(letter.headers)).toBe(true);
    expect(told).toEqual(["a"]);
    expect(ledgerOf(destination)).toEqual({ sent: 1, deadLettered: 1 });
    expect(ledgerOf(letters)).toEqual({ sent: 1, delivered: 1 });
    await bus.close();
  });

  test("deadLetter - only after the last attempt", async () => {
    const retry = { attempts: 2, jitter: 0 };
    const { bus, destination, letters, pass } = busWith(type, {}, { retry });
    const recorder = new Recorder<string>();
    letters.listen(recorder);
    destination.listen(fails);
    void destination.send("a");
    await pass(99);
    expect(recorder.payloads).toEqual([]);
    await pass(1);
    expect(recorder.payloads).toEqual(["a"]);
    expect(recorder.messages[0]?.headers[DeadLetterHeaders.ATTEMPTS]).toBe("2");
    await bus.close();
  });

  test("deadLetter - context.deadLetter brings a message there at once, with its reason", async () => {
    const { bus, destination, letters } = busWith(type, {}, { retry: {} });
    const recorder = new Recorder<string>();
    letters.listen(recorder);
    destination.listen((_, context) => context.deadLetter("out of date"));
    void destination.send("a");
    await untilQuiet(bus);
    const { headers } = recorder.messages[0] as Message;
    expect(headers[DeadLetterHeaders.REASON]).toBe('A listener of "acme/a" gave up: out of date');
    expect(headers[DeadLetterHeaders.CODE]).toBe("BUSLINE_DEAD_LETTER");
    await bus.close();
  });

  test("deadLetter - of several listeners that fail, all are named, and the last one's error", async () => {
    const { bus, destination, letters } = busWith(type);
    const recorder = new Recorder<string>();
    letters.listen(recorder);
    destination.listen(fails, { name: "one" });
    destination.listen(() => {}, { name: "fine" });
    destination.listen(
      () => {
        throw "a text";
      },
      { name: "two" },
    );
    void destination.send("a");
    await untilQuiet(bus);
    expect(recorder.payloads).toEqual(["a"]);
    expect(recorder.messages[0]?.headers).toMatchObject({
      [DeadLetterHeaders.LISTENERS]: "one,two",
      [DeadLetterHeaders.ERROR]: "string",
      [DeadLetterHeaders.REASON]: "a text",
    });
    expect(recorder.messages[0]?.headers[DeadLetterHeaders.CODE]).toBeUndefined();
    await bus.close();
  });

  test.each([
    ["that is unknown", { deadLetter: "acme/nowhere" }, {}, false],
    ["that is full", {}, { maximumQueueSize: 1, rejectedExecutionHandler: abort }, true],
  ])("deadLetter - a destination %s: failed, and logged", async (_, own, dead, isFull) => {
    const { bus, destination, letters, logged } = busWith(type, dead, own);
    letters.listen(new Recorder());
    letters.pause();
    if (isFull) void letters.send("in the way");
    destination.listen(fails);
    void destination.send("a");
    await turns();
    expect(ledgerOf(destination)).toEqual({ sent: 1, failed: 1 });
    expect(logged).toEqual([
      [
        `A dead letter of "acme/a" failed at "${isFull ? "acme/dead" : "acme/nowhere"}"`,
        expect.objectContaining({ messageId: expect.any(String) }),
      ],
    ]);
    await bus.close();
  });

  test("deadLetter - a destination that makes it wait for room: it stays active until it is in", async () => {
    const { bus, destination, letters } = busWith(type, {
      maximumQueueSize: 1,
      rejectedExecutionHandler: waitForSpace(),
    });
    const gate = new GateListener<string>();
    letters.listen(gate);
    destination.listen(fails);
    void letters.send("runs");
    await gate.entered(1);
    void letters.send("waits");
    void destination.send("a");
    await turns();
    // It counts in the bound, so that a full dead letter destination holds up this one.
    expect(ledgerOf(destination)).toEqual({ sent: 1, pending: 1 });
    gate.open();
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toEqual({ sent: 1, deadLettered: 1 });
    await bus.close();
  });

  test("deadLetter - where letters wait for room the bound of their origin holds, and a request is answered at once", async () => {
    const { bus, destination, letters } = busWith(
      type,
      { maximumQueueSize: 1, rejectedExecutionHandler: waitForSpace() },
      { maximumQueueSize: 3, ...(type === "serial" ? {} : { workersMaxSize: 1 }) },
    );
    letters.listen(new Recorder());
    letters.pause();
    void letters.send("in the way");
    destination.listen(fails);
    await expect(destination.request("asked")).rejects.toMatchObject({
      code: "BUSLINE_LISTENER_FAILED",
    });
    const outcomes: unknown[] = [];
    for (let number = 0; number < 20; number += 1) {
      try {
        void destination.send(`${number}`);
        outcomes.push("accepted");
      } catch {
        outcomes.push("refused");
      }
      await turns();
    }
    expect(outcomes.filter((outcome) => outcome === "accepted").length).toBeLessThanOrEqual(4);
    expect(destination.statistics.pendingMessageCount).toBeLessThanOrEqual(4);
    letters.resume();
    await untilQuiet(bus);
    const { deadLettered, rejected, sent } = ledgerOf(destination);
    expect((deadLettered ?? 0) + (rejected ?? 0)).toBe(sent);
    await bus.close();
  });

  test("deadLetter - a synchronous one has had it, whatever its listeners throw", async () => {
    const { bus, destination, logged } = busWith(type, {}, { deadLetter: "acme/now" });
    const now = bus.addDestination(
      DestinationConfiguration.createSynchronousDestinationConfiguration("acme/now"),
    );
    const recorder = new Recorder();
    now.listen(recorder);
    now.listen(async () => {
      await turns(1);
      throw new Error("no");
    });
    destination.listen(fails);
    void destination.send("a");
    await untilQuiet(bus);
    expect(recorder.payloads).toEqual(["a"]);
    expect(ledgerOf(destination)).toEqual({ sent: 1, deadLettered: 1 });
    expect(logged).toHaveLength(1);
    await bus.close();
  });

  test("deadLetter - a wait for room that ends in vain: failed", async () => {
    const { bus, destination, letters, pass } = busWith(type, {
      maximumQueueSize: 1,
      rejectedExecutionHandler: waitForSpace({ timeoutMs: 10 }),
    });
    letters.listen(new Recorder());
    letters.pause();
    void letters.send("in the way");
    destination.listen(fails);
    void destination.send("a");
    await pass(10);
    expect(ledgerOf(destination)).toEqual({ sent: 1, failed: 1 });
    await bus.close();
  });

  test("deadLetter - one that drops it has had it", async () => {
    const { bus, destination, letters } = busWith(type, {
      maximumQueueSize: 1,
      rejectedExecutionHandler: discard,
    });
    letters.listen(new Recorder());
    letters.pause();
    void letters.send("in the way");
    destination.listen(fails);
    void destination.send("a");
    await turns();
    expect(ledgerOf(destination)).toEqual({ sent: 1, deadLettered: 1 });
    expect(ledgerOf(letters)).toEqual({ sent: 2, pending: 1, discarded: 1 });
    await bus.close();
  });

  test("deadLetter - letters are let in while the bus drains", async () => {
    const { bus, destination, letters } = busWith(type);
    const recorder = new Recorder<string>();
    letters.listen(recorder);
    const gate = new GateListener<string>();
    destination.listen(gate);
    void destination.send("a");
    await gate.entered(1);
    const drained = bus.drain();
    gate.fail(new Error("no"));
    await drained;
    expect(recorder.payloads).toEqual(["a"]);
  });

  test("deadLetter - a request gets its error, and the message goes there as well", async () => {
    const { bus, destination, letters } = busWith(type);
    const recorder = new Recorder<string>();
    letters.listen(recorder);
    destination.listen(fails);
    await expect(destination.request("a")).rejects.toMatchObject({
      code: "BUSLINE_LISTENER_FAILED",
    });
    await untilQuiet(bus);
    expect(recorder.payloads).toEqual(["a"]);
    await bus.close();
  });
});

test("deadLetter - letters that fail where they came from go round no second time", async () => {
  const { bus, destination, letters, logged } = busWith("serial", { deadLetter: "acme/a" });
  destination.listen(fails);
  letters.listen(fails);
  void destination.send("a");
  await untilQuiet(bus);
  expect(ledgerOf(destination)).toEqual({ sent: 1, deadLettered: 1 });
  expect(ledgerOf(letters)).toEqual({ sent: 1, failed: 1 });
  expect(logged).toMatchObject([
    [
      'A dead letter of "acme/dead" failed at "acme/a"',
      { err: { code: "BUSLINE_DIVERSION_LOOP" } },
    ],
  ]);
  await bus.close();
});

test("deadLetter - a letter that fails goes on to the next, and knows its path", async () => {
  const { bus, destination, letters } = busWith("serial", { deadLetter: "acme/last" });
  const last = bus.addDestination(
    DestinationConfiguration.createSerialDestinationConfiguration("acme/last"),
  );
  const recorder = new Recorder();
  last.listen(recorder);
  destination.listen(fails);
  letters.listen(() => {
    throw new Error("no code");
  });
  void destination.send("a");
  await untilQuiet(bus);
  const { headers } = recorder.messages[0] as Message;
  expect(headers[DeadLetterHeaders.PATH]).toBe("acme/a,acme/dead");
  expect(headers[DeadLetterHeaders.DESTINATION]).toBe("acme/dead");
  expect(headers[DeadLetterHeaders.CODE]).toBeUndefined();
  await bus.close();
});

test("deadLetter - an error that throws when it is read is described as such; a long text is cut", async () => {
  const { bus, destination, letters } = busWith("serial");
  const recorder = new Recorder<string>();
  letters.listen(recorder);
  destination.listen(({ payload }) => {
    if (payload === "long") throw new Error("x".repeat(5_000));
    const error = new Error("hidden");
    Object.defineProperty(error, "message", {
      get: () => {
        throw new Error("no");
      },
    });
    throw error;
  });
  for (const payload of ["long", "unreadable"]) void destination.send(payload);
  await untilQuiet(bus);
  const reasons = recorder.messages.map(({ headers }) => headers[DeadLetterHeaders.REASON]);
  expect(reasons).toEqual(["x".repeat(1_024), "(the thrown value cannot be printed)"]);
  await bus.close();
});

test.each([
  ["acme/a", "another destination"],
  ["no spaces", "characters"],
  [7, "characters"],
])("DestinationConfiguration - refuses deadLetter %j", (deadLetter, allowed) => {
  expect(
    () => new DestinationConfiguration("parallel", "acme/a", { deadLetter: deadLetter as string }),
  ).toThrow(
    expect.objectContaining({
      code: "BUSLINE_INVALID_CONFIGURATION",
      attribute: "deadLetter",
      allowed: expect.stringContaining(allowed),
    }),
  );
});
