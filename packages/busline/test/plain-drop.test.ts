import {
  type Destination,
  DestinationConfiguration,
  discard,
  discardOldest,
  MessageBus,
  type RejectedExecutionHandler,
  waitForSpace,
} from "busline";
import { GateListener, untilQuiet } from "busline/testing";
import { describe, expect, test } from "vitest";
import { heldBy } from "./full-destination.ts";
import { ledgerOf } from "./ledger.ts";
import { outcomeOf } from "./outcome-of.ts";

/*
 * Where nobody is told of a dropped message, it is dropped without having been made. The property test of the two ways
 * compares that with the long way; here is what its sequences hardly reach.
 */

function configurationOf(
  maximumQueueSize: number,
  rejectedExecutionHandler: RejectedExecutionHandler,
  workersMaxSize = 1,
): DestinationConfiguration {
  return DestinationConfiguration.createParallelDestinationConfiguration("acme/full", {
    maximumQueueSize,
    rejectedExecutionHandler,
    workersCoreSize: workersMaxSize,
    workersMaxSize,
  });
}

/** A destination with as many messages in hand as it has workers, and so many waiting. */
async function filled(
  configuration: DestinationConfiguration,
  waitingCount: number,
): Promise<{ bus: MessageBus; destination: Destination<string>; gate: GateListener<string> }> {
  const bus = new MessageBus();
  const destination = bus.addDestination<string>(configuration);
  const gate = new GateListener<string>();
  destination.listen(gate);
  const { workersMaxSize = 0 } = configuration;
  for (let at = 1; at <= workersMaxSize; at += 1) void destination.send(`running ${at}`);
  await gate.entered(workersMaxSize);
  for (let at = 1; at <= waitingCount; at += 1) void destination.send(`waiting ${at}`);
  return { bus, destination, gate };
}

describe("where nobody is told of what is dropped", () => {
  test("queue - drops the new message", async () => {
    const { bus, destination, gate } = await filled(configurationOf(2, discard), 2);
    expect(destination.send("new")).toBeUndefined();
    expect(ledgerOf(destination)).toEqual({ sent: 4, active: 1, pending: 2, discarded: 1 });
    gate.open();
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toEqual({ sent: 4, delivered: 3, discarded: 1 });
  });

  test("queue - drops the oldest waiting message, never one in hand", async () => {
    const { bus, destination, gate } = await filled(configurationOf(2, discardOldest, 3), 2);
    gate.release();
    gate.release();
    // A worker has what it is to begin with in hand as soon as it is free.
    await gate.entered(5);
    for (const payload of ["a", "b", "c"]) expect(destination.send(payload)).toBeUndefined();
    expect(ledgerOf(destination)).toMatchObject({ active: 3, pending: 2, discarded: 1 });
    expect(heldBy(gate)).toEqual(["running 3", "waiting 1", "waiting 2"]);
    gate.release();
    gate.release();
    await gate.entered(7);
    expect(heldBy(gate)).toEqual(["waiting 2", "b", "c"]);
    gate.open();
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toEqual({ sent: 8, delivered: 7, discarded: 1 });
  });

  test("queue - a message with a header is the oldest as any other", async () => {
    const { destination, gate } = await filled(configurationOf(2, discardOldest), 0);
    void destination.send("with a header", { headers: { tenant: "acme" } });
    for (const payload of ["a", "b", "c"]) void destination.send(payload);
    gate.release();
    await gate.entered(2);
    expect(heldBy(gate)).toEqual(["b"]);
    expect(ledgerOf(destination)).toMatchObject({ pending: 1, discarded: 2 });
    gate.open();
  });

  test("queue - drops as many as a smaller limit leaves no room for", async () => {
    const { bus, destination, gate } = await filled(configurationOf(3, discardOldest), 3);
    bus.replaceDestination(configurationOf(1, discardOldest));
    void destination.send("new");
    expect(ledgerOf(destination)).toEqual({ sent: 5, active: 1, pending: 1, discarded: 3 });
    gate.release();
    await gate.entered(2);
    expect(heldBy(gate)).toEqual(["new"]);
    gate.open();
  });

  test("queue - what waits for room is not passed by", async () => {
    const { bus, destination, gate } = await filled(configurationOf(1, waitForSpace()), 1);
    const waiting = outcomeOf(() => destination.send("waits for room"));
    bus.replaceDestination(configurationOf(1, discardOldest));
    void destination.send("new");
    expect(ledgerOf(destination)).toMatchObject({ discarded: 1 });
    gate.release();
    await gate.entered(2);
    expect(await waiting).toBe("accepted");
    expect(heldBy(gate)).toEqual(["waiting 1"]);
    gate.release();
    await gate.entered(3);
    expect(heldBy(gate)).toEqual(["waits for room"]);
    gate.open();
  });

  test("worker - shares a message that has replaced another with the workers of its other listeners", async () => {
    const { destination, gate } = await filled(configurationOf(1, discardOldest, 2), 1);
    const second = new GateListener<string>();
    destination.listen(second);
    void destination.send("for both");
    gate.release();
    gate.release();
    await gate.entered(3);
    await second.entered(1);
    expect(heldBy(second)).toEqual(["for both"]);
    expect(ledgerOf(destination)).toMatchObject({ active: 1, discarded: 1 });
    gate.open();
    second.open();
  });

  test("destination - an event listener that comes later is told from then on", async () => {
    const { destination, gate } = await filled(configurationOf(1, discardOldest), 1);
    void destination.send("new");
    const told: unknown[] = [];
    destination.addDestinationEventListener({
      messageDiscarded: ({ payload }, reason) => void told.push([payload, reason]),
    });
    void destination.send("newest");
    expect(told).toEqual([["new", "queue-full"]]);
    expect(ledgerOf(destination)).toMatchObject({ discarded: 2 });
    gate.open();
  });
});
