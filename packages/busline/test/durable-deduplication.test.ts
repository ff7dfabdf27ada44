import { describe, expect, test } from "vitest";
import type { Destination, DestinationAttributes, SendOptions } from "busline";
import { GateListener, Recorder, untilQuiet } from "busline/testing";
import { durable, NAME, numbersTo, Processes } from "./durable-fixture.ts";
import { ledgerOf } from "./ledger.ts";
import { outcomeOf, turns } from "./outcome-of.ts";
import { stable } from "./spy-store.ts";

const TEN_MINUTES = 600_000;

interface Rig {
  readonly processes: Processes;
  readonly destination: Destination<string>;
  readonly recorder: Recorder<string>;
  /** What `messageDiscarded` was told. */
  readonly told: unknown[];
  /** Sends something under an id, and waits until all is quiet. */
  send(id: string, payload?: string): Promise<void>;
  /** The same a millisecond later: ids of one millisecond have no order. */
  sendLater(id: string, payload?: string): Promise<void>;
  /** A new process on the same store. */
  restart(): Rig;
}

function rigOf(attributes: DestinationAttributes = {}, processes = new Processes()): Rig {
  const recorder = new Recorder<string>();
  const { bus, destination } = processes.boot<string>("serial", { recorder }, attributes);
  const told: unknown[] = [];
  destination.addDestinationEventListener({
    messageDiscarded: ({ id, payload }, reason) => told.push([id, payload, reason]),
  });
  const send = async (id: string, payload = id): Promise<void> => {
    await destination.send(payload, { id });
    await untilQuiet(bus);
  };
  return {
    processes,
    destination,
    recorder,
    told,
    send,
    sendLater: async (id, payload) => {
      processes.clock.advance(1);
      await send(id, payload);
    },
    restart: () => {
      processes.kill();
      return rigOf(attributes, processes);
    },
  };
}

describe.each(["parallel", "serial", "keyed"])("%s", (type) => {
  test("deduplication - two of one id at once: both sends resolve, one message comes", async () => {
    const processes = new Processes();
    const recorder = new Recorder<string>();
    const { bus, destination } = processes.boot<string>(type, { recorder });
    const told: unknown[] = [];
    destination.addDestinationEventListener({
      messageDiscarded: ({ payload }, reason) => told.push([payload, reason]),
    });
    const sends = ["first", "second", "third"].map((payload) =>
      outcomeOf(() => destination.send(payload, { id: "own", key: "k" })),
    );
    expect(await Promise.all(sends)).toEqual(["accepted", "accepted", "accepted"]);
    await untilQuiet(bus);
    expect(recorder.payloads).toEqual(["first"]);
    expect(ledgerOf(destination)).toEqual({ sent: 3, delivered: 1, duplicate: 2 });
    expect(bus.statistics.duplicateMessageCount).toBe(2);
    expect(told).toEqual([
      ["second", "duplicate"],
      ["third", "duplicate"],
    ]);
  });

  test("deduplication - while the first is being stored, runs, or waits", async () => {
    const processes = new Processes();
    const gate = new GateListener<string>();
    const { bus, destination } = processes.boot<string>(type, { gate }, { workersCoreSize: 1 });
    await bus.ready();
    const again = (): unknown => destination.send("again", { id: "own" });
    const release = processes.store.hold(stable);
    const first = outcomeOf(() => destination.send("first", { id: "own" }));
    await turns();
    const second = outcomeOf(again);
    await turns();
    expect(ledgerOf(destination)).toEqual({ sent: 2, pending: 2 });
    release();
    expect(await Promise.all([first, second])).toEqual(["accepted", "accepted"]);
    await gate.entered(1);
    await again();
    expect(ledgerOf(destination)).toEqual({ sent: 3, active: 1, duplicate: 2 });
    gate.open();
    await untilQuiet(bus);
    expect(gate.contexts).toHaveLength(1);
  });
});

describe("deduplication", () => {
  test("deduplication - also when the first has ended, and after a restart", async () => {
    const rig = rigOf();
    await rig.send("a", "first");
    await rig.send("a", "second");
    expect(rig.recorder.payloads).toEqual(["first"]);
    expect(rig.told).toEqual([["a", "second", "duplicate"]]);
    const next = rig.restart();
    await next.send("a", "third");
    await next.send("b", "fence");
    expect(next.recorder.payloads).toEqual(["fence"]);
    expect(ledgerOf(next.destination)).toEqual({ sent: 2, delivered: 1, duplicate: 1 });
  });

  test("deduplication - the window by time: ten minutes, then it is new", async () => {
    const rig = rigOf();
    await rig.send("a", "first");
    rig.processes.clock.advance(TEN_MINUTES - 1);
    await rig.send("a", "too early");
    rig.processes.clock.advance(1);
    await rig.send("a", "second");
    expect(rig.recorder.payloads).toEqual(["first", "second"]);
    rig.processes.clock.advance(TEN_MINUTES - 1);
    const next = rig.restart();
    await next.send("a", "too early");
    next.processes.clock.advance(1);
    await next.send("a", "third");
    expect(next.recorder.payloads).toEqual(["third"]);
  });

  test("deduplication - a duplicate does not lengthen the time", async () => {
    const rig = rigOf({ deduplicationWindowMs: 100 });
    await rig.send("a", "first");
    rig.processes.clock.advance(60);
    await rig.send("a", "duplicate");
    rig.processes.clock.advance(60);
    await rig.send("a", "second");
    expect(rig.recorder.payloads).toEqual(["first", "second"]);
  });

  test("deduplication - the window by size: the latest ones are remembered", async () => {
    const rig = rigOf({ deduplicationWindowSize: 3 });
    for (const id of ["a", "b", "c", "d"]) await rig.sendLater(id);
    for (const id of ["b", "c", "d"]) await rig.sendLater(id, "duplicate");
    expect(rig.recorder.payloads).toEqual(["a", "b", "c", "d"]);
    await rig.sendLater("a", "a again");
    await rig.sendLater("b", "b again");
    await rig.sendLater("d", "duplicate");
    expect(rig.recorder.payloads).toEqual(["a", "b", "c", "d", "a again", "b again"]);
    expect(rig.processes.store.keysOf("u")).toHaveLength(3);
    expect(rig.processes.store.keysOf("v")).toHaveLength(3);
  });

  test("deduplication - what has left the window leaves the store", async () => {
    const rig = rigOf({ deduplicationWindowMs: 100 });
    for (const number of numbersTo(20)) await rig.send(`old ${number}`);
    expect(rig.processes.store.keysOf("u")).toHaveLength(20);
    rig.processes.clock.advance(101);
    const next = rig.restart();
    for (const number of numbersTo(5)) await next.send(`new ${number}`);
    expect(next.processes.store.keysOf("u")).toHaveLength(5);
    expect(next.processes.store.keysOf("v")).toHaveLength(5);
  });

  test("deduplication - a restart knows the size of what is remembered", async () => {
    const rig = rigOf({ deduplicationWindowSize: 3 });
    for (const id of ["a", "b", "c"]) await rig.sendLater(id);
    const next = rig.restart();
    await next.sendLater("d");
    await next.sendLater("a", "a again");
    await next.sendLater("c", "duplicate");
    expect(next.recorder.payloads).toEqual(["d", "a again"]);
  });

  test("deduplication - 0 switches it off, and nothing is remembered", async () => {
    const rig = rigOf({ deduplicationWindowMs: 0 });
    await rig.send("a", "first");
    await rig.send("a", "second");
    expect(rig.recorder.payloads).toEqual(["first", "second"]);
    expect(ledgerOf(rig.destination)).toEqual({ sent: 2, delivered: 2 });
    expect(rig.processes.store.keysOf("u")).toEqual([]);
  });

  test("deduplication - ids that busline has made are never looked up", async () => {
    const rig = rigOf();
    const gets = (): number => rig.processes.store.countOf(({ method }) => method === "get");
    await rig.destination.send("a");
    const before = gets();
    await rig.destination.send("b");
    await rig.destination.send("c", { headers: { a: "b" }, key: "k" });
    expect(gets()).toBe(before);
    expect(rig.processes.store.keysOf("u")).toEqual([]);
    await rig.destination.send("d", { id: "own" });
    expect(gets()).toBe(before + 1);
    // An id that busline has made may come again: as that of a dead letter, or of a message that is passed on.
    const [{ id } = { id: "" }] = rig.recorder.messages;
    await rig.send(id, "passed on");
    expect(rig.recorder.payloads).toEqual(["a", "b", "c", "d", "passed on"]);
  });

  test("deduplication - destinations do not share ids, nor do those in memory look", async () => {
    const processes = new Processes();
    const bus = processes.start();
    const recorder = new Recorder();
    for (const [name, isDurable] of [
      [NAME, true],
      ["acme/other", true],
      ["acme/memory", false],
    ] as const) {
      bus.addDestination(durable.serial(name, { durable: isDurable }));
      bus.listen(name, recorder, { name: "recorder" });
      await bus.send(name, name, { id: "own" });
    }
    await bus.send("acme/memory", "again", { id: "own" });
    await recorder.count(4);
    expect(bus.statistics.duplicateMessageCount).toBe(0);
  });

  test("deduplication - an id may be long and hold any character", async () => {
    const rig = rigOf();
    const ids = ["ü/\u{1F600}\0\n", "x".repeat(255), "x".repeat(254)];
    for (const id of ids) await rig.send(id);
    for (const id of ids) await rig.send(id, "duplicate");
    expect(rig.recorder.payloads).toEqual(ids);
  });

  test("deduplication - a first message that was not stored is none", async () => {
    const rig = rigOf();
    await rig.send("fence");
    rig.processes.store.failOnce(stable);
    expect(await outcomeOf(() => rig.destination.send("a", { id: "a" }))).toBe(
      "BUSLINE_STORE_FAILED",
    );
    await rig.send("a", "second");
    expect(rig.recorder.payloads).toEqual(["fence", "second"]);
    expect(ledgerOf(rig.destination)).toEqual({ sent: 3, delivered: 2, rejected: 1 });
  });

  test("deduplication - commits that fail do not make the window smaller", async () => {
    const rig = rigOf({ deduplicationWindowSize: 4 });
    for (const id of ["a", "b", "c"]) await rig.sendLater(id);
    const stop = rig.processes.store.fail(stable);
    for (const id of ["d", "e", "f"]) await outcomeOf(() => rig.destination.send(id, { id }));
    stop();
    await rig.sendLater("g");
    for (const id of ["a", "b", "c", "g"]) await rig.send(id, "duplicate");
    expect(rig.recorder.payloads).toEqual(["a", "b", "c", "g"]);
  });

  test("deduplication - one that comes again after its time stands at the end of the window", async () => {
    const rig = rigOf({ deduplicationWindowMs: 100, deduplicationWindowSize: 3 });
    await rig.send("a");
    rig.processes.clock.advance(100);
    for (const id of ["b", "c", "a"]) await rig.sendLater(id);
    expect(rig.processes.store.keysOf("v")).toHaveLength(3);
    await rig.sendLater("a", "duplicate");
    await rig.sendLater("c", "duplicate");
    expect(rig.recorder.payloads).toEqual(["a", "b", "c", "a"]);
  });

  test("deduplication - ids that come again after their time do not make the window larger", async () => {
    const rig = rigOf({ deduplicationWindowMs: 100, deduplicationWindowSize: 3 });
    for (const round of numbersTo(5)) {
      await rig.sendLater("a");
      await rig.sendLater(`other ${round}`);
      rig.processes.clock.advance(100);
    }
    for (const id of ["b", "c", "d", "e", "f"]) await rig.sendLater(id);
    expect(rig.processes.store.keysOf("u")).toHaveLength(3);
  });

  test("deduplication - a request is not one, and waits for its reply", async () => {
    const processes = new Processes();
    const { destination } = processes.boot<string>("serial", { answering: () => "reply" });
    const options: SendOptions = { id: "own" };
    expect(await destination.request("a", options)).toBe("reply");
    expect(await destination.request("b", options)).toBe("reply");
  });

  test("deduplication - of a message that is put off", async () => {
    const rig = rigOf();
    await rig.destination.send("first", { id: "a", delayMs: 100 });
    await rig.destination.send("second", { id: "a" });
    expect(ledgerOf(rig.destination)).toEqual({ sent: 2, pending: 1, duplicate: 1 });
    await rig.processes.pass(100);
    expect(await rig.recorder.count(1)).toEqual(["first"]);
    await rig.destination.send("third", { id: "a", delayMs: 100 });
    expect(ledgerOf(rig.destination)).toEqual({ sent: 3, delivered: 1, duplicate: 2 });
    expect(rig.processes.store.keysOf("t")).toEqual([]);
  });
});
