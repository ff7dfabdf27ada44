import { describe, expect, test } from "vitest";
import { waitForSpace } from "busline";
import { GateListener, Recorder, untilQuiet } from "busline/testing";
import { readMessage, writeMessage } from "../src/store/stored-message.ts";
import { numbersTo, Processes, sendAll } from "./durable-fixture.ts";
import { ledgerOf } from "./ledger.ts";
import { outcomeOf, turns } from "./outcome-of.ts";
import { stable } from "./spy-store.ts";

const types = ["parallel", "serial", "keyed"] as const;
const DAY_MS = 86_400_000;

describe.each(types)("%s", (type) => {
  test("delayMs - the message comes at its time, not before", async () => {
    const processes = new Processes();
    const recorder = new Recorder<string>();
    const { bus, destination } = processes.boot<string>(type, { recorder });
    await destination.send("later", { delayMs: 100, key: "k" });
    await destination.send("now", { key: "k" });
    expect(await recorder.count(1)).toEqual(["now"]);
    await processes.pass(99);
    expect(recorder.payloads).toEqual(["now"]);
    expect(ledgerOf(destination)).toEqual({ sent: 2, delivered: 1, pending: 1 });
    expect(processes.store.keysOf("t")).toHaveLength(1);
    await processes.pass(1);
    expect(await recorder.count(2)).toEqual(["now", "later"]);
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toEqual({ sent: 2, delivered: 2 });
    expect(processes.store.keysOf("t")).toEqual([]);
    expect(processes.store.keysOf("q")).toEqual([]);
    expect(processes.store.keysOf("s")).toEqual([]);
  });

  test("deliverAt - over a restart, and past its time", async () => {
    const processes = new Processes();
    const at = processes.clock.now() + 1_000;
    const first = processes.boot<string>(type, { recorder: new Recorder<string>() });
    await first.destination.send("a", { deliverAt: at, id: "own" });
    await first.destination.send("b", { deliverAt: new Date(at + 1_000) });
    processes.kill();
    processes.clock.advance(400);
    const recorder = new Recorder<string>();
    const second = processes.boot<string>(type, { recorder });
    await second.bus.ready();
    expect(ledgerOf(second.destination)).toEqual({ sent: 2, pending: 2 });
    expect(second.destination.statistics.recoveredMessageCount).toBe(2);
    await processes.pass(599);
    expect(recorder.payloads).toEqual([]);
    await processes.pass(1);
    expect(await recorder.count(1)).toEqual(["a"]);
    expect(recorder.messages[0]?.id).toBe("own");
    await turns();
    processes.kill();
    processes.clock.advance(5_000);
    const third = processes.boot<string>(type, { recorder });
    expect(await recorder.count(2)).toEqual(["a", "b"]);
    await untilQuiet(third.bus);
    expect(ledgerOf(third.destination)).toEqual({ sent: 1, delivered: 1 });
  });

  test("ttlMs - over a restart, and while its process was dead", async () => {
    const processes = new Processes();
    const first = processes.boot<string>(type, { recorder: new Recorder<string>() });
    first.destination.pause();
    await first.destination.send("short", { ttlMs: 100 });
    await first.destination.send("long", { ttlMs: 1_000 });
    await first.destination.send("dead on arrival", { delayMs: 150, ttlMs: 180 });
    processes.kill();
    processes.clock.advance(200);
    const recorder = new Recorder<string>();
    const { bus, destination } = processes.boot<string>(type, { recorder });
    const told: string[] = [];
    destination.addDestinationEventListener({
      messageDiscarded: ({ payload }, reason) => told.push(`${String(payload)}: ${reason}`),
    });
    await bus.ready();
    await processes.pass(0);
    await untilQuiet(bus);
    expect(recorder.payloads).toEqual(["long"]);
    expect(ledgerOf(destination)).toEqual({ sent: 3, delivered: 1, expired: 2 });
    expect(told.toSorted()).toEqual(["dead on arrival: expired", "short: expired"]);
    expect(processes.store.keysOf("q")).toEqual([]);
  });

  test("ttlMs - while it waits in memory, and in the store alone", async () => {
    const processes = new Processes();
    const gate = new GateListener<number>();
    const { bus, destination } = processes.boot<number>(
      type,
      { gate },
      { maximumMessagesInMemory: 2, workersCoreSize: 1, workersMaxSize: 1 },
    );
    await destination.send(0);
    await gate.entered(1);
    await sendAll(destination, [1, 2, 3, 4], { ttlMs: 100 });
    await destination.send(5);
    await processes.pass(100);
    gate.open();
    await untilQuiet(bus);
    expect(gate.contexts).toHaveLength(2);
    expect(ledgerOf(destination)).toEqual({ sent: 6, delivered: 2, expired: 4 });
    expect(processes.store.keysOf("q")).toEqual([]);
  });

  test("ttlMs - a listener that has begun goes on, and a later attempt is made", async () => {
    const processes = new Processes();
    const gate = new GateListener<string>();
    const retry = { attempts: 2, backoff: { initialMs: 100 }, jitter: 0 };
    const { bus, destination } = processes.boot<string>(type, { gate }, { retry });
    await destination.send("a", { ttlMs: 50 });
    await gate.entered(1);
    await processes.pass(60);
    gate.fail(new Error("not yet"));
    await processes.pass(100);
    await gate.entered(2);
    gate.release();
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toEqual({ sent: 1, delivered: 1 });
  });
});

describe("durable - messages that are put off", () => {
  test("delayMs - those of one time come in the order of sending, those of different times in that of time", async () => {
    const processes = new Processes();
    const recorder = new Recorder<number>();
    const { bus, destination } = processes.boot<number>("serial", { recorder });
    for (const number of numbersTo(600)) {
      void destination.send(number, { delayMs: 100 + (number % 3) });
    }
    await turns();
    await processes.pass(200);
    await recorder.count(600);
    await untilQuiet(bus);
    const expected = [0, 1, 2].flatMap((rest) => numbersTo(600).filter((n) => n % 3 === rest));
    expect(recorder.payloads).toEqual(expected);
    expect(ledgerOf(destination)).toEqual({ sent: 600, delivered: 600 });
  });

  test("delayMs - one that comes due stands behind those that wait", async () => {
    const processes = new Processes();
    const gate = new GateListener<string>();
    const { bus, destination } = processes.boot<string>("serial", { gate });
    await destination.send("running");
    await gate.entered(1);
    await destination.send("put off", { delayMs: 10 });
    await destination.send("waiting");
    await processes.pass(10);
    await destination.send("newer");
    const seen: unknown[] = [];
    while (seen.length < 4) {
      await gate.entered(seen.length + 1);
      seen.push(gate.held[0]?.payload);
      gate.release();
    }
    expect(seen).toEqual(["running", "waiting", "put off", "newer"]);
    await untilQuiet(bus);
  });

  test("delayMs - an earlier one that comes later is not held up by the alarm of another", async () => {
    const processes = new Processes();
    const recorder = new Recorder<string>();
    const { destination } = processes.boot<string>("serial", { recorder });
    await destination.send("late", { delayMs: 1_000 });
    await destination.send("early", { delayMs: 10 });
    await processes.pass(10);
    expect(await recorder.count(1)).toEqual(["early"]);
    await processes.pass(990);
    expect(await recorder.count(2)).toEqual(["early", "late"]);
  });

  test("deliverAt - a year ahead, which is longer than any timer", async () => {
    const processes = new Processes();
    const recorder = new Recorder<string>();
    const { destination } = processes.boot<string>("serial", { recorder });
    await destination.send("a", { deliverAt: processes.clock.now() + 365 * DAY_MS });
    for (const day of [25, 100, 200, 364]) {
      await processes.pass((day - processes.clock.monotonicNow() / DAY_MS) * DAY_MS);
    }
    expect(recorder.payloads).toEqual([]);
    await processes.pass(DAY_MS);
    expect(await recorder.count(1)).toEqual(["a"]);
  });

  test("delayMs - what is put off lies in the store alone", async () => {
    const processes = new Processes();
    const { store } = processes;
    const recorder = new Recorder<number>();
    const { bus, destination } = processes.boot<number>("serial", { recorder });
    await sendAll(destination, numbersTo(100), { delayMs: 100 });
    // Whoever comes unchanged would have come out of memory.
    const changes = store.entries
      .filter(({ key }) => key.startsWith("t/"))
      .map(({ key, value }) => {
        const message = readMessage(value);
        const payload = store.codec.encode(`stored ${String(store.codec.decode(message.payload))}`);
        return { key, value: writeMessage({ ...message, payload }) };
      });
    await store.commit(changes, "stable");
    await processes.pass(100);
    await recorder.count(100);
    await untilQuiet(bus);
    expect(recorder.payloads).toEqual(numbersTo(100).map((number) => `stored ${number}`));
  });

  test("delayMs - counts in the bound, and waits for room in the queue", async () => {
    const processes = new Processes();
    const attributes = { maximumQueueSize: 2 };
    const { destination } = processes.boot<string>("serial", { a: new Recorder() }, attributes);
    await sendAll(destination, ["a", "b"], { delayMs: 100 });
    expect(await outcomeOf(() => destination.send("c", { delayMs: 1 }))).toBe("BUSLINE_QUEUE_FULL");
    expect(await outcomeOf(() => destination.send("a free worker's"))).toBe("accepted");
    expect(ledgerOf(destination)).toMatchObject({ sent: 4, rejected: 1 });
  });

  /** One runs, one waits, and the sender of one that is put off by 100 ms waits for room. */
  async function waitingForRoom(): Promise<{
    readonly processes: Processes;
    readonly gate: GateListener<string>;
    readonly state: { isStored: boolean };
  }> {
    const processes = new Processes();
    const gate = new GateListener<string>();
    const attributes = { maximumQueueSize: 1, rejectedExecutionHandler: waitForSpace() };
    const { destination } = processes.boot<string>("serial", { gate }, attributes);
    await sendAll(destination, ["runs", "waits"]);
    await gate.entered(1);
    const state = { isStored: false };
    void outcomeOf(() => destination.send("put off", { delayMs: 100 })).then((outcome) => {
      state.isStored = outcome === "accepted";
    });
    await turns();
    return { processes, gate, state };
  }

  test("delayMs, waitForSpace - its time counts from the send", async () => {
    const { processes, gate, state } = await waitingForRoom();
    await processes.pass(50);
    gate.release();
    await gate.entered(2);
    gate.release();
    await processes.pass(49);
    expect(gate.contexts).toHaveLength(2);
    await processes.pass(1);
    expect(state.isStored).toBe(true);
    await gate.entered(3);
    gate.open();
  });

  test("delayMs, waitForSpace - there is room as soon as the one that waited has begun", async () => {
    const { gate, state } = await waitingForRoom();
    gate.release();
    await gate.entered(2);
    await turns();
    expect(state.isStored).toBe(true);
  });

  test("delayMs - while it is being stored its time comes: it comes when it has been", async () => {
    const processes = new Processes();
    const recorder = new Recorder<string>();
    const { bus, destination } = processes.boot<string>("serial", { recorder });
    await destination.send("other", { delayMs: 5 });
    const release = processes.store.hold(stable);
    const sending = outcomeOf(() => destination.send("a", { delayMs: 10 }));
    await processes.pass(20);
    expect(recorder.payloads).toEqual([]);
    release();
    expect(await sending).toBe("accepted");
    await processes.pass(0);
    expect((await recorder.count(2)).toSorted()).toEqual(["a", "other"]);
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toEqual({ sent: 2, delivered: 2 });
  });

  test("signal, delayMs - given up: it is withdrawn, and does not come back", async () => {
    const processes = new Processes();
    const recorder = new Recorder<string>();
    const first = processes.boot<string>("serial", { recorder });
    const controller = new AbortController();
    await first.destination.send("a", { delayMs: 100, signal: controller.signal });
    controller.abort();
    expect(ledgerOf(first.destination)).toEqual({ sent: 1, discarded: 1 });
    await processes.pass(100);
    processes.kill();
    const second = processes.boot<string>("serial", { recorder });
    await second.destination.send("fence");
    expect(await recorder.count(1)).toEqual(["fence"]);
    expect(ledgerOf(second.destination)).toMatchObject({ sent: 1 });
  });
});
