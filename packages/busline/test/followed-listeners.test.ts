import { AsyncLocalStorage } from "node:async_hooks";
import { DestinationConfiguration, MessageBus, waitForSpace } from "busline";
import { GateListener, Recorder, untilQuiet } from "busline/testing";
import { describe, expect, test } from "vitest";
import { outcomeOf } from "./outcome-of.ts";

const CLOSED = expect.objectContaining({ code: "BUSLINE_CLOSED" });
/** After so many runs a listener is followed no more. */
const ENOUGH = 1_000;

/** Where so many wait for it, that is so at once. */
const MANY = 64;

/** A bus with a listener that has run so often, and then stays at a gate; and a destination to send on to. */
async function fixture(options: {
  runs: number;
  sendsOnEach?: boolean;
  mayWait?: boolean;
  /** So many run before the next is sent; the others wait for it all at once. */
  calmRuns?: number;
}): Promise<{
  bus: MessageBus;
  gate: GateListener;
  next: Recorder<string>;
  letGoOn: () => void;
}> {
  const bus = new MessageBus();
  const gate = new GateListener();
  const next = new Recorder<string>();
  bus.addDestination(
    DestinationConfiguration.createParallelDestinationConfiguration("acme/next", {
      ...(options.mayWait ? { rejectedExecutionHandler: waitForSpace() } : {}),
    }),
  );
  bus.listen("acme/next", next);
  const first = bus.addDestination<number>(
    DestinationConfiguration.createSerialDestinationConfiguration("acme/first"),
  );
  first.listen(async (message, context) => {
    if (message.payload < options.runs) {
      await Promise.resolve();
      if (options.sendsOnEach) void bus.send("acme/next", "on the way");
      return;
    }
    await gate.receive(message, context);
    void bus.send("acme/next", "sent on");
  });
  for (let number = 0; number <= options.runs; number += 1) {
    void first.send(number);
    // Where many wait, it would be followed no more at once.
    if (number < (options.calmRuns ?? 0)) await untilQuiet(bus);
  }
  await gate.entered(1);
  return { bus, gate, next, letGoOn: () => gate.open() };
}

/** Whether a promise of this process is given an async id: async hooks are on. */
function arePromisesFollowed(): boolean {
  return Object.getOwnPropertySymbols(Promise.resolve()).length > 0;
}

describe("a listener that goes on after its return", () => {
  test("drain - of one that is new, its own sends are let in, and strangers' refused", async () => {
    const { bus, next, letGoOn } = await fixture({ runs: 3 });
    const drained = bus.drain();
    await Promise.resolve();
    expect(() => bus.send("acme/next", "a stranger's")).toThrow(CLOSED);
    letGoOn();
    await drained;
    expect(next.payloads).toEqual(["sent on"]);
  });

  test("drain - while one that is not followed goes on, nobody is refused; then everybody", async () => {
    const { bus, next, letGoOn } = await fixture({ runs: ENOUGH });
    const drained = bus.drain();
    await Promise.resolve();
    void bus.send("acme/next", "nobody can tell");
    letGoOn();
    await drained;
    expect(next.payloads.toSorted()).toEqual(["nobody can tell", "sent on"]);
    expect(() => bus.send("acme/next", "too late")).toThrow(CLOSED);
  });

  test.each([
    { runs: ENOUGH - 1, calmRuns: ENOUGH - 1, outcome: "BUSLINE_CLOSED" },
    { runs: ENOUGH, calmRuns: ENOUGH, outcome: "accepted" },
    { runs: MANY - 1, calmRuns: 0, outcome: "BUSLINE_CLOSED" },
    { runs: MANY, calmRuns: 0, outcome: "accepted" },
  ])(
    "drain - a listener is not followed when it has run often, or many wait: $runs runs, $calmRuns of them in calm: $outcome",
    async ({ runs, calmRuns, outcome }) => {
      const { bus, letGoOn } = await fixture({ runs, calmRuns });
      const drained = bus.drain();
      expect(await outcomeOf(() => bus.send("acme/next", "a stranger's"))).toBe(outcome);
      letGoOn();
      await drained;
    },
  );

  test("drain - one that answers requests is not followed, and its own sends are let in", async () => {
    const { bus, gate, next, letGoOn } = await fixture({ runs: 0 });
    letGoOn();
    await untilQuiet(bus);
    const held = new GateListener();
    bus.addDestination(DestinationConfiguration.createParallelDestinationConfiguration("acme/ask"));
    bus.listen("acme/ask", async (message, context) => {
      await held.receive(message, context);
      void bus.send("acme/next", "while answering");
      return "answer";
    });
    const asked = bus.request("acme/ask", "question");
    await held.entered(1);
    const drained = bus.drain();
    held.open();
    expect(await asked).toBe("answer");
    await drained;
    expect(next.payloads).toEqual(["sent on", "while answering"]);
    expect(gate.held).toEqual([]);
  });

  test("removeDestination - of one that is not followed", async () => {
    const { bus, next, letGoOn } = await fixture({ runs: ENOUGH });
    const removed = bus.removeDestination("acme/first");
    void bus.send("acme/first", ENOUGH + 1);
    letGoOn();
    expect(await removed).toEqual({ undelivered: [], interrupted: [] });
    expect(await next.count(2)).toEqual(["sent on", "sent on"]);
    await bus.close();
  });

  test("drain - it makes no difference that one has sent on in its runs", async () => {
    const { bus, next, letGoOn } = await fixture({ runs: ENOUGH, sendsOnEach: true, calmRuns: 1 });
    const drained = bus.drain();
    void bus.send("acme/next", "nobody can tell");
    letGoOn();
    await drained;
    expect(next.payloads).toHaveLength(ENOUGH + 2);
  });

  test("drain - where a sender may wait for room, all are followed", async () => {
    const { bus, next, letGoOn } = await fixture({ runs: ENOUGH, mayWait: true });
    const drained = bus.drain();
    expect(() => bus.send("acme/next", "a stranger's")).toThrow(CLOSED);
    letGoOn();
    await drained;
    expect(next.payloads).toEqual(["sent on"]);
  });

  test.runIf(hasHooks())(
    "process - promises are left alone once no listener is followed any more",
    async () => {
      const { bus, letGoOn } = await fixture({ runs: ENOUGH });
      expect(arePromisesFollowed()).toBe(false);
      letGoOn();
      await bus.close();
    },
  );

  test.runIf(hasHooks())(
    "process - promises are left alone once many wait for the only listener that was followed",
    async () => {
      const { bus, letGoOn } = await fixture({ runs: MANY + 3, calmRuns: 3 });
      expect(arePromisesFollowed()).toBe(false);
      letGoOn();
      await bus.close();
    },
  );

  test.runIf(hasHooks())(
    "process - promises are left alone after a drain, and after a removal",
    async () => {
      const one = await fixture({ runs: 2 });
      expect(arePromisesFollowed()).toBe(true);
      one.letGoOn();
      await one.bus.drain();
      expect(arePromisesFollowed()).toBe(false);
      const other = await fixture({ runs: 2 });
      other.letGoOn();
      await other.bus.removeDestination("acme/first");
      expect(arePromisesFollowed()).toBe(false);
      await other.bus.close();
    },
  );
});

/** Node 20 and 22 keep contexts by hooks that every promise passes. */
function hasHooks(): boolean {
  return "_propagate" in AsyncLocalStorage.prototype;
}
