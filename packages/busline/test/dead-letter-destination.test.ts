import { describe, expect, test } from "vitest";
import {
  DestinationConfiguration,
  type DestinationAttributes,
  DeadLetterHeaders,
  discardOldest,
  MessageBus,
  waitForSpace,
} from "busline";
import { GateListener, ManualClock, Recorder, untilQuiet } from "busline/testing";
import { ledgerOf } from "./ledger.ts";
import { outcomeOf, turns } from "./outcome-of.ts";

const { createDeadLetterDestinationConfiguration: deadLetters } = DestinationConfiguration;
const { createParallelDestinationConfiguration: parallel } = DestinationConfiguration;

function busWith(attributes?: DestinationAttributes) {
  const clock = new ManualClock();
  const bus = new MessageBus({ clock, onError: () => {} });
  const orders = bus.addDestination<string>(parallel("acme/orders", { deadLetter: "acme/dead" }));
  const dead = bus.addDestination<string>(
    new DestinationConfiguration("dead-letter", "acme/dead", attributes),
  );
  /** Listeners that fail as long as the set has them. */
  const failing = new Set(["index", "invoice"]);
  const calls: string[] = [];
  for (const name of ["index", "invoice"]) {
    orders.listen(
      ({ payload }) => {
        calls.push(`${name} ${payload}`);
        if (failing.has(name))
          throw Object.assign(new RangeError(`${name} is down`), { code: "E_DOWN" });
      },
      { name },
    );
  }
  const die = async (...payloads: string[]): Promise<void> => {
    for (const payload of payloads) {
      void orders.send(payload, { id: payload, key: "k", headers: { trace: payload } });
      await untilQuiet(bus);
    }
    calls.splice(0);
  };
  return { bus, clock, orders, dead, failing, calls, die };
}

describe("dead letter destination", () => {
  test("deadLetters - keeps what has failed for good, and shows why", async () => {
    const { bus, clock, dead, failing, die } = busWith();
    failing.delete("invoice");
    clock.advance(5);
    await die("a");
    expect(ledgerOf(dead)).toEqual({ sent: 1, pending: 1 });
    const letters = bus.deadLetters("acme/dead");
    expect(letters.size).toBe(1);
    const [letter] = letters.list();
    expect(letter).toMatchObject({
      id: "a",
      payload: "a",
      headers: { trace: "a" },
      origin: "acme/orders",
      attempts: 1,
      listeners: ["index"],
      error: "RangeError",
      code: "E_DOWN",
      reason: "index is down",
      at: 5,
    });
    expect(Object.keys(letter?.headers ?? {})).toEqual(["trace"]);
    expect(letter?.message.headers[DeadLetterHeaders.DESTINATION]).toBe("acme/orders");
    expect(Object.isFrozen(letter)).toBe(true);
    expect(letters.get("a")).toEqual(letter);
    expect(letters.get("b")).toBeUndefined();
    await bus.close();
  });

  test("list - filtered, the oldest first, in pages", async () => {
    const { bus, clock, failing, die } = busWith();
    failing.delete("invoice");
    await die("a", "b");
    failing.add("invoice");
    clock.advance(10);
    await die("c");
    const letters = bus.deadLetters("acme/dead");
    const ids = (...given: Parameters<typeof letters.list>) =>
      letters.list(...given).map(({ id }) => id);
    expect(ids()).toEqual(["a", "b", "c"]);
    expect(ids(undefined, { limit: 2 })).toEqual(["a", "b"]);
    expect(ids(undefined, { after: "b" })).toEqual(["c"]);
    expect(ids({ listener: "invoice" })).toEqual(["c"]);
    expect(ids({ ids: ["c", "a"] })).toEqual(["a", "c"]);
    expect(ids({ reason: "index is" })).toEqual(["a", "b"]);
    expect(ids({ error: "RangeError", code: "E_DOWN", origin: "acme/orders" })).toHaveLength(3);
    expect(ids({ error: "TypeError" })).toEqual([]);
    expect(ids({ code: "E_UP" })).toEqual([]);
    expect(ids({ origin: "acme/others" })).toEqual([]);
    expect(ids({ before: new Date(10) })).toEqual(["a", "b"]);
    expect(ids({ since: 10 })).toEqual(["c"]);
    await bus.close();
  });

  test("delete - those that fit: counted as discarded, and told", async () => {
    const { bus, dead, die } = busWith();
    const told: unknown[] = [];
    dead.addDestinationEventListener({
      messageDiscarded: ({ id }, reason) => told.push([id, reason]),
    });
    await die("a", "b");
    const letters = bus.deadLetters("acme/dead");
    expect(letters.delete({ ids: ["a", "x"] })).toBe(1);
    expect(told).toEqual([["a", "purged"]]);
    expect(letters.delete()).toBe(1);
    expect(letters.delete()).toBe(0);
    expect(ledgerOf(dead)).toEqual({ sent: 2, discarded: 2 });
    await bus.close();
  });

  test("redrive - each goes back to where it failed, and there to the listeners that failed", async () => {
    const { bus, orders, dead, failing, calls, die } = busWith();
    failing.delete("invoice");
    await die("a", "b");
    failing.clear();
    const recorder = new Recorder<string>();
    orders.listen(recorder);
    const report = await bus.deadLetters("acme/dead").redrive();
    expect(report).toEqual({ redrivenCount: 2, refused: [] });
    await untilQuiet(bus);
    expect(calls).toEqual(["index a", "index b"]);
    expect(recorder.payloads).toEqual([]);
    expect(ledgerOf(dead)).toEqual({ sent: 2, diverted: 2 });
    expect(ledgerOf(orders)).toEqual({ sent: 4, deadLettered: 2, delivered: 2 });
    await bus.close();
  });

  test("redrive - the message has its id, key and headers, and none of a dead letter", async () => {
    const { bus, orders, die } = busWith();
    await die("a");
    const seen: unknown[] = [];
    for (const { name } of orders.statistics.listeners) expect(name).toMatch(/index|invoice/);
    const other = bus.addDestination(parallel("acme/other"));
    other.listen((message) => {
      seen.push([message.id, message.key, { ...message.headers }, message.payload]);
    });
    const report = await bus
      .deadLetters("acme/dead")
      .redrive({ ids: ["a"] }, { destinationName: "acme/other" });
    expect(report.redrivenCount).toBe(1);
    await untilQuiet(bus);
    expect(seen).toEqual([["a", "k", { trace: "a" }, "a"]]);
    await bus.close();
  });

  test("redrive - one that fails again is back, and may be sent back again", async () => {
    const { bus, dead, failing, die } = busWith();
    await die("a");
    const letters = bus.deadLetters("acme/dead");
    expect((await letters.redrive()).redrivenCount).toBe(1);
    await untilQuiet(bus);
    expect(letters.list().map(({ id }) => id)).toEqual(["a"]);
    failing.clear();
    expect((await letters.redrive()).redrivenCount).toBe(1);
    await untilQuiet(bus);
    expect(ledgerOf(dead)).toEqual({ sent: 2, diverted: 2 });
    await bus.close();
  });

  test("redrive - what is not accepted stays here, with the reason in the report", async () => {
    const { bus, dead, orders, die } = busWith();
    await die("a");
    bus.replaceDestination(parallel("acme/orders", { maximumQueueSize: 1, workersMaxSize: 1 }));
    orders.pause();
    void orders.send("in the way");
    const letters = bus.deadLetters("acme/dead");
    const { redrivenCount, refused } = await letters.redrive();
    expect(redrivenCount).toBe(0);
    expect(refused).toEqual([
      {
        letter: expect.objectContaining({ id: "a" }),
        error: expect.objectContaining({ code: "BUSLINE_QUEUE_FULL" }),
      },
    ]);
    expect(ledgerOf(dead)).toEqual({ sent: 1, pending: 1 });
    await bus.close();
  });

  test.each([
    ["whose destination is gone", "BUSLINE_UNKNOWN_DESTINATION"],
    ["whose listeners are gone", "BUSLINE_NO_LISTENER"],
    ["that was sent here by hand", "BUSLINE_UNKNOWN_DESTINATION"],
  ])("redrive - a letter %s stays", async (why, code) => {
    const { bus, dead, die } = busWith();
    if (why === "that was sent here by hand") void dead.send("a");
    else await die("a");
    await bus.removeDestination("acme/orders");
    if (why === "whose listeners are gone") bus.addDestination(parallel("acme/orders"));
    const letters = bus.deadLetters("acme/dead");
    expect((await letters.redrive()).refused).toMatchObject([{ error: { code } }]);
    expect(letters.size).toBe(1);
    await bus.close();
  });

  test("redrive - to a destination without a listener: it stays; to one that keeps it: it goes", async () => {
    const { bus, die } = busWith();
    await die("a");
    bus.addDestination(parallel("acme/other"));
    bus.addDestination(deadLetters("acme/archive"));
    const letters = bus.deadLetters("acme/dead");
    const { refused } = await letters.redrive(undefined, { destinationName: "acme/other" });
    expect(refused).toMatchObject([{ error: { code: "BUSLINE_NO_LISTENER" } }]);
    await letters.redrive(undefined, { destinationName: "acme/archive" });
    expect(bus.deadLetters("acme/archive").list()).toMatchObject([
      { id: "a", origin: undefined, attempts: 0, listeners: [], reason: undefined },
    ]);
    await bus.close();
  });

  test("redrive - at a rate", async () => {
    const { bus, clock, dead, failing, die } = busWith();
    await die("a", "b", "c");
    failing.clear();
    const redriven = bus.deadLetters("acme/dead").redrive(undefined, { perSecond: 10 });
    await turns();
    expect(ledgerOf(dead)).toMatchObject({ diverted: 1 });
    clock.advance(99);
    await turns();
    expect(ledgerOf(dead)).toMatchObject({ diverted: 1 });
    clock.advance(1);
    await turns();
    expect(ledgerOf(dead)).toMatchObject({ diverted: 2 });
    clock.advance(100);
    expect(await redriven).toEqual({ redrivenCount: 3, refused: [] });
    await bus.close();
  });

  test("redrive - a signal ends it; what was sent stays sent", async () => {
    const { bus, clock, dead, failing, die } = busWith();
    await die("a", "b");
    failing.clear();
    const controller = new AbortController();
    const redriven = outcomeOf(() =>
      bus.deadLetters("acme/dead").redrive(undefined, { perSecond: 1, signal: controller.signal }),
    );
    await turns();
    controller.abort();
    clock.advance(1_000);
    expect(await redriven).toBe("BUSLINE_ABORTED");
    expect(ledgerOf(dead)).toEqual({ sent: 2, diverted: 1, pending: 1 });
    await bus.close();
  });

  test("redrive - twice at once sends each letter once; one that is on its way cannot be deleted", async () => {
    const { bus, dead, orders, failing, die } = busWith();
    await die("a", "b");
    failing.clear();
    const full = {
      maximumQueueSize: 1,
      workersMaxSize: 1,
      rejectedExecutionHandler: waitForSpace(),
    };
    bus.replaceDestination(parallel("acme/orders", full));
    const gate = new GateListener<string>();
    orders.listen(gate);
    void orders.send("runs");
    await gate.entered(1);
    void orders.send("waits");
    const letters = bus.deadLetters("acme/dead");
    const reports = [letters.redrive(), letters.redrive({ ids: ["a"] })];
    await turns();
    expect(letters.delete({ ids: ["a"] })).toBe(0);
    expect(letters.list().map(({ id }) => id)).toEqual(["b"]);
    gate.open();
    expect((await Promise.all(reports)).map(({ redrivenCount }) => redrivenCount)).toEqual([2, 0]);
    await untilQuiet(bus);
    expect(ledgerOf(dead)).toEqual({ sent: 2, diverted: 2 });
    await bus.close();
  });

  test("capacity - it is that of the queue; then the handler decides", async () => {
    const { bus, dead } = busWith({ maximumQueueSize: 2 });
    const send = (payload: string) => outcomeOf(() => dead.send(payload));
    expect(await send("a")).toBe("accepted");
    expect(await send("b")).toBe("accepted");
    expect(await send("c")).toBe("BUSLINE_QUEUE_FULL");
    bus.replaceDestination(
      deadLetters("acme/dead", { maximumQueueSize: 2, rejectedExecutionHandler: discardOldest }),
    );
    expect(await send("d")).toBe("accepted");
    expect(
      bus
        .deadLetters("acme/dead")
        .list()
        .map(({ payload }) => payload),
    ).toEqual(["b", "d"]);
    expect(ledgerOf(dead)).toEqual({ sent: 4, pending: 2, rejected: 1, discarded: 1 });
    expect(dead.statistics).toMatchObject({ currentWorkerCount: 0, workersMaxSize: 0 });
    await bus.close();
  });

  test("drain, close - do not wait for it; what it keeps is in the report", async () => {
    const { bus, dead, die } = busWith();
    await die("a");
    await bus.drain();
    expect(ledgerOf(dead)).toEqual({ sent: 1, pending: 1 });
    const { undelivered } = await bus.close();
    expect(undelivered.map(({ id }) => id)).toEqual(["a"]);
    expect(ledgerOf(dead)).toEqual({ sent: 1, discarded: 1 });
  });

  test("removeDestination - reports what it kept", async () => {
    const { bus, die } = busWith();
    await die("a");
    const { undelivered } = await bus.removeDestination("acme/dead");
    expect(undelivered.map(({ id }) => id)).toEqual(["a"]);
    await bus.close();
  });

  test("listen - is refused, also of one that came before its destination, and a replacement where somebody listens", async () => {
    const { bus, dead } = busWith();
    const refused = expect.objectContaining({ code: "BUSLINE_INVALID_CONFIGURATION" });
    expect(() => dead.listen(() => {})).toThrow(refused);
    bus.listen("acme/later", () => {});
    expect(() => bus.addDestination(deadLetters("acme/later"))).toThrow(refused);
    expect(bus.hasDestination("acme/later")).toBe(false);
    expect(() => bus.replaceDestination(deadLetters("acme/orders"))).toThrow(refused);
    expect(bus.getDestination("acme/orders")?.configuration.destinationType).toBe("parallel");
    await bus.close();
  });

  test("request - fails at once: nobody can answer", async () => {
    const { bus, dead } = busWith();
    expect(await outcomeOf(() => dead.request("a"))).toBe("BUSLINE_NO_LISTENER");
    expect(ledgerOf(dead)).toEqual({ sent: 1, undelivered: 1 });
    await bus.close();
  });

  test("deadLetters - only of a destination that keeps them", async () => {
    const { bus } = busWith();
    expect(() => bus.deadLetters("acme/orders")).toThrow(
      expect.objectContaining({ code: "BUSLINE_INVALID_CONFIGURATION" }),
    );
    expect(() => bus.deadLetters("acme/nowhere")).toThrow(
      expect.objectContaining({ code: "BUSLINE_UNKNOWN_DESTINATION" }),
    );
    const letters = bus.deadLetters("acme/dead");
    expect(bus.deadLetters("acme/dead")).toBe(letters);
    expect(letters.size).toBe(0);
    expect(letters.list()).toEqual([]);
    await bus.close();
  });

  test.each([
    [{ limit: 0 }, "limit"],
    [{ after: 7 }, "after"],
  ])("list - refuses %j", async (options, attribute) => {
    const { bus } = busWith();
    expect(() => bus.deadLetters("acme/dead").list(undefined, options as object)).toThrow(
      expect.objectContaining({ attribute }),
    );
    await bus.close();
  });

  test.each<[object, object, string]>([
    [{ origins: "a" }, {}, "origins"],
    [{ since: "yesterday" }, {}, "since"],
    [{ ids: "a" }, {}, "ids"],
    [{}, { perSecond: 0 }, "perSecond"],
    [{}, { perSecond: Infinity }, "perSecond"],
    [{}, { signal: 1 }, "signal"],
  ])("redrive - refuses %j, %j", async (filter, options, attribute) => {
    const { bus } = busWith();
    await expect(bus.deadLetters("acme/dead").redrive(filter, options)).rejects.toMatchObject({
      attribute,
    });
    await bus.close();
  });

  test.each(["workersMaxSize", "retry", "deadLetter", "priorityLevels"])(
    "configuration - has no %s",
    (attribute) => {
      expect(
        () => new DestinationConfiguration("dead-letter", "acme/dead", { [attribute]: 2 }),
      ).toThrow(expect.objectContaining({ attribute }));
    },
  );
});
