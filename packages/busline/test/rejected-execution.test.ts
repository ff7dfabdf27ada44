import { describe, expect, test } from "vitest";
import {
  type Destination,
  abort,
  callerRuns,
  discard,
  discardOldest,
  DestinationConfiguration,
  InvalidConfigurationError,
  MessageBus,
  type RejectedExecutionHandler,
  waitForSpace,
} from "busline";
import { GateListener, untilQuiet } from "busline/testing";
import { fullDestination, heldBy } from "./full-destination.ts";
import { ledgerOf } from "./ledger.ts";
import { outcomeOf, turns } from "./outcome-of.ts";

const { createParallelDestinationConfiguration: parallel } = DestinationConfiguration;

describe.each(["parallel", "serial"] as const)("%s", (type) => {
  test.each([
    ["by default", undefined],
    ["abort", abort],
  ])("queue - refuses the message to its sender: %s", async (_, handler) => {
    const { bus, destination, gate, discarded } = await fullDestination(type, handler);
    const refused = { name: "RejectedExecutionError", code: "BUSLINE_QUEUE_FULL" };
    expect(() => destination.send("new")).toThrow(expect.objectContaining(refused));
    await expect(destination.request("new")).rejects.toMatchObject(refused);
    expect(ledgerOf(destination)).toEqual({ sent: 4, active: 1, pending: 1, rejected: 2 });
    expect(discarded).toEqual([]);
    gate.open();
    await untilQuiet(bus);
    expect(gate.contexts).toHaveLength(2);
  });

  test.each([
    ["discard", discard],
    ["a handler that does nothing", () => {}],
    ["an asynchronous handler that does nothing", async () => turns(1)],
  ])("queue - drops the new message: %s", async (_, handler) => {
    const { bus, destination, gate, discarded } = await fullDestination(type, handler);
    expect(await outcomeOf(() => destination.send("new"))).toBe("accepted");
    expect(ledgerOf(destination)).toEqual({ sent: 3, active: 1, pending: 1, discarded: 1 });
    expect(discarded).toEqual([["new", "queue-full"]]);
    // The clock stands still, so it is no timeout that ends the request.
    expect(await outcomeOf(() => destination.request("asked"))).toBe("BUSLINE_QUEUE_FULL");
    expect(discarded).toEqual([
      ["new", "queue-full"],
      ["asked", "queue-full"],
    ]);
    gate.open();
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toEqual({ sent: 4, delivered: 2, discarded: 2 });
  });

  test("queue - drops the oldest waiting message, never a running one", async () => {
    const { bus, destination, gate, discarded } = await fullDestination(type, discardOldest);
    void destination.send("new");
    expect(discarded).toEqual([["waiting", "queue-full"]]);
    const asked = outcomeOf(() => destination.request("asked"));
    expect(destination.send("newest")).toBeUndefined();
    expect(await asked).toBe("BUSLINE_QUEUE_FULL");
    expect(ledgerOf(destination)).toEqual({ sent: 5, active: 1, pending: 1, discarded: 3 });

    gate.release();
    await gate.entered(2);
    expect(heldBy(gate)).toEqual(["newest"]);
    gate.open();
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toEqual({ sent: 5, delivered: 2, discarded: 3 });
  });

  test("sender's turn - runs the message in place of the sender, who waits", async () => {
    const { bus, destination, gate } = await fullDestination(type, callerRuns);
    let isOver = false;
    const sending = Promise.resolve(destination.send("new")).then(() => (isOver = true));
    // It passed by the one that waits, at once.
    expect(heldBy(gate)).toEqual(["running", "new"]);
    expect(ledgerOf(destination)).toEqual({ sent: 3, active: 2, pending: 1 });
    expect(destination.statistics.activeWorkerCount).toBe(1);
    await turns();
    expect(isOver).toBe(false);
    gate.open();
    await sending;
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toEqual({ sent: 3, delivered: 3 });
  });

  test("sender's turn - a plain listener has run when send returns; its failure goes to the hook", () => {
    const failures: unknown[] = [];
    const bus = new MessageBus({ onError: (error) => void failures.push(error) });
    const destination: Destination<string> = bus.addDestination(
      new DestinationConfiguration(type, "acme/a", {
        maximumQueueSize: 1,
        workersMaxSize: 1,
        rejectedExecutionHandler: callerRuns,
      }),
    );
    const ran: string[] = [];
    destination.listen(({ payload }) => {
      ran.push(payload);
      throw `failed with ${payload}`;
    });
    void destination.send("first");
    void destination.send("second");
    // Nothing to wait for, and nothing for the sender to catch.
    expect(destination.send("third")).toBeUndefined();
    expect(ran).toEqual(["third"]);
    expect(failures).toEqual(["failed with third"]);
    expect(ledgerOf(destination)).toEqual({ sent: 3, active: 1, pending: 1, failed: 1 });
  });

  test("sender's turn - an asynchronous listener's failure goes to the hook, not to the sender", async () => {
    const { bus, destination, gate, failures } = await fullDestination(type, callerRuns);
    const sending = outcomeOf(() => destination.send("new"));
    gate.release();
    await turns();
    // The worker has gone on with the waiting one; the oldest that runs is the sender's.
    expect(heldBy(gate)).toEqual(["new", "waiting"]);
    gate.fail("no");
    expect(await sending).toBe("accepted");
    expect(failures).toEqual(["no"]);
    gate.open();
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toEqual({ sent: 3, delivered: 2, failed: 1 });
  });

  test("sender's turn - a request is answered", async () => {
    const { destination, gate } = await fullDestination(type, callerRuns);
    const asked = destination.request("asked");
    gate.release();
    gate.release("answer");
    expect(await asked).toBe("answer");
  });

  test("handler - is told of the message, the destination and the reason", async () => {
    const seen: unknown[] = [];
    const { destination } = await fullDestination(type, ({ message, ...rest }) => {
      seen.push(message.payload, rest.destination, rest.reason);
    });
    void destination.send("new", { headers: { to: "all" } });
    expect(seen).toEqual(["new", destination, "queue-full"]);
  });

  test.each([
    ["discard", discard, { discarded: 1, active: 1, pending: 1 }],
    ["discardOldest", discardOldest, { discarded: 1, active: 1, pending: 1 }],
    ["callerRuns", callerRuns, { active: 2, pending: 1 }],
  ] as const)("handler - composes with %s", async (_, readyMade, expected) => {
    const log: string[] = [];
    const { destination, gate } = await fullDestination(type, (rejection) => {
      log.push(`${rejection.destination.name} is full`);
      return readyMade(rejection);
    });
    void destination.send("new");
    expect(log).toEqual(["acme/full is full"]);
    expect(ledgerOf(destination)).toEqual({ sent: 3, ...expected });
    gate.open();
  });

  test("handler - what it throws, or rejects with, is the sender's, and the message rejected", async () => {
    const own = new RangeError("mine");
    const thrown = await fullDestination(type, () => {
      throw own;
    });
    expect(() => thrown.destination.send("new")).toThrow(own);
    expect(ledgerOf(thrown.destination)).toMatchObject({ rejected: 1 });

    const rejected = await fullDestination(type, async () => {
      await turns(1);
      throw own;
    });
    expect(await outcomeOf(() => rejected.destination.send("new"))).toBe(own);
    expect(await outcomeOf(() => rejected.destination.request("new"))).toBe(own);
    expect(ledgerOf(rejected.destination)).toMatchObject({ rejected: 2 });
    expect(rejected.discarded).toEqual([]);
  });

  test("handler - an asynchronous one decides later; until then nothing is counted", async () => {
    let decide: () => void = () => {};
    const decided = new Promise<void>((resolve) => (decide = resolve));
    const { destination, gate } = await fullDestination(type, async (rejection) => {
      await decided;
      return callerRuns(rejection);
    });
    const sending = destination.send("new");
    await turns();
    expect(ledgerOf(destination)).toEqual({ sent: 2, active: 1, pending: 1 });
    decide();
    await turns();
    expect(heldBy(gate)).toEqual(["running", "new"]);
    gate.open();
    await sending;
    await turns();
    expect(ledgerOf(destination)).toEqual({ sent: 3, delivered: 3 });
  });
});

describe("a handler acts once, and in its time", () => {
  const actions: [string, RejectedExecutionHandler][] = [
    ["abort", abort],
    ["callerRuns", callerRuns],
    ["discard", discard],
    ["discardOldest", discardOldest],
    ["waitForSpace", waitForSpace()],
  ];

  test.each(actions)(
    "handler - acting again with %s is refused to the sender",
    async (_, again) => {
      const { destination, discarded, gate } = await fullDestination("serial", (rejection) => {
        discard(rejection);
        return again(rejection);
      });
      expect(await outcomeOf(() => destination.send("new"))).toBe("BUSLINE_REJECTION_SETTLED");
      // The first action stands.
      expect(ledgerOf(destination)).toEqual({ sent: 3, active: 1, pending: 1, discarded: 1 });
      expect(discarded).toEqual([["new", "queue-full"]]);
      expect(heldBy(gate)).toEqual(["running"]);
    },
  );

  test("handler - a refusal that it has caught still stands", async () => {
    const { destination } = await fullDestination("serial", (rejection) => {
      try {
        abort(rejection);
      } catch {
        discard(rejection);
      }
    });
    expect(await outcomeOf(() => destination.send("new"))).toBe("BUSLINE_REJECTION_SETTLED");
    expect(ledgerOf(destination)).toMatchObject({ sent: 3, rejected: 1 });
  });

  // `send` has returned and the message is counted: it must not be delivered, or counted, once more.
  test.each(actions)("handler - acting with %s after it has ended is refused", async (_, late) => {
    let actLate: () => unknown = () => {};
    const { destination, gate } = await fullDestination("serial", (rejection) => {
      actLate = () => late(rejection);
    });
    void destination.send("new");
    const before = ledgerOf(destination);
    const outcome = outcomeOf(() => actLate());
    expect(heldBy(gate)).toEqual(["running"]);
    expect(ledgerOf(destination)).toEqual(before);
    gate.open();
    expect(await outcome).toBe("BUSLINE_REJECTION_SETTLED");
  });

  test("handler - the ready-made ones take only a rejection", () => {
    for (const [, handler] of actions) {
      for (const value of [undefined, null, {}, "full"]) {
        expect(() => void handler(value as never)).toThrow(InvalidConfigurationError);
      }
    }
  });
});

describe("order and partly started messages", () => {
  test("queue - a message of which one listener runs is not the oldest waiting one", async () => {
    const bus = new MessageBus();
    const destination: Destination<string> = bus.addDestination(
      parallel("acme/a", {
        workersMaxSize: 1,
        maximumQueueSize: 1,
        rejectedExecutionHandler: discardOldest,
      }),
    );
    const gates = [new GateListener<string>(), new GateListener<string>()];
    for (const gate of gates) destination.listen(gate);
    void destination.send("partly");
    await gates[0]?.entered(1);
    // Nothing else waits, so the new one has to go.
    void destination.send("new");
    expect(ledgerOf(destination)).toEqual({ sent: 2, pending: 1, discarded: 1 });
    for (const gate of gates) gate.open();
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toEqual({ sent: 2, delivered: 1, discarded: 1 });
    expect(gates.map(({ contexts }) => contexts.length)).toEqual([1, 1]);
  });

  test.each([
    ["serial", ["first"]],
    ["parallel", ["first", "second"]],
  ] as const)("sender's turn - %s starts its listeners as its workers do", async (type, atOnce) => {
    const bus = new MessageBus();
    const destination: Destination<string> = bus.addDestination(
      new DestinationConfiguration(type, "acme/a", {
        maximumQueueSize: 1,
        workersMaxSize: 1,
        rejectedExecutionHandler: callerRuns,
      }),
    );
    const gate = new GateListener<string>();
    const started: string[] = [];
    for (const name of ["first", "second"]) {
      destination.listen((message, context) => {
        if (message.payload === "new") started.push(name);
        return gate.receive(message, context);
      });
    }
    destination.pause();
    void destination.send("waiting");
    destination.resume();
    void destination.send("waiting too");
    const sending = destination.send("new");
    expect(started).toEqual(atOnce);
    gate.open();
    await sending;
    expect(started).toEqual(["first", "second"]);
  });
});

describe("reason closed", () => {
  test.each([
    ["abort", abort],
    ["callerRuns", callerRuns],
    ["discard", discard],
    ["discardOldest", discardOldest],
    ["waitForSpace", waitForSpace()],
  ] as const)("handler - %s refuses what comes after the close has begun", async (_, readyMade) => {
    const reasons: string[] = [];
    const { bus, destination, gate, discarded } = await fullDestination("serial", (rejection) => {
      reasons.push(rejection.reason);
      return readyMade(rejection);
    });
    const drained = bus.drain();
    expect(await outcomeOf(() => destination.send("new"))).toBe("BUSLINE_CLOSED");
    expect(reasons).toEqual(["closed"]);
    gate.open();
    await drained;
    await bus.close();
    expect(await outcomeOf(() => destination.send("newer"))).toBe("BUSLINE_CLOSED");
    expect(await outcomeOf(() => destination.request("asked"))).toBe("BUSLINE_CLOSED");
    expect(ledgerOf(destination)).toEqual({ sent: 5, delivered: 2, rejected: 3 });
    expect(discarded).toEqual([]);
  });

  test("handler - one that does nothing discards, and the event says closed", async () => {
    const { bus, destination, gate, discarded } = await fullDestination("serial", () => {});
    gate.open();
    await bus.close();
    void destination.send("new");
    expect(discarded).toEqual([["new", "closed"]]);
    expect(await outcomeOf(() => destination.request("asked"))).toBe("BUSLINE_CLOSED");
    expect(ledgerOf(destination)).toEqual({ sent: 4, delivered: 2, discarded: 2 });
  });

  // An asynchronous handler may take its time; the bus may close meanwhile.
  test.each([
    ["callerRuns", callerRuns],
    ["discardOldest", discardOldest],
    ["waitForSpace", waitForSpace()],
  ] as const)("handler - %s, decided upon after the close, refuses too", async (_, readyMade) => {
    let decide: () => void = () => {};
    const decided = new Promise<void>((resolve) => (decide = resolve));
    const { clock, bus, destination, gate } = await fullDestination("serial", async (rejection) => {
      await decided;
      return readyMade(rejection);
    });
    const outcome = outcomeOf(() => destination.send("new"));
    gate.open();
    const closed = bus.close({ deadlineMs: 10 });
    await turns();
    clock.advance(10);
    await closed;
    decide();
    expect(await Promise.race([outcome, turns(5).then(() => "nothing")])).toBe("BUSLINE_CLOSED");
    await turns();
    expect(gate.contexts).toHaveLength(2);
    expect(ledgerOf(destination)).toEqual({ sent: 3, delivered: 2, rejected: 1 });
  });
});
