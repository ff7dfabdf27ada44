import { describe, expect, test } from "vitest";
import {
  type Destination,
  callerRuns,
  DestinationConfiguration,
  type DestinationAttributes,
  discard,
  discardOldest,
  divertTo,
  type MessageListener,
} from "busline";
import { GateListener, Recorder, SteppedBus } from "busline/testing";
import { type Ledger, ledgerOf } from "./ledger.ts";
import { outcomeOf, turns } from "./outcome-of.ts";

const { createSerialDestinationConfiguration: serial } = DestinationConfiguration;

function stepped(type: string, attributes?: DestinationAttributes) {
  const bus = new SteppedBus({ onError: () => {} });
  const destination: Destination<string> = bus.addDestination(
    new DestinationConfiguration(type, "acme/a", attributes),
  );
  // The equation holds also in the middle of whatever is told.
  destination.addDestinationEventListener({
    messageDiscarded: () => void ledgerOf(destination),
    messageUndelivered: () => void ledgerOf(destination),
    messageFailed: () => void ledgerOf(destination),
  });
  /** Steps until nothing is ready, and reads the ledger after each step. */
  const stepThrough = async (): Promise<Ledger> => {
    while (bus.step() > 0) {
      ledgerOf(bus);
      await turns(1);
      ledgerOf(bus);
    }
    return ledgerOf(destination);
  };
  return { bus, destination, stepThrough };
}

describe.each(["parallel", "serial"] as const)("%s", (type) => {
  const oneWorker = { workersMaxSize: 1, maximumQueueSize: 2 };

  test("ledger - pending, then active, then delivered", async () => {
    const { bus, destination } = stepped(type, oneWorker);
    const gate = new GateListener<string>();
    destination.listen(gate);
    expect(ledgerOf(destination)).toEqual({});
    for (const payload of ["a", "b", "c"]) void destination.send(payload);
    expect(ledgerOf(destination)).toEqual({ sent: 3, active: 1, pending: 2 });
    for (let delivered = 1; delivered <= 3; delivered += 1) {
      expect(bus.step()).toBe(1);
      expect(ledgerOf(destination)).toMatchObject({ sent: 3, active: 1 });
      gate.release();
      await turns(1);
      expect(ledgerOf(destination).delivered).toBe(delivered);
    }
    expect(bus.step()).toBe(0);
    expect(ledgerOf(destination)).toEqual({ sent: 3, delivered: 3 });
  });

  test("ledger - one failed listener of three makes one failed message, and its own counts", async () => {
    const { destination, stepThrough } = stepped(type);
    destination.listen(() => {}, { name: "good" });
    destination.listen(
      ({ payload }) => {
        if (payload === "bad") throw new Error("no");
      },
      { name: "picky" },
    );
    destination.listen(() => Promise.reject(new Error("never")), { name: "bad" });
    for (const payload of ["good", "bad"]) void destination.send(payload);
    expect(await stepThrough()).toEqual({ sent: 2, failed: 2 });
    expect(destination.statistics.listeners).toEqual([
      { name: "good", deliveredCount: 2, failedCount: 0 },
      { name: "picky", deliveredCount: 1, failedCount: 1 },
      { name: "bad", deliveredCount: 0, failedCount: 2 },
    ]);
  });

  test("ledger - undelivered: nobody listens, or all have left before their turn", async () => {
    const { destination, stepThrough } = stepped(type, oneWorker);
    void destination.send("nobody");
    expect(ledgerOf(destination)).toEqual({ sent: 1, undelivered: 1 });
    const registrations = [() => {}, () => {}].map((listener) => destination.listen(listener));
    void destination.send("left");
    for (const registration of registrations) registration.unregister();
    ledgerOf(destination);
    expect(await stepThrough()).toEqual({ sent: 2, undelivered: 2 });
    // One of two has left: the message is delivered to the other.
    const recorder = new Recorder<string>();
    const leaving = destination.listen(() => {});
    destination.listen(recorder);
    void destination.send("one left");
    leaving.unregister();
    expect(await stepThrough()).toEqual({ sent: 3, undelivered: 2, delivered: 1 });
    expect(recorder.payloads).toEqual(["one left"]);
  });

  test.each([
    ["rejected", undefined, { rejected: 2 }],
    ["discarded", discard, { discarded: 2 }],
    ["discarded, the oldest", discardOldest, { discarded: 2 }],
    ["diverted", divertTo("acme/b"), { diverted: 2 }],
    ["delivered by the sender", callerRuns, { delivered: 2 }],
  ] as const)("ledger - %s when full", async (_, rejectedExecutionHandler, expected) => {
    const { bus, destination, stepThrough } = stepped(type, {
      ...oneWorker,
      ...(rejectedExecutionHandler === undefined ? {} : { rejectedExecutionHandler }),
    });
    const overflow: Destination<string> = bus.addDestination(serial("acme/b"));
    overflow.listen(() => void ledgerOf(bus));
    destination.listen(() => void ledgerOf(bus));
    for (let number = 0; number < 5; number += 1) {
      await outcomeOf(() => destination.send(`message ${number}`));
      ledgerOf(bus);
    }
    expect(ledgerOf(destination)).toEqual({ sent: 5, active: 1, pending: 2, ...expected });
    const { delivered = 0 }: Ledger = expected;
    expect(await stepThrough()).toEqual({ sent: 5, ...expected, delivered: delivered + 3 });
    const elsewhere = "diverted" in expected ? { sent: 2, delivered: 2 } : {};
    expect(ledgerOf(overflow)).toEqual(elsewhere);
  });

  test("ledger - a purge, a withdrawal, a forced close", async () => {
    const { bus, destination } = stepped(type, oneWorker);
    const gate = new GateListener<string>();
    destination.listen(gate);
    const controller = new AbortController();
    void destination.send("runs");
    bus.step();
    void destination.send("withdrawn", { signal: controller.signal });
    controller.abort();
    expect(ledgerOf(destination)).toEqual({ sent: 2, active: 1, discarded: 1 });
    void destination.send("purged");
    destination.purge();
    expect(ledgerOf(destination)).toEqual({ sent: 3, active: 1, discarded: 2 });
    void destination.send("closed");
    const closed = bus.close({ deadlineMs: 5 });
    bus.clock.advance(5);
    const { undelivered, interrupted } = await closed;
    expect(undelivered.map(({ payload }) => payload)).toEqual(["closed"]);
    expect(interrupted.map(({ payload }) => payload)).toEqual(["runs"]);
    expect(ledgerOf(destination)).toEqual({ sent: 4, active: 1, discarded: 3 });
    gate.release();
    await turns();
    expect(ledgerOf(destination)).toEqual({ sent: 4, delivered: 1, discarded: 3 });
  });

  test("ledger - oldestPendingAgeMs is that of the oldest that waits, and 0 with none", async () => {
    const { bus, destination, stepThrough } = stepped(type, oneWorker);
    destination.listen(() => {});
    expect(destination.statistics.oldestPendingAgeMs).toBe(0);
    void destination.send("a");
    bus.clock.advance(10);
    void destination.send("b");
    bus.clock.advance(7);
    void destination.send("c");
    expect(destination.statistics.oldestPendingAgeMs).toBe(7);
    expect(bus.statistics.oldestPendingAgeMs).toBe(7);
    await stepThrough();
    expect(destination.statistics.oldestPendingAgeMs).toBe(0);
  });
});

const throwing = {
  get message(): string {
    throw new Error("nobody may read me");
  },
};

/** Each ends exactly one message, as a failure. */
const failures: [string, MessageListener][] = [
  ...[
    undefined,
    null,
    0,
    "text",
    Symbol("s"),
    Object.freeze({}),
    Object.create(null),
    throwing,
  ].map((thrown, at): [string, MessageListener] => [
    `throws a strange value, number ${at}`,
    () => {
      throw thrown;
    },
  ]),
  [
    "throws an error whose message and stack cannot be read",
    () => {
      const error = new Error("hidden");
      for (const name of ["message", "stack"]) {
        Object.defineProperty(
          error,
          name,
          Object.getOwnPropertyDescriptor(throwing, "message") ?? {},
        );
      }
      throw error;
    },
  ],
  ["rejects with undefined", () => Promise.reject(undefined)],
  [
    "returns what throws in `then`",
    () =>
      thenable(() => {
        throw new Error("then");
      }),
  ],
  [
    "returns what throws as its `then` is read",
    () =>
      // oxlint-disable-next-line unicorn/no-thenable -- the point of these tests
      Object.defineProperty({}, "then", {
        get(): never {
          throw new Error("getter");
        },
      }),
  ],
  [
    "returns what rejects first, then resolves",
    () =>
      thenable((resolve, reject) => {
        reject(new Error("first"));
        resolve("late");
      }),
  ],
  [
    "returns a promise behind a proxy, on which `then` cannot be called",
    () => new Proxy(Promise.resolve("value"), {}),
  ],
];

/** Each ends exactly one message, as a success. */
const successes: [string, MessageListener][] = [
  [
    "returns what resolves twice",
    () =>
      thenable((resolve) => {
        resolve("one");
        resolve("two");
      }),
  ],
  [
    "returns what resolves first, then rejects, then throws",
    () =>
      thenable((resolve, reject) => {
        resolve("one");
        reject(new Error("late"));
        throw new Error("later");
      }),
  ],
  [
    "returns what settles late, and again",
    () =>
      thenable((resolve, reject) => {
        setImmediate(() => {
          resolve("late");
          reject(new Error("later"));
        });
      }),
  ],
  [
    "returns what resolves to a thenable",
    () =>
      thenable((resolve) => {
        resolve(thenable((resolveInner) => resolveInner("inner")));
      }),
  ],
  [
    "returns a real promise with a `then` of its own that calls both",
    () =>
      Object.assign(Promise.resolve("real"), {
        // oxlint-disable-next-line unicorn/no-thenable -- the point of these tests
        then(resolve: (value: unknown) => void, reject: (error: unknown) => void): void {
          resolve("one");
          reject(new Error("two"));
        },
      }),
  ],
];

function thenable(
  then: (resolve: (value: unknown) => void, reject: (error: unknown) => void) => void,
): PromiseLike<unknown> {
  // oxlint-disable-next-line unicorn/no-thenable -- the point of these tests
  return { then } as PromiseLike<unknown>;
}

describe.each(["parallel", "serial", "synchronous"] as const)("hostile listeners: %s", (type) => {
  test.each([
    ...failures.map(([title, listener]) => [title, listener, "failed"] as const),
    ...successes.map(([title, listener]) => [title, listener, "delivered"] as const),
  ])("listener - %s: counted once", async (_, listener, expected) => {
    const unhandled: unknown[] = [];
    const note = (error: unknown): void => void unhandled.push(error);
    // What escapes would end a process: it is caught here, so that it fails this test and no other.
    process.prependListener("unhandledRejection", note);
    process.setUncaughtExceptionCaptureCallback?.(note);
    try {
      const hooked: unknown[] = [];
      const bus = new SteppedBus({ onError: (error) => void hooked.push(error) });
      const destination: Destination<string> = bus.addDestination(
        new DestinationConfiguration(type, "acme/a"),
      );
      const after = new Recorder<string>();
      destination.listen(listener);
      destination.listen(after);
      for (const payload of ["one", "two"]) {
        const sending = outcomeOf(() => destination.send(payload));
        await turns(3);
        while (bus.step() > 0) await turns(3);
        await Promise.race([sending, turns(3)]);
      }
      expect(unhandled).toEqual([]);
      expect(ledgerOf(destination)).toEqual({ sent: 2, [expected]: 2 });
      expect(hooked).toHaveLength(expected === "failed" ? 2 : 0);
      expect(after.payloads).toEqual(["one", "two"]);
      expect(destination.statistics.activeWorkerCount).toBe(0);
    } finally {
      process.setUncaughtExceptionCaptureCallback?.(null);
      process.off("unhandledRejection", note);
    }
  });
});

test("warning - a thrown value that cannot be printed is reported without a hook, too", async () => {
  const warnings: Error[] = [];
  const note = (warning: Error): void => void warnings.push(warning);
  process.on("warning", note);
  try {
    const bus = new SteppedBus();
    const destination: Destination<string> = bus.addDestination(serial("acme/a"));
    for (const [, listener] of failures.slice(0, 9)) destination.listen(listener);
    void destination.send("one");
    while (bus.step() > 0) await turns(1);
    await turns();
    const ours = warnings.filter(({ name }) => name === "BuslineWarning");
    expect(ours).toHaveLength(9);
    expect(ledgerOf(destination)).toEqual({ sent: 1, failed: 1 });
  } finally {
    process.off("warning", note);
  }
});
