import {
  DestinationConfiguration,
  type DestinationAttributes,
  type Destination,
  ListenerFailedError,
  MessageBus,
} from "busline";
import { ManualClock } from "busline/testing";
import { afterEach, describe, expect, test } from "vitest";
import { moduleListener, threads } from "../src/index.ts";
import type { Command } from "./listeners/obedient.ts";
import { SharedSignal } from "./shared-signal.ts";

const OBEDIENT = new URL("./listeners/obedient.ts", import.meta.url);

// The same listener, the same test, wherever the workers are.
describe.each<readonly [string, () => DestinationAttributes]>([
  ["on the event loop", () => ({})],
  ["on threads", () => ({ workers: threads() })],
])("listeners %s", (_, placed) => {
  const open: MessageBus[] = [];

  function destinationOf(
    type: "parallel" | "serial" = "parallel",
    options: { readonly exportName?: string } = {},
  ): Destination<Command | number> {
    const bus = new MessageBus({ onError: () => {}, clock: new ManualClock({ startAt: 1_000 }) });
    open.push(bus);
    const destination = bus.addDestination<Command | number>(
      new DestinationConfiguration(type, "acme/orders", placed()),
    );
    destination.listen(moduleListener(OBEDIENT, options));
    return destination;
  }

  afterEach(async () => {
    await Promise.all(open.splice(0).map((bus) => bus.close()));
  });

  test.each([
    ["a text", "done"],
    ["null", null],
    ["an object with dates, maps and numbers", { at: new Date(5), map: new Map([[1, 2n]]) }],
  ])("request - %s is a reply, at once or later", async (_name, value) => {
    const destination = destinationOf();
    expect(await destination.request({ action: "return", value })).toEqual(value);
    expect(await destination.request({ action: "return later", value })).toEqual(value);
    expect(await destination.request({ action: "reply", value })).toEqual(value);
  });

  test("listener - an object under a name of its own is one too", async () => {
    const destination = destinationOf("parallel", { exportName: "negate" });
    expect(await destination.request(4)).toBe(-4);
    expect(destination.statistics.listeners).toEqual([
      { name: "obedient.negate", deliveredCount: 1, failedCount: 0 },
    ]);
  });

  test("message - it has its id, names, headers, key, time and attempt", async () => {
    const destination = destinationOf();
    const seen = await destination.request(
      { action: "describe" },
      { headers: { traceparent: "00-1" }, id: "order-7", key: "customer-1" },
    );
    expect(seen).toEqual({
      id: "order-7",
      destinationName: "acme/orders",
      headers: { traceparent: "00-1" },
      key: "customer-1",
      sentAt: 1_000,
      attempt: 1,
      at: "acme/orders",
    });
  });

  test.each(["throw", "reject"] as const)(
    "request - what it throws keeps class, code, fields and stack (%s)",
    async (action) => {
      const destination = destinationOf();
      const failure: unknown = await destination
        .request({ action })
        .catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(ListenerFailedError);
      const { cause } = failure as { readonly cause: Error & Record<string, unknown> };
      expect(cause).toBeInstanceOf(RangeError);
      expect(cause.message).toBe("no such order");
      expect(cause["code"]).toBe("ACME_ORDER");
      expect(cause["orderId"]).toBe(7);
      expect(cause.stack).toContain("obedient.ts");
      if (action === "reject") return;
      expect(cause.cause).toBeInstanceOf(TypeError);
      expect((cause.cause as Error).message).toBe("not a number");
    },
  );

  test("request - what is thrown may be no error, or several", async () => {
    const destination = destinationOf();
    const causeOf = (action: "throw a text" | "throw several"): Promise<unknown> =>
      destination.request({ action }).then(
        () => undefined,
        ({ cause }: { readonly cause: unknown }) => cause,
      );
    expect(await causeOf("throw a text")).toBe("only a text");
    const several = (await causeOf("throw several")) as AggregateError;
    expect(several).toBeInstanceOf(AggregateError);
    expect(several.errors.map(String)).toEqual(["RangeError: one", "TypeError: two"]);
  });

  test("request - its abort reaches the listener's signal", async () => {
    const destination = destinationOf();
    const begun = new SharedSignal();
    const controller = new AbortController();
    const asked = destination.request(
      { action: "wait for the abort", begun: begun.buffer },
      { signal: controller.signal },
    );
    await begun.reaches(1);
    controller.abort(new Error("enough"));
    await expect(asked).rejects.toMatchObject({ code: "BUSLINE_ABORTED" });
    // The worker is free again.
    expect(await destination.request({ action: "return", value: 2 })).toBe(2);
    expect(destination.statistics).toMatchObject({ activeMessageCount: 0, failedMessageCount: 1 });
  });

  test("destination - a serial one keeps the order, also behind failures", async () => {
    const destination = destinationOf("serial");
    const ended: unknown[] = [];
    const all = Array.from({ length: 40 }, (_value, at) => {
      const command: Command = at % 3 === 1 ? { action: "throw" } : { action: "return", value: at };
      return destination.request(command).then(
        (value) => ended.push(value),
        () => ended.push("failed"),
      );
    });
    await Promise.all(all);
    expect(ended).toEqual(
      Array.from({ length: 40 }, (_value, at) => (at % 3 === 1 ? "failed" : at)),
    );
  });

  test("destination - every message is in one state, and the books say which", async () => {
    const destination = destinationOf();
    for (let at = 0; at < 100; at += 1) {
      void destination.send(at % 10 === 0 ? { action: "throw" } : { action: "return", value: at });
    }
    await open[0]?.drain();
    expect(destination.statistics).toMatchObject({
      sentMessageCount: 100,
      deliveredMessageCount: 90,
      failedMessageCount: 10,
      pendingMessageCount: 0,
      activeMessageCount: 0,
    });
  });

  test.each(["serial", "parallel"] as const)(
    "retry - a %s destination tries again what has failed",
    async (type) => {
      const retry = { attempts: 3, backoff: { initialMs: 0 }, jitter: 0 };
      const bus = new MessageBus({ onError: () => {} });
      open.push(bus);
      const destination = bus.addDestination<Command>(
        new DestinationConfiguration(type, "acme/orders", { ...placed(), retry }),
      );
      destination.listen(moduleListener(OBEDIENT));
      const count = 400;
      const notes = new SharedArrayBuffer(4 * 2 * count);
      for (let number = 1; number <= count; number += 1) {
        const failures = number === 300 ? 2 : 0;
        void destination.send({ action: "note", number, failures, notes });
      }
      await bus.drain();
      const [noted = 0, ...numbers] = new Int32Array(notes);
      expect(noted).toBe(count + 2);
      const inOrder = Array.from({ length: count }, (_value, at) => at + 1);
      inOrder.splice(300, 0, 300, 300);
      const seen = numbers.slice(0, noted);
      expect(type === "serial" ? seen : seen.toSorted((one, other) => one - other)).toEqual(
        inOrder,
      );
      expect(destination.statistics).toMatchObject({
        deliveredMessageCount: count,
        failedMessageCount: 0,
        retryCount: 2,
      });
    },
  );

  test("retry - what a listener would have moved away is still there for the next attempt", async () => {
    const bus = new MessageBus({ onError: () => {} });
    open.push(bus);
    const destination = bus.addDestination<Command, number>(
      new DestinationConfiguration("serial", "acme/orders", {
        ...placed(),
        retry: { attempts: 2, backoff: { initialMs: 0 } },
      }),
    );
    const transfer = (payload: unknown): readonly ArrayBuffer[] => [
      (payload as { readonly bytes: ArrayBuffer }).bytes,
    ];
    destination.listen(moduleListener(OBEDIENT, { transfer }));
    const asked = destination.request({ action: "weigh", failures: 1, bytes: new ArrayBuffer(7) });
    expect(await asked).toBe(7);
  });

  test("context.deadLetter - there is no further attempt, and the dead letter says why", async () => {
    const bus = new MessageBus({ onError: () => {} });
    open.push(bus);
    bus.addDestination(
      DestinationConfiguration.createDeadLetterDestinationConfiguration("acme/dead"),
    );
    const destination = bus.addDestination<Command>(
      new DestinationConfiguration("serial", "acme/orders", {
        ...placed(),
        retry: {},
        deadLetter: "acme/dead",
      }),
    );
    destination.listen(moduleListener(OBEDIENT));
    void destination.send({ action: "give up" });
    await bus.drain();
    expect(bus.deadLetters("acme/dead").list()).toMatchObject([
      {
        error: "DeadLetterError",
        code: "BUSLINE_DEAD_LETTER",
        attempts: 1,
        reason: 'A listener of "acme/orders" gave up: unreadable',
      },
    ]);
  });
});
