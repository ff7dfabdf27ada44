import {
  DestinationConfiguration,
  FifoQueue,
  type Message,
  MessageBus,
  waitForSpace,
} from "busline";
import { GateListener, untilQuiet } from "busline/testing";
import { describe, expect, test } from "vitest";
import { ledgerOf } from "./ledger.ts";
import { outcomeOf, turns } from "./outcome-of.ts";
import { runScript } from "./run-script.ts";

/*
 * Most messages take a short way, which sums up what every message would otherwise ask for. Here something happens that
 * the sums might miss.
 */
const MANY = 200;
/** After so many runs that were alike, a listener is known. */
const ENOUGH = 1_000;
const { createParallelDestinationConfiguration: parallel } = DestinationConfiguration;
const { createSerialDestinationConfiguration: serial } = DestinationConfiguration;
const { createSynchronousDestinationConfiguration: synchronous } = DestinationConfiguration;

describe("workers", () => {
  test("listener - one that goes on fails at once in between: each message is received and booked once", async () => {
    const failures: unknown[] = [];
    const bus = new MessageBus({ onError: (error) => void failures.push(error) });
    const destination = bus.addDestination<number>(
      parallel("acme/a", { workersCoreSize: 1, workersMaxSize: 1 }) as never,
    );
    const received: number[] = [];
    destination.listen(({ payload }) => {
      received.push(payload);
      if (payload % 50 === 2) throw new RangeError("at once");
      return turns(1);
    });
    const payloads = Array.from({ length: MANY }, (_, at) => at);
    for (const payload of payloads) void destination.send(payload);
    await untilQuiet(bus);
    expect(received).toEqual(payloads);
    expect(failures).toHaveLength(4);
    expect(ledgerOf(destination)).toEqual({ sent: MANY, delivered: MANY - 4, failed: 4 });
    await bus.drain();
  });

  test("request - one that is asked fails at once in between: the others get their own answers", async () => {
    const bus = new MessageBus();
    const destination = bus.addDestination<number, number>(
      parallel("acme/a", { workersCoreSize: 1, workersMaxSize: 1 }) as never,
    );
    destination.listen(({ payload }) => {
      if (payload === 2) throw new RangeError("at once");
      return turns(1).then(() => payload);
    });
    const asked = [1, 2, 3, 4].map((payload) =>
      outcomeOf(async () => destination.request(payload)),
    );
    const answers = Promise.all([1, 3, 4].map(async (payload) => destination.request(payload)));
    expect(await Promise.all(asked)).toEqual([
      "accepted",
      "BUSLINE_LISTENER_FAILED",
      "accepted",
      "accepted",
    ]);
    expect(await answers).toEqual([1, 3, 4]);
    expect(bus.statistics.lateReplyCount).toBe(0);
  });

  test("replaceDestination - to serial, with a message in some workers' hands: each listener gets it once", async () => {
    const bus = new MessageBus();
    const destination = bus.addDestination<unknown>(
      parallel("acme/a", { workersCoreSize: 2, workersMaxSize: 2 }),
    );
    const received: string[] = [];
    const held: (() => void)[] = [];
    for (const name of ["one", "two", "three"]) {
      destination.listen(async ({ payload }: Message) => {
        if (typeof payload === "number") return;
        received.push(`${name} ${String(payload)}`);
        await new Promise<void>((resolve) => {
          held.push(resolve);
        });
      });
    }
    for (let number = 0; number <= ENOUGH; number += 1) void destination.send(number);
    await untilQuiet(bus);
    for (const payload of ["M", "N", "O"]) void destination.send(payload);
    await turns();
    expect(received).toEqual(["one M", "two M"]);
    bus.replaceDestination(serial("acme/a"));
    while (held.length > 0) {
      held.shift()?.();
      await turns();
    }
    await untilQuiet(bus);
    expect(received.toSorted()).toEqual(
      ["M", "N", "O"]
        .flatMap((each) => ["one", "two", "three"].map((name) => `${name} ${each}`))
        .toSorted(),
    );
    expect(ledgerOf(destination)).toMatchObject({ delivered: ENOUGH + 4 });
  });

  test("close - after a purge, what workers had in hand and had not begun is reported", async () => {
    const bus = new MessageBus();
    const destination = bus.addDestination<number>(
      parallel("acme/a", { workersCoreSize: 3, workersMaxSize: 3 }) as never,
    );
    const gate = new GateListener<number>();
    destination.listen(gate);
    for (const payload of [1, 2, 3, 4]) void destination.send(payload);
    destination.setWorkersSize(1, 1);
    expect(destination.purge()).toBe(1);
    await gate.entered(1);
    const report = await bus.close({ deadlineMs: 0 });
    expect(report.undelivered.map(({ payload }) => payload)).toEqual([2, 3]);
    expect(report.interrupted.map(({ payload }) => payload)).toEqual([1]);
    gate.open();
  });

  test("type - of the user's own, with a worker for each listener: they start together, whatever came between", async () => {
    const bus = new MessageBus({
      destinationTypes: {
        shared: () => ({ createQueue: () => new FifoQueue(), workerPer: "listener" }),
      },
    });
    const destination = bus.addDestination<number>(
      new DestinationConfiguration("shared", "acme/a", {
        workersCoreSize: 2,
        workersMaxSize: 2,
      }) as never,
    );
    const gates = [new GateListener<number>(), new GateListener<number>()];
    for (const gate of gates) destination.listen(gate);
    void destination.send(1);
    await turns();
    void destination.send(2);
    destination.pause();
    destination.resume();
    destination.setWorkersSize(2, 2);
    for (const gate of gates) gate.release();
    await turns();
    expect(gates.map(({ held }) => held.map(({ payload }) => payload))).toEqual([[2], [2]]);
    for (const gate of gates) gate.open();
    await untilQuiet(bus);
  });

  test("deadlock - a listener waits for itself through a sender's turn: refused", async () => {
    const bus = new MessageBus();
    const queued = bus.addDestination<string>(
      serial("acme/a", { maximumQueueSize: 1, rejectedExecutionHandler: waitForSpace() }) as never,
    );
    bus.addDestination(synchronous("acme/s"));
    const outcomes: unknown[] = [];
    bus.listen("acme/s", () =>
      outcomeOf(() => bus.send("acme/a", "more")).then((outcome) => void outcomes.push(outcome)),
    );
    queued.listen(({ payload }) => (payload === "go" ? bus.send("acme/s", "") : undefined));
    for (let number = 0; number < ENOUGH + 1; number += 1) await queued.send("known");
    await untilQuiet(bus);
    void queued.send("go");
    void queued.send("fills it");
    await untilQuiet(bus);
    expect(outcomes).toEqual(["BUSLINE_WAIT_DEADLOCK"]);
  });
});

describe("senders", () => {
  test("sentAt - of a message in the sender's turn is that of its own run, whatever else was sent in it", async () => {
    const bus = new MessageBus();
    const destination = bus.addDestination<string>(synchronous("acme/a") as never);
    const times = new Map<string, number>();
    destination.listen(({ payload, sentAt }) => void times.set(payload, sentAt));
    void destination.send("before");
    const before = Date.now();
    while (Date.now() <= before) await turns(1);
    void destination.send("with an id", { id: "x" });
    void destination.send("after");
    expect(times.get("after")).toBe(times.get("with an id"));
    expect(times.get("after")).toBeGreaterThan(times.get("before") as number);
  });

  test(
    "channels - who observed before busline was loaded is told",
    { timeout: 30_000 },
    async () => {
      const { lines } = await runScript(`
      import { tracingChannel } from "node:diagnostics_channel";
      for (const kind of ["send", "enqueue", "deliver"]) {
        tracingChannel("busline." + kind).subscribe({ start: () => console.log(kind) });
      }
      const { DestinationConfiguration, MessageBus } = await import("busline");
      const bus = new MessageBus();
      const destination = bus.addDestination(
        DestinationConfiguration.createSerialDestinationConfiguration("acme/a"),
      );
      destination.listen(() => {});
      destination.send(1);`);
      expect(lines).toEqual(["send", "enqueue", "deliver"]);
    },
  );
});
