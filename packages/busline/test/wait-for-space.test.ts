import { describe, expect, test } from "vitest";
import {
  AbortError,
  type Destination,
  DestinationConfiguration,
  InvalidConfigurationError,
  waitForSpace,
} from "busline";
import { untilQuiet } from "busline/testing";
import { fullDestination, heldBy } from "./full-destination.ts";
import { ledgerOf } from "./ledger.ts";
import { outcomeOf, turns } from "./outcome-of.ts";

const { createParallelDestinationConfiguration: parallel } = DestinationConfiguration;

/** Sends, and notes what has become of each send, in the order in which they end. */
function sender(destination: Destination<string>) {
  const ended: unknown[] = [];
  return {
    ended,
    send: (payload: string, signal?: AbortSignal): void => {
      const options = signal === undefined ? undefined : { signal };
      void outcomeOf(() => destination.send(payload, options)).then((outcome) =>
        ended.push(`${payload}: ${String(outcome)}`),
      );
    },
  };
}

describe.each(["parallel", "serial"] as const)("%s", (type) => {
  test("queue - senders get room in the order of their coming, and their messages run in it", async () => {
    const { bus, destination, gate } = await fullDestination(type, waitForSpace());
    const { ended, send } = sender(destination);
    for (const payload of ["a", "b", "c"]) send(payload);
    await turns();
    expect(ended).toEqual([]);
    expect(ledgerOf(destination)).toEqual({ sent: 2, active: 1, pending: 1 });

    gate.release();
    await turns();
    expect(ended).toEqual(["a: accepted"]);
    expect(heldBy(gate)).toEqual(["waiting"]);
    gate.release();
    await turns();
    expect(ended).toEqual(["a: accepted", "b: accepted"]);
    expect(heldBy(gate)).toEqual(["a"]);
    gate.open();
    await untilQuiet(bus);
    expect(ended).toEqual(["a: accepted", "b: accepted", "c: accepted"]);
    expect(ledgerOf(destination)).toEqual({ sent: 5, delivered: 5 });
  });

  test("queue - a newcomer does not pass those who wait", async () => {
    const { bus, destination, gate } = await fullDestination(type, waitForSpace());
    const received: string[] = [];
    destination.listen(({ payload }) => void received.push(payload));
    const { ended, send } = sender(destination);
    send("a");
    gate.release();
    // No turn has passed: whoever sends now comes after "a".
    send("b");
    gate.open();
    await untilQuiet(bus);
    expect(ended).toEqual(["a: accepted", "b: accepted"]);
    expect(received).toEqual(["a", "b"]);
  });
});

describe("the end of the waiting", () => {
  test("timeout - refuses after exactly timeoutMs, each sender by its own time", async () => {
    const { clock, destination, gate } = await fullDestination(
      "serial",
      waitForSpace({ timeoutMs: 1_000 }),
    );
    const { ended, send } = sender(destination);
    send("a");
    clock.advance(400);
    send("b");
    clock.advance(599);
    await turns();
    expect(ended).toEqual([]);
    clock.advance(1);
    await turns();
    expect(ended).toEqual(["a: BUSLINE_WAIT_TIMEOUT"]);
    gate.release();
    await turns();
    expect(ended).toEqual(["a: BUSLINE_WAIT_TIMEOUT", "b: accepted"]);
    clock.advance(10_000);
    await turns();
    expect(ledgerOf(destination)).toEqual({
      sent: 4,
      delivered: 1,
      active: 1,
      pending: 1,
      rejected: 1,
    });
    expect(() => waitForSpace({ timeoutMs: -1 })).toThrow(InvalidConfigurationError);
  });

  test("signal - the handler's ends the waiting of every sender, then and later", async () => {
    const controller = new AbortController();
    const { destination } = await fullDestination(
      "serial",
      waitForSpace({ signal: controller.signal }),
    );
    const sends = ["a", "b"].map(async (payload) => destination.send(payload));
    controller.abort("enough");
    for (const send of sends) {
      await expect(send).rejects.toThrow(AbortError);
      await expect(send).rejects.toMatchObject({ cause: "enough" });
    }
    expect(await outcomeOf(() => destination.send("c"))).toBe("BUSLINE_ABORTED");
    expect(ledgerOf(destination)).toEqual({ sent: 5, active: 1, pending: 1, rejected: 3 });
  });

  test("signal - the sender's own ends only its waiting", async () => {
    const { destination, gate } = await fullDestination("serial", waitForSpace());
    const { ended, send } = sender(destination);
    const controller = new AbortController();
    send("a", controller.signal);
    send("b");
    controller.abort();
    await turns();
    expect(ended).toEqual(["a: BUSLINE_ABORTED"]);
    gate.release();
    await turns();
    expect(ended).toEqual(["a: BUSLINE_ABORTED", "b: accepted"]);
    expect(ledgerOf(destination)).toMatchObject({ sent: 4, rejected: 1 });
  });

  // The message was refused to its sender: there is nothing left to withdraw.
  test("signal - aborted after the timeout it changes nothing, and loses nobody's message", async () => {
    const { bus, clock, destination, gate } = await fullDestination(
      "serial",
      waitForSpace({ timeoutMs: 10 }),
    );
    const controller = new AbortController();
    const sending = outcomeOf(() => destination.send("late", { signal: controller.signal }));
    clock.advance(10);
    expect(await sending).toBe("BUSLINE_WAIT_TIMEOUT");
    const before = ledgerOf(destination);
    controller.abort();
    expect(ledgerOf(destination)).toEqual(before);
    gate.open();
    await untilQuiet(bus);
    expect(gate.contexts).toHaveLength(2);
    expect(ledgerOf(destination)).toEqual({ sent: 3, delivered: 2, rejected: 1 });
  });

  test("request - its timeout and its signal end the waiting too", async () => {
    const { clock, destination } = await fullDestination("serial", waitForSpace());
    const controller = new AbortController();
    const timed = outcomeOf(() => destination.request("a", { timeoutMs: 10 }));
    const aborted = outcomeOf(() => destination.request("b", { signal: controller.signal }));
    clock.advance(10);
    controller.abort();
    expect(await timed).toBe("BUSLINE_REQUEST_TIMEOUT");
    expect(await aborted).toBe("BUSLINE_ABORTED");
    await turns();
    expect(ledgerOf(destination)).toEqual({ sent: 4, active: 1, pending: 1, rejected: 2 });
  });
});

describe("room", () => {
  test.each([
    ["a purge", ({ destination }) => void destination.purge(), 1],
    ["more workers", ({ destination }) => destination.setWorkersSize(2, 2), 1],
    [
      "a longer queue",
      ({ bus }) => {
        bus.replaceDestination(parallel("acme/full", { workersMaxSize: 1, maximumQueueSize: 3 }));
      },
      2,
    ],
  ] as const satisfies readonly [
    string,
    (full: Awaited<ReturnType<typeof fullDestination>>) => void,
    number,
  ][])("queue - appears with %s", async (_, makeRoom, admittedCount) => {
    const full = await fullDestination("parallel", waitForSpace());
    const { ended, send } = sender(full.destination);
    for (const payload of ["a", "b", "c"]) send(payload);
    makeRoom(full);
    await turns();
    expect(ended).toEqual(["a: accepted", "b: accepted"].slice(0, admittedCount));
    full.gate.open();
    await untilQuiet(full.bus);
    expect(ended).toHaveLength(3);
    ledgerOf(full.destination);
  });

  test("queue - appears when a waiting message is withdrawn", async () => {
    const { destination, gate } = await fullDestination("serial", waitForSpace());
    const controller = new AbortController();
    destination.purge();
    void destination.send("withdrawn", { signal: controller.signal });
    const { ended, send } = sender(destination);
    send("a");
    await turns();
    expect(ended).toEqual([]);
    controller.abort();
    await turns();
    expect(ended).toEqual(["a: accepted"]);
    gate.release();
    await turns();
    expect(heldBy(gate)).toEqual(["a"]);
  });

  test("drain - admits those who wait", async () => {
    const { bus, destination, gate } = await fullDestination("serial", waitForSpace());
    const { ended, send } = sender(destination);
    for (const payload of ["a", "b"]) send(payload);
    let isDrained = false;
    const drained = bus.drain().then(() => (isDrained = true));
    gate.release();
    await turns();
    expect(ended).toEqual(["a: accepted"]);
    expect(isDrained).toBe(false);
    gate.open();
    await drained;
    expect(ledgerOf(destination)).toEqual({ sent: 4, delivered: 4 });
    await turns();
    expect(ended).toEqual(["a: accepted", "b: accepted"]);
  });

  test("close - refuses those who still wait at its deadline", async () => {
    const { bus, clock, destination, gate } = await fullDestination("serial", waitForSpace());
    const { ended, send } = sender(destination);
    for (const payload of ["a", "b"]) send(payload);
    const closed = bus.close({ deadlineMs: 100 });
    clock.advance(100);
    const { undelivered, interrupted } = await closed;
    await turns();
    expect(ended).toEqual(["a: BUSLINE_CLOSED", "b: BUSLINE_CLOSED"]);
    // They were never accepted, so the report does not know them.
    expect(undelivered.map(({ payload }) => payload)).toEqual(["waiting"]);
    expect(interrupted.map(({ payload }) => payload)).toEqual(["running"]);
    gate.open();
    await turns();
    expect(ledgerOf(destination)).toEqual({ sent: 4, delivered: 1, discarded: 1, rejected: 2 });
  });
});
