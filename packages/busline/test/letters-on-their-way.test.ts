import { describe, expect, test } from "vitest";
import {
  callerRuns,
  DestinationConfiguration,
  divertTo,
  type StandardSchema,
  waitForSpace,
} from "busline";
import { GateListener, Recorder, untilQuiet } from "busline/testing";
import { ledgerOf } from "./ledger.ts";
import { loggedBus } from "./logged-bus.ts";
import { outcomeOf, turns } from "./outcome-of.ts";

/* Dead letters that wait for room, are diverted, or are on their way back. */

const { createDeadLetterDestinationConfiguration: deadLetters } = DestinationConfiguration;
const { createParallelDestinationConfiguration: parallel } = DestinationConfiguration;
const { createSynchronousDestinationConfiguration: synchronous } = DestinationConfiguration;

const ONE_WORKER = { workersCoreSize: 1, workersMaxSize: 1, maximumQueueSize: 1 };
const waits = { rejectedExecutionHandler: waitForSpace() };

const fails = (): never => {
  throw new Error("broken");
};

/** Takes texts alone, and takes its time for it. */
const laterTexts: StandardSchema<unknown, string> = {
  "~standard": {
    version: 1,
    vendor: "acme",
    validate: async (value) => {
      await turns(2);
      return typeof value === "string" ? { value } : { issues: [{ message: "a text is wanted" }] };
    },
  },
};

describe("redrive", () => {
  test("room - a letter that leaves makes room for one that its origin waits with", async () => {
    const { bus } = loggedBus();
    const dead = bus.addDestination(deadLetters("acme/dead", { maximumQueueSize: 1, ...waits }));
    const orders = bus.addDestination<number>(
      parallel("acme/orders", { ...ONE_WORKER, ...waits, deadLetter: "acme/dead" }),
    );
    let isBroken = true;
    const seen: number[] = [];
    orders.listen(
      ({ payload }) => {
        if (isBroken) fails();
        seen.push(payload);
      },
      { name: "fragile" },
    );
    for (const payload of [1, 2, 3]) void orders.send(payload);
    await turns();
    expect(ledgerOf(dead)).toMatchObject({ pending: 1 });
    isBroken = false;
    const letters = bus.deadLetters("acme/dead");
    while (letters.size > 0) {
      await letters.redrive();
      await turns();
    }
    await untilQuiet(bus);
    expect(new Set(seen)).toEqual(new Set([1, 2, 3]));
    expect(seen).toHaveLength(3);
    expect(ledgerOf(orders)).toEqual({ sent: 6, deadLettered: 3, delivered: 3 });
    await bus.close();
  });

  test.each(["is given up", "expires"])(
    "books - a letter that %s while it is on its way is booked once",
    async (how) => {
      const { bus, clock } = loggedBus();
      const dead = bus.addDestination(deadLetters("acme/dead"));
      const recorder = new Recorder();
      bus.addDestination(parallel("acme/texts", { schema: laterTexts }));
      bus.listen("acme/texts", recorder);
      const controller = new AbortController();
      void dead.send("a", how === "expires" ? { ttlMs: 100 } : { signal: controller.signal });
      const redriven = bus
        .deadLetters("acme/dead")
        .redrive(undefined, { destinationName: "acme/texts" });
      await turns(1);
      if (how === "expires") clock.advance(100);
      else controller.abort();
      expect(await redriven).toEqual({ redrivenCount: 1, refused: [] });
      await untilQuiet(bus);
      expect(recorder.payloads).toEqual(["a"]);
      expect(ledgerOf(dead)).toEqual({ sent: 1, diverted: 1 });
      await bus.close();
    },
  );

  test("divertTo - the schema of the destination that gets it instead checks it", async () => {
    const { bus } = loggedBus();
    bus.addDestination(deadLetters("acme/dead"));
    const orders = bus.addDestination<number>(parallel("acme/orders", { deadLetter: "acme/dead" }));
    const registration = orders.listen(fails, { name: "fragile" });
    void orders.send(42);
    await untilQuiet(bus);
    const other = bus.addDestination(parallel("acme/other", { schema: laterTexts }));
    const recorder = new Recorder();
    other.listen(recorder);
    bus.replaceDestination(
      parallel("acme/orders", { ...ONE_WORKER, rejectedExecutionHandler: divertTo("acme/other") }),
    );
    orders.pause();
    void orders.send(1);
    const { refused } = await bus.deadLetters("acme/dead").redrive();
    expect(refused).toMatchObject([{ error: { code: "BUSLINE_INVALID_MESSAGE" } }]);
    expect(recorder.payloads).toEqual([]);
    registration.unregister();
    await bus.close();
  });

  test("divertTo - what a destination without a queue has had is not here any more, whatever its listeners throw", async () => {
    const { bus } = loggedBus();
    const dead = bus.addDestination(deadLetters("acme/dead"));
    const orders = bus.addDestination<number>(parallel("acme/orders", { deadLetter: "acme/dead" }));
    orders.listen(fails, { name: "fragile" });
    void orders.send(42);
    await untilQuiet(bus);
    bus.addDestination(synchronous("acme/now"));
    const recorder = new Recorder();
    bus.listen("acme/now", recorder);
    bus.listen("acme/now", fails);
    bus.replaceDestination(
      parallel("acme/orders", { ...ONE_WORKER, rejectedExecutionHandler: divertTo("acme/now") }),
    );
    orders.pause();
    void orders.send(1);
    expect(await bus.deadLetters("acme/dead").redrive()).toEqual({ redrivenCount: 1, refused: [] });
    expect(recorder.payloads).toEqual([42]);
    expect(ledgerOf(dead)).toEqual({ sent: 1, diverted: 1 });
    await bus.close();
  });
});

describe("dead letters", () => {
  test("divertTo - a letter that a full destination diverts to one without a queue has been taken", async () => {
    const { bus } = loggedBus();
    const dead = bus.addDestination<string>(
      parallel("acme/dead", { ...ONE_WORKER, rejectedExecutionHandler: divertTo("acme/now") }),
    );
    dead.listen(new Recorder<string>());
    dead.pause();
    void dead.send("in the way");
    bus.addDestination(synchronous("acme/now"));
    bus.listen("acme/now", fails);
    const orders = bus.addDestination<string>(parallel("acme/orders", { deadLetter: "acme/dead" }));
    orders.listen(fails);
    void orders.send("a");
    await turns();
    expect(ledgerOf(orders)).toEqual({ sent: 1, deadLettered: 1 });
    await bus.close();
  });

  test("waitForSpace - a worker whose message waits as a letter waits for nobody", async () => {
    const { bus, logged } = loggedBus();
    const orders = bus.addDestination<string>(
      parallel("acme/orders", { ...ONE_WORKER, ...waits, deadLetter: "acme/dead" }),
    );
    const dead = bus.addDestination<string>(parallel("acme/dead", { ...ONE_WORKER, ...waits }));
    const gate = new GateListener<string>();
    orders.listen(gate);
    const sent: string[] = [];
    dead.listen(async ({ payload }) => {
      await bus.send("acme/orders", `from ${payload}`);
      sent.push(payload);
    });
    void orders.send("bad");
    await gate.entered(1);
    void orders.send("waits");
    // Its listener waits for room at the full origin; behind it the queue is full as well.
    void dead.send("one");
    await turns();
    void dead.send("two");
    gate.fail(new Error("broken"));
    await turns();
    gate.open();
    await untilQuiet(bus);
    expect(logged).toEqual([]);
    expect(ledgerOf(orders)).toMatchObject({ deadLettered: 1 });
    expect(sent).toContain("bad");
    await bus.close();
  });

  test("capacity - what never was in the bound does not come into it as a letter that waits", async () => {
    const { bus } = loggedBus();
    const dead = bus.addDestination<number>(parallel("acme/dead", { ...ONE_WORKER, ...waits }));
    dead.listen(new Recorder<number>());
    dead.pause();
    void dead.send(0);
    const orders = bus.addDestination<number>(
      parallel("acme/orders", {
        maximumQueueSize: 2,
        deadLetter: "acme/dead",
        rejectedExecutionHandler: callerRuns,
      }),
    );
    orders.listen(fails);
    for (let number = 1; number <= 10; number += 1) {
      const asked = orders.request(number, { mode: "direct" });
      expect(await outcomeOf(() => asked)).toBe("BUSLINE_LISTENER_FAILED");
    }
    expect(ledgerOf(orders)).toEqual({ sent: 10, active: 10 });
    dead.resume();
    await untilQuiet(bus);
    expect(ledgerOf(orders)).toEqual({ sent: 10, deadLettered: 10 });
    await bus.close();
  });
});
