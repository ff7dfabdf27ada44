import { describe, expect, test } from "vitest";
import { type Destination, DestinationConfiguration, MessageBus } from "busline";
import { GateListener, ManualClock, Recorder, untilQuiet } from "busline/testing";
import { heldBy } from "./full-destination.ts";
import { ledgerOf } from "./ledger.ts";
import { outcomeOf, turns } from "./outcome-of.ts";

const { createSerialDestinationConfiguration: serial } = DestinationConfiguration;
const { createSynchronousDestinationConfiguration: synchronous } = DestinationConfiguration;

function busWith(type: string, attributes?: { readonly maximumQueueSize?: number }) {
  const bus = new MessageBus({ clock: new ManualClock() });
  const configuration = new DestinationConfiguration(type, "acme/a", attributes);
  const destination: Destination<string> = bus.addDestination(configuration);
  /** Whatever could have happened before now has: another destination has delivered meanwhile. */
  const fence = async (): Promise<void> => {
    const name = "acme/fence";
    const other = bus.getDestination(name) ?? bus.addDestination(serial(name));
    const recorder = new Recorder();
    using _ = other.listen(recorder);
    void other.send("fence");
    await recorder.count(1);
    await turns();
  };
  return { bus, destination, fence };
}

describe.each(["parallel", "serial"] as const)("%s", (type) => {
  test("paused - nothing starts, even what was handed to a worker in the same turn", async () => {
    const { bus, destination, fence } = busWith(type);
    const recorder = new Recorder<string>();
    destination.listen(recorder);
    for (const payload of ["a", "b", "c"]) void destination.send(payload);
    destination.pause();
    expect(destination.isPaused).toBe(true);
    void destination.send("d");
    await fence();
    expect(recorder.payloads).toEqual([]);
    ledgerOf(destination);

    destination.resume();
    expect(destination.isPaused).toBe(false);
    await untilQuiet(bus);
    expect(recorder.payloads).toEqual(["a", "b", "c", "d"]);
    expect(ledgerOf(destination)).toEqual({ sent: 4, delivered: 4 });
  });

  test("paused - the capacity is that of the queue alone", async () => {
    const { bus, destination, fence } = busWith(type, { maximumQueueSize: 3 });
    const recorder = new Recorder<string>();
    destination.listen(recorder);
    destination.pause();
    for (const payload of ["a", "b", "c"]) void destination.send(payload);
    expect(await outcomeOf(() => destination.send("d"))).toBe("BUSLINE_QUEUE_FULL");
    expect(ledgerOf(destination)).toEqual({ sent: 4, pending: 3, rejected: 1 });
    await fence();
    expect(recorder.payloads).toEqual([]);
    destination.resume();
    // The workers have taken what they can: the queue has room again, at once.
    expect(await outcomeOf(() => destination.send("e"))).toBe("accepted");
    await untilQuiet(bus);
    expect(recorder.payloads).toEqual(["a", "b", "c", "e"]);
  });

  test("paused - what runs goes on to its end, and nothing follows it", async () => {
    const { bus, destination, fence } = busWith(type);
    const gate = new GateListener<string>();
    destination.listen(gate);
    void destination.send("running");
    await gate.entered(1);
    destination.pause();
    for (const payload of ["a", "b"]) void destination.send(payload);
    gate.release();
    await fence();
    expect(heldBy(gate)).toEqual([]);
    expect(ledgerOf(destination)).toEqual({ sent: 3, delivered: 1, pending: 2 });
    destination.resume();
    gate.open();
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toEqual({ sent: 3, delivered: 3 });
  });

  test("paused - pausing and resuming again and again loses and repeats nothing", async () => {
    const { bus, destination } = busWith(type);
    const recorder = new Recorder<string>();
    destination.listen(recorder);
    const sent = Array.from({ length: 30 }, (_, number) => `message ${number}`);
    for (const payload of sent) {
      void destination.send(payload);
      destination.pause();
      destination.pause();
      if (payload.endsWith("7")) await turns(1);
      destination.resume();
      destination.resume();
    }
    await untilQuiet(bus);
    expect(recorder.payloads).toEqual(sent);
    expect(ledgerOf(destination)).toEqual({ sent: 30, delivered: 30 });
  });

  test("paused - drain resumes, and finishes what waited", async () => {
    const { bus, destination } = busWith(type);
    const recorder = new Recorder<string>();
    destination.listen(recorder);
    destination.pause();
    void destination.send("a");
    await bus.drain();
    expect(recorder.payloads).toEqual(["a"]);
    expect(destination.isPaused).toBe(false);
  });

  test("paused - so do a close and a removal", async () => {
    for (const end of ["close", "remove"]) {
      const { bus, destination } = busWith(type);
      const recorder = new Recorder<string>();
      destination.listen(recorder);
      destination.pause();
      void destination.send("a");
      const ending = end === "close" ? bus.close() : bus.removeDestination("acme/a");
      expect(await ending).toEqual({ undelivered: [], interrupted: [] });
      expect(recorder.payloads).toEqual(["a"]);
    }
  });

  test("purge - drops what waits, counts it and tells it; what runs goes on", async () => {
    const { bus, destination } = busWith(type);
    destination.setWorkersSize(1, 1);
    const gate = new GateListener<string>();
    destination.listen(gate);
    const discarded: unknown[] = [];
    destination.addDestinationEventListener({
      messageDiscarded: ({ payload }, reason) => void discarded.push([payload, reason]),
    });
    expect(destination.purge()).toBe(0);
    void destination.send("running");
    await gate.entered(1);
    for (const payload of ["a", "b"]) void destination.send(payload);
    // The clock stands still: only the purge can end the request.
    const asked = outcomeOf(() => destination.request("asked"));
    expect(destination.purge()).toBe(3);
    expect(await asked).toBe("BUSLINE_PURGED");
    expect(discarded).toEqual([
      ["a", "purged"],
      ["b", "purged"],
      ["asked", "purged"],
    ]);
    expect(ledgerOf(destination)).toEqual({ sent: 4, active: 1, discarded: 3 });
    expect(destination.statistics.oldestPendingAgeMs).toBe(0);
    expect(destination.purge()).toBe(0);

    void destination.send("after");
    gate.open();
    await untilQuiet(bus);
    expect(gate.contexts).toHaveLength(2);
    expect(ledgerOf(destination)).toEqual({ sent: 5, delivered: 2, discarded: 3 });
  });

  test("purge - of a paused destination leaves nothing to resume", async () => {
    const { bus, destination, fence } = busWith(type);
    const recorder = new Recorder<string>();
    destination.listen(recorder);
    destination.pause();
    for (const payload of ["a", "b", "c"]) void destination.send(payload);
    expect(destination.purge()).toBe(3);
    destination.resume();
    await fence();
    expect(recorder.payloads).toEqual([]);
    expect(ledgerOf(destination)).toEqual({ sent: 3, discarded: 3 });
    void destination.send("d");
    await untilQuiet(bus);
    expect(recorder.payloads).toEqual(["d"]);
  });

  test("purge - an event listener that sends into the purged queue is not purged itself", async () => {
    const { bus, destination } = busWith(type);
    const recorder = new Recorder<string>();
    destination.listen(recorder);
    destination.addDestinationEventListener({
      messageDiscarded: ({ payload }) => {
        ledgerOf(destination);
        void destination.send(`again ${String(payload)}`);
      },
    });
    destination.pause();
    for (const payload of ["a", "b"]) void destination.send(payload);
    expect(destination.purge()).toBe(2);
    destination.resume();
    await untilQuiet(bus);
    expect(recorder.payloads).toEqual(["again a", "again b"]);
    expect(ledgerOf(destination)).toEqual({ sent: 4, delivered: 2, discarded: 2 });
  });
});

test("paused - a parallel message that has started for one listener starts for no other", async () => {
  const { bus, destination, fence } = busWith("parallel");
  destination.setWorkersSize(1, 1);
  const gates = [new GateListener<string>(), new GateListener<string>()];
  for (const gate of gates) destination.listen(gate);
  void destination.send("a");
  await gates[0]?.entered(1);
  destination.pause();
  gates[0]?.release();
  await fence();
  expect(gates.map(({ contexts }) => contexts.length)).toEqual([1, 0]);
  expect(ledgerOf(destination)).toEqual({ sent: 1, pending: 1 });
  destination.resume();
  for (const gate of gates) gate.open();
  await untilQuiet(bus);
  expect(gates.map(({ contexts }) => contexts.length)).toEqual([1, 1]);
});

test("paused - a synchronous destination has no queue: it refuses, and delivers again when resumed", async () => {
  const bus = new MessageBus();
  const destination: Destination<string> = bus.addDestination(synchronous("acme/a"));
  const recorder = new Recorder<string>();
  destination.listen(recorder);
  destination.pause();
  expect(() => destination.send("a")).toThrow(
    expect.objectContaining({ name: "RejectedExecutionError", code: "BUSLINE_QUEUE_FULL" }),
  );
  expect(await outcomeOf(() => destination.request("b"))).toBe("BUSLINE_QUEUE_FULL");
  expect(destination.purge()).toBe(0);
  destination.resume();
  void destination.send("c");
  expect(recorder.payloads).toEqual(["c"]);
  expect(ledgerOf(destination)).toEqual({ sent: 3, delivered: 1, rejected: 2 });
});
