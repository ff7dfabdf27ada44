import { describe, expect, test } from "vitest";
import {
  type Destination,
  DestinationConfiguration,
  MessageBus,
  RejectedExecutionError,
  waitForSpace,
} from "busline";
import { GateListener, untilQuiet } from "busline/testing";
import { ledgerOf } from "./ledger.ts";
import { outcomeOf, turns } from "./outcome-of.ts";

const { createParallelDestinationConfiguration: parallel } = DestinationConfiguration;
const { createSerialDestinationConfiguration: serial } = DestinationConfiguration;
const { createSynchronousDestinationConfiguration: synchronous } = DestinationConfiguration;

describe("D14: a sender that only itself could wake", () => {
  const refusal = "BUSLINE_WAIT_DEADLOCK";
  const full = { maximumQueueSize: 1, rejectedExecutionHandler: waitForSpace() };

  function serialBus() {
    const bus = new MessageBus({ onError: () => {} });
    const destination: Destination<string> = bus.addDestination(serial("acme/a", full));
    return { bus, destination };
  }

  test("worker - a plain listener is refused at its own full queue", async () => {
    const { bus, destination } = serialBus();
    const outcomes: Promise<unknown>[] = [];
    destination.listen(({ payload }) => {
      if (payload !== "go") return;
      void destination.send("fills");
      outcomes.push(outcomeOf(() => destination.send("waits")));
    });
    void destination.send("go");
    await turns();
    expect(await Promise.all(outcomes)).toEqual([refusal]);
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toEqual({ sent: 3, delivered: 2, rejected: 1 });
    await expect(Promise.reject(new RejectedExecutionError(refusal, "acme/a"))).rejects.toThrow(
      /itself/,
    );
  });

  test.each([
    ["in its first message", []],
    // A listener that has once returned nothing is still known when it goes on.
    ["after it has once returned at once", ["plain"]],
  ] as const)("worker - a listener is refused after an await: %s", async (_, before) => {
    const { bus, destination } = serialBus();
    const outcomes: unknown[] = [];
    destination.listen(({ payload }) => {
      if (payload !== "go") return;
      return (async () => {
        await turns(1);
        void destination.send("fills");
        outcomes.push(await outcomeOf(() => destination.send("waits")));
      })();
    });
    for (const payload of before) {
      void destination.send(payload);
      await untilQuiet(bus);
    }
    void destination.send("go");
    await turns(6);
    expect(outcomes).toEqual([refusal]);
  });

  test("worker - a listener is refused in the turn of its own synchronous send", async () => {
    const { bus, destination } = serialBus();
    const inner: Destination<string> = bus.addDestination(synchronous("acme/inner"));
    const outcomes: unknown[] = [];
    inner.listen(async () => {
      await turns(1);
      outcomes.push(await outcomeOf(() => destination.send("waits")));
    });
    destination.listen(async ({ payload }) => {
      if (payload !== "go") return;
      void destination.send("fills");
      await inner.send("go");
    });
    void destination.send("go");
    await turns(6);
    expect(outcomes).toEqual([refusal]);
  });

  test("worker - the last one of a ring of two destinations is refused, the first goes on", async () => {
    const bus = new MessageBus();
    const one: Destination<string> = bus.addDestination(serial("acme/one", full));
    const other: Destination<string> = bus.addDestination(serial("acme/other", full));
    const outcomes: unknown[] = [];
    for (const [here, there] of [
      [one, other],
      [other, one],
    ] as const) {
      here.listen(async ({ payload }) => {
        if (payload !== "go") return;
        await turns(2);
        void there.send("fills");
        outcomes.push(`${here.name}: ${String(await outcomeOf(() => there.send("waits")))}`);
      });
      void here.send("go");
    }
    await turns(8);
    expect(outcomes).toEqual([`acme/other: ${refusal}`, "acme/one: accepted"]);
    await untilQuiet(bus);
    expect(ledgerOf(bus)).toEqual({ sent: 6, delivered: 5, rejected: 1 });
  });

  test("worker - not refused in a chain whose end makes progress", async () => {
    const bus = new MessageBus();
    const outcomes: unknown[] = [];
    const [first, second, third] = ["acme/1", "acme/2", "acme/3"].map((name) =>
      bus.addDestination(serial(name, full)),
    );
    const gate = new GateListener();
    third?.listen(gate);
    // The third is busy and full; the second's worker waits for it, the first's for the second.
    for (const payload of ["hold", "fills"]) void third?.send(payload);
    for (const [here, there] of [
      [second, third],
      [first, second],
    ] as const) {
      here?.listen(async ({ payload }) => {
        if (payload !== "go") return;
        outcomes.push(`${here.name}: ${String(await outcomeOf(() => there?.send("waits")))}`);
      });
      void here?.send("go");
      await turns();
      void here?.send("fills");
    }
    expect(outcomes).toEqual([]);
    gate.open();
    await untilQuiet(bus);
    expect(outcomes).toEqual(["acme/2: accepted", "acme/1: accepted"]);
    expect(ledgerOf(bus)).toEqual({ sent: 8, delivered: 8 });
  });

  test("worker - all workers of a pool: the last one is refused", async () => {
    const bus = new MessageBus();
    const destination: Destination<string> = bus.addDestination(
      parallel("acme/a", { ...full, workersMaxSize: 2 }),
    );
    const outcomes: unknown[] = [];
    destination.listen(async ({ payload }) => {
      if (!payload.startsWith("go")) return;
      await turns(2);
      outcomes.push(`${payload}: ${String(await outcomeOf(() => destination.send("waits")))}`);
    });
    for (const payload of ["go 1", "go 2", "fills"]) void destination.send(payload);
    await turns(8);
    expect(outcomes).toEqual([`go 2: ${refusal}`, "go 1: accepted"]);
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toEqual({ sent: 5, delivered: 4, rejected: 1 });
  });

  test("worker - not refused while another worker can make progress", async () => {
    const bus = new MessageBus();
    const destination: Destination<string> = bus.addDestination(
      parallel("acme/a", { ...full, workersMaxSize: 2 }),
    );
    const gate = new GateListener<string>();
    const outcomes: unknown[] = [];
    destination.listen(async (message, context) => {
      if (message.payload === "hold") await gate.receive(message, context);
      if (message.payload !== "go") return;
      void destination.send("fills");
      outcomes.push(await outcomeOf(() => destination.send("waits")));
    });
    void destination.send("hold");
    void destination.send("go");
    await turns();
    expect(outcomes).toEqual([]);
    gate.open();
    await untilQuiet(bus);
    expect(outcomes).toEqual(["accepted"]);
    expect(ledgerOf(destination)).toEqual({ sent: 4, delivered: 4 });
  });

  test("worker - not refused at another destination, nor when paused: somebody may resume it", async () => {
    const { bus, destination } = serialBus();
    const outcomes: unknown[] = [];
    destination.listen(async ({ payload }) => {
      if (payload !== "go") return;
      destination.pause();
      void destination.send("fills");
      outcomes.push(await outcomeOf(() => destination.send("waits")));
    });
    void destination.send("go");
    await turns();
    expect(outcomes).toEqual([]);
    destination.setWorkersSize(1, 1);
    bus.replaceDestination(serial("acme/a", { ...full, maximumQueueSize: 2 }));
    await turns();
    expect(outcomes).toEqual(["accepted"]);
    destination.resume();
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toEqual({ sent: 3, delivered: 3 });
  });
});
