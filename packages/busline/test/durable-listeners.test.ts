import { describe, expect, test } from "vitest";
import { type Destination, InvalidConfigurationError, type MessageBus } from "busline";
import { GateListener, Recorder, untilQuiet } from "busline/testing";
import { DEAD, durable, NAME, numbersTo, Processes, sendAll } from "./durable-fixture.ts";
import { ledgerOf } from "./ledger.ts";
import { turns } from "./outcome-of.ts";

function refusal(attempt: () => unknown): unknown {
  try {
    attempt();
  } catch (error) {
    if (!(error instanceof InvalidConfigurationError)) return error;
    const { attribute, allowed, value } = error;
    return { attribute, allowed, value };
  }
  return "accepted";
}

const NAMELESS = {
  attribute: "name",
  value: undefined,
  allowed: "given: by its name a listener of a durable destination is known after a restart",
};
const TAKEN = { attribute: "name", value: "a", allowed: "one that no other listener here has" };

describe("durable - names of listeners", () => {
  test("listen - without a name it is refused, whatever the function is called", () => {
    const { bus, destination } = new Processes().boot("serial");
    const named = (): void => {};
    expect(refusal(() => destination.listen(named))).toEqual(NAMELESS);
    expect(refusal(() => bus.listen(NAME, named))).toEqual(NAMELESS);
    expect(refusal(() => bus.listen(NAME, { receive: named }))).toEqual(NAMELESS);
    expect(bus.hasListener(NAME)).toBe(false);
    bus.addDestination(durable.serial("acme/memory"));
    bus.listen("acme/memory", named);
  });

  test("listen - two listeners of one name are refused, one twice is one", async () => {
    const { bus, destination } = new Processes().boot("serial");
    const recorder = new Recorder();
    const registration = destination.listen(recorder, { name: "a" });
    expect(refusal(() => destination.listen(() => {}, { name: "a" }))).toEqual(TAKEN);
    expect(refusal(() => destination.listen(recorder, { name: "a" }))).toBe("accepted");
    // The options of the first registration hold.
    expect(refusal(() => destination.listen(recorder, { name: "b" }))).toBe("accepted");
    destination.listen(() => {}, { name: "c" });
    await destination.send("once");
    await recorder.count(1);
    await untilQuiet(bus);
    expect(recorder.payloads).toEqual(["once"]);
    expect(destination.statistics.listeners.map(({ name }) => name)).toEqual(["a", "c"]);
    registration.unregister();
    destination.listen(new Recorder(), { name: "a" });
  });

  test("listen - before its destination: the same is asked when that is added", () => {
    const bus = new Processes().start();
    const registration = bus.listen(NAME, () => {});
    const add = (): unknown => bus.addDestination(durable.serial(NAME, { durable: true }));
    expect(refusal(add)).toEqual(NAMELESS);
    expect(bus.hasDestination(NAME)).toBe(false);
    registration.unregister();
    bus.listen(NAME, () => {}, { name: "a" });
    const second = bus.listen(NAME, () => {}, { name: "a" });
    expect(refusal(add)).toEqual(TAKEN);
    second.unregister();
    expect(refusal(add)).not.toHaveProperty("attribute");
    expect(bus.getDestination(NAME)?.statistics.listeners).toMatchObject([{ name: "a" }]);
  });

  test("listen - a destination that was refused delivers nothing", async () => {
    const processes = new Processes();
    const first = processes.boot("serial");
    await sendAll(first.destination, [1, 2]);
    processes.kill();
    const bus = processes.start();
    const recorder = new Recorder();
    bus.listen(NAME, recorder, { name: "a" });
    const registration = bus.listen(NAME, () => {});
    const add = (): Destination => bus.addDestination(durable.serial(NAME, { durable: true }));
    expect(refusal(add)).toEqual(NAMELESS);
    await turns();
    expect(recorder.payloads).toEqual([]);
    registration.unregister();
    add();
    await turns();
    expect(recorder.payloads).toEqual([1, 2]);
  });

  test("listen - nobody listens at a dead letter destination", () => {
    const bus = new Processes().start();
    bus.addDestination(durable.deadLetter(DEAD, { durable: true }));
    expect(refusal(() => bus.listen(DEAD, () => {}, { name: "a" }))).toMatchObject({
      attribute: "listener",
    });
  });
});

describe.each(["parallel", "serial", "keyed"])("%s", (type) => {
  /** A process in which two listened, and of which one comes again. */
  async function withOneMissing(): Promise<{
    readonly processes: Processes;
    readonly here: Recorder<number>;
    readonly bus: MessageBus;
    readonly destination: Destination<number>;
  }> {
    const processes = new Processes();
    const both = { here: new Recorder<number>(), late: new Recorder<number>() };
    const first = processes.boot<number>(type, both);
    await first.destination.send(-1);
    await both.late.count(1);
    await first.bus.close();
    const here = new Recorder<number>();
    return { processes, here, ...processes.boot<number>(type, { here }) };
  }

  test("durable - what is sent before a listener has come again waits for it, and holds nobody up", async () => {
    const { bus, destination, here } = await withOneMissing();
    expect(destination.statistics.missingListeners).toEqual([]);
    await bus.ready();
    expect(destination.statistics.missingListeners).toEqual(["late"]);
    for (const number of numbersTo(5)) await destination.send(number, { key: "k" });
    expect(await here.count(5)).toEqual(numbersTo(5));
    await turns();
    expect(ledgerOf(destination)).toEqual({ sent: 5, pending: 5 });
    const gate = new GateListener<number>();
    destination.listen(gate, { name: "late" });
    expect(destination.statistics.missingListeners).toEqual([]);
    const newer = sendAll(destination, [5, 6], { key: "k" });
    const seen: unknown[] = [];
    while (seen.length < 7) {
      await gate.entered(seen.length + 1);
      seen.push(gate.held[0]?.payload);
      gate.release();
    }
    await newer;
    expect(seen).toEqual(numbersTo(7));
    await untilQuiet(bus);
    expect(here.payloads).toEqual(numbersTo(7));
    expect(ledgerOf(destination)).toEqual({ sent: 7, delivered: 7 });
  });

  test("durable - a listener that is missing for ten seconds is told of, once for all that wait", async () => {
    const { destination, here, processes } = await withOneMissing();
    await sendAll(destination, [1, 2]);
    await here.count(2);
    await processes.pass(9_999);
    expect(processes.told).toEqual([]);
    await processes.pass(1);
    expect(processes.told).toEqual([
      `Messages of "${NAME}" wait for listeners that have not come again`,
    ]);
    expect(processes.problems).toEqual([
      {
        err: new Error(
          'Not here: "late". Register them, or let the destination forget them by forgetListener.',
        ),
      },
    ]);
    await processes.pass(60_000);
    expect(processes.told).toHaveLength(1);
    await destination.send(3);
    await processes.pass(10_000);
    expect(processes.told).toHaveLength(2);
  });

  test("durable - a listener that comes in time, or is forgotten in time, is not told of", async () => {
    const one = await withOneMissing();
    await one.destination.send(1);
    await one.processes.pass(9_000);
    one.destination.listen(new Recorder<number>(), { name: "late" });
    await one.processes.pass(9_000);
    expect(one.processes.told).toEqual([]);
    const other = await withOneMissing();
    await other.destination.send(1);
    await other.processes.pass(9_000);
    expect(await other.destination.forgetListener("late")).toBe(true);
    await other.processes.pass(9_000);
    expect(other.processes.told).toEqual([]);
  });

  test("durable - one that has left is still remembered, also by the next process", async () => {
    const processes = new Processes();
    const first = processes.boot<number>(type);
    const registration = first.destination.listen(new Recorder<number>(), { name: "a" });
    await first.bus.ready();
    registration.unregister();
    expect(first.destination.statistics.missingListeners).toEqual(["a"]);
    await first.destination.send(1);
    await turns();
    expect(ledgerOf(first.destination)).toEqual({ sent: 1, pending: 1 });
    processes.kill();
    const other = new Recorder<number>();
    const second = processes.boot<number>(type, { other });
    await second.bus.ready();
    expect(second.destination.statistics.missingListeners).toEqual(["a"]);
    await turns();
    expect(other.payloads).toEqual([]);
    const a = new Recorder<number>();
    second.destination.listen(a, { name: "a" });
    expect(await a.count(1)).toEqual([1]);
  });

  test("durable - one that leaves before its turn gets the message when it comes again", async () => {
    const processes = new Processes();
    const gate = new GateListener<number>();
    const { bus, destination } = processes.boot<number>(type, { gate }, { workersCoreSize: 1 });
    destination.pause();
    await sendAll(destination, [1, 2]);
    const leaving = destination.listen(new Recorder<number>(), { name: "leaving" });
    await sendAll(destination, [3]);
    leaving.unregister();
    gate.open();
    destination.resume();
    await gate.entered(3);
    await turns();
    expect(ledgerOf(destination)).toEqual({ sent: 3, delivered: 2, pending: 1 });
    const again = new Recorder<number>();
    destination.listen(again, { name: "leaving" });
    expect(await again.count(1)).toEqual([3]);
    await untilQuiet(bus);
    expect(gate.contexts).toHaveLength(3);
    expect(ledgerOf(destination)).toEqual({ sent: 3, delivered: 3 });
  });

  test("durable - sent when nobody has ever listened: for those who come first", async () => {
    const processes = new Processes();
    const { destination } = processes.boot<number>(type);
    await sendAll(destination, [1, 2], { key: "k" });
    await turns();
    expect(ledgerOf(destination)).toEqual({ sent: 2, pending: 2 });
    expect(destination.statistics.missingListeners).toEqual([]);
    processes.kill();
    const again = processes.boot<number>(type);
    await again.bus.ready();
    const [a, b, c] = [new Recorder<number>(), new Recorder<number>(), new Recorder<number>()];
    again.destination.listen(a, { name: "a" });
    again.destination.listen(b, { name: "b" });
    expect(await a.count(2)).toEqual([1, 2]);
    expect(await b.count(2)).toEqual([1, 2]);
    await untilQuiet(again.bus);
    again.destination.listen(c, { name: "c" });
    await again.destination.send(3);
    expect(await c.count(1)).toEqual([3]);
    expect(ledgerOf(again.destination)).toMatchObject({ sent: 3 });
  });
});
