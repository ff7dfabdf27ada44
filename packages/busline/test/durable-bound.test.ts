import { describe, expect, test } from "vitest";
import {
  callerRuns,
  type Destination,
  type DestinationAttributes,
  discard,
  discardOldest,
  divertTo,
  type MessageBus,
  type RejectedExecutionHandler,
  waitForSpace,
} from "busline";
import { GateListener, Recorder, untilQuiet } from "busline/testing";
import { durable, NAME, numbersTo, Processes, sendAll } from "./durable-fixture.ts";
import { ledgerOf } from "./ledger.ts";
import { outcomeOf, turns } from "./outcome-of.ts";
import { reads, stable, states } from "./spy-store.ts";

async function outcomesOf(destination: Destination<number>, count: number): Promise<unknown[]> {
  return Promise.all(numbersTo(count).map((number) => outcomeOf(() => destination.send(number))));
}

function accepted(outcomes: readonly unknown[]): number {
  return outcomes.filter((outcome) => outcome === "accepted").length;
}

describe.each([
  ["parallel", 3],
  ["keyed", 3],
  ["serial", 1],
] as const)("%s", (type, workersMaxSize) => {
  const attributes = { workersMaxSize, maximumQueueSize: 5 };
  const capacity = workersMaxSize + 5;

  test("bound - workers and queue, exactly, also while all is being stored", async () => {
    const processes = new Processes();
    const gate = new GateListener<number>();
    const { bus, destination } = processes.boot<number>(type, { gate }, attributes);
    await bus.ready();
    const release = processes.store.hold(stable);
    const sending = outcomesOf(destination, 20);
    await turns();
    expect(ledgerOf(destination)).toEqual({ sent: 20, pending: capacity, rejected: 20 - capacity });
    release();
    const outcomes = await sending;
    expect(accepted(outcomes)).toBe(capacity);
    expect(outcomes.slice(capacity)).toEqual(
      Array.from({ length: 20 - capacity }, () => "BUSLINE_QUEUE_FULL"),
    );
    await gate.entered(workersMaxSize);
    expect(ledgerOf(destination)).toMatchObject({ active: workersMaxSize, pending: 5 });
    expect(await outcomeOf(() => destination.send(99))).toBe("BUSLINE_QUEUE_FULL");
    gate.release();
    await gate.entered(workersMaxSize + 1);
    expect(await outcomeOf(() => destination.send(99))).toBe("accepted");
    expect(await outcomeOf(() => destination.send(99))).toBe("BUSLINE_QUEUE_FULL");
    gate.open();
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toMatchObject({ sent: 23, delivered: capacity + 1 });
  });

  test("bound - the same while it is written down that attempts begin", async () => {
    const processes = new Processes();
    const { bus, destination } = processes.boot<number>(type, { a: new Recorder() }, attributes);
    await bus.ready();
    const release = processes.store.hold(states);
    expect(accepted(await outcomesOf(destination, 20))).toBe(capacity);
    expect(ledgerOf(destination)).toMatchObject({ pending: capacity });
    expect(await outcomeOf(() => destination.send(99))).toBe("BUSLINE_QUEUE_FULL");
    release();
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toMatchObject({ delivered: capacity });
  });

  test("bound - paused, the queue alone, wherever its messages lie; and after a restart", async () => {
    const processes = new Processes();
    const recorder = new Recorder<number>();
    const small = { ...attributes, maximumMessagesInMemory: 2 };
    const first = processes.boot<number>(type, { recorder }, small);
    first.destination.pause();
    expect(accepted(await outcomesOf(first.destination, 20))).toBe(5);
    processes.kill();
    const second = processes.boot<number>(type, { recorder }, small);
    second.destination.pause();
    await second.bus.ready();
    expect(await outcomeOf(() => second.destination.send(99))).toBe("BUSLINE_QUEUE_FULL");
    second.destination.resume();
    await recorder.count(5);
    await untilQuiet(second.bus);
    expect(ledgerOf(second.destination)).toEqual({ sent: 6, delivered: 5, rejected: 1 });
  });
});

describe("handlers", () => {
  interface Full {
    readonly bus: MessageBus;
    readonly destination: Destination<number>;
    readonly gate: GateListener<number>;
    readonly told: unknown[];
    readonly processes: Processes;
  }

  /** 0 runs, 1 and 2 wait. */
  async function full(rejectedExecutionHandler: RejectedExecutionHandler): Promise<Full> {
    const processes = new Processes();
    const gate = new GateListener<number>();
    const attributes = { rejectedExecutionHandler, maximumQueueSize: 2 };
    const { bus, destination } = processes.boot<number>("serial", { gate }, attributes);
    const told: unknown[] = [];
    destination.addDestinationEventListener({
      messageDiscarded: ({ payload }, reason) => told.push([payload, reason]),
    });
    await destination.send(0);
    await gate.entered(1);
    await sendAll(destination, [1, 2]);
    return { bus, destination, gate, told, processes };
  }

  async function finish({ bus, gate }: Full): Promise<unknown[]> {
    const seen: unknown[] = [];
    await turns();
    while (gate.held.length > 0) {
      seen.push(gate.held[0]?.payload);
      gate.release();
      await turns();
    }
    await untilQuiet(bus);
    return seen;
  }

  test("discard - the new one is dropped, told and not stored", async () => {
    const rig = await full(discard);
    const before = rig.processes.store.keysOf("q");
    expect(await outcomeOf(() => rig.destination.send(3))).toBe("accepted");
    expect(rig.processes.store.keysOf("q")).toEqual(before);
    expect(rig.told).toEqual([[3, "queue-full"]]);
    expect(await finish(rig)).toEqual([0, 1, 2]);
    expect(ledgerOf(rig.destination)).toEqual({ sent: 4, delivered: 3, discarded: 1 });
  });

  test("discardOldest - the oldest that waits is dropped, and does not come back", async () => {
    const rig = await full(discardOldest);
    await rig.destination.send(3);
    await turns();
    expect(rig.told).toEqual([[1, "queue-full"]]);
    rig.processes.kill();
    const recorder = new Recorder<number>();
    const again = rig.processes.boot<number>("serial", { gate: recorder });
    expect(await recorder.count(3)).toEqual([0, 2, 3]);
    await untilQuiet(again.bus);
    expect(ledgerOf(again.destination)).toEqual({ sent: 3, delivered: 3 });
  });

  test("discardOldest - of a burst the oldest is dropped, not the newest", async () => {
    const rig = await full(discardOldest);
    rig.destination.purge();
    rig.told.splice(0);
    await sendAll(rig.destination, [3, 4, 5]);
    expect(rig.told).toEqual([[3, "queue-full"]]);
    expect(await finish(rig)).toEqual([0, 4, 5]);
  });

  /** A full queue of messages for one who is not here. */
  async function fullOfOthers(attributes: DestinationAttributes = {}) {
    const processes = new Processes();
    const told: unknown[] = [];
    const bounds = { rejectedExecutionHandler: discardOldest, maximumQueueSize: 3 };
    const first = processes.boot<number>("serial", { late: () => {} }, bounds);
    await first.bus.ready();
    await first.bus.close();
    const rig = processes.boot<number>("serial", {}, { ...bounds, ...attributes });
    rig.destination.addDestinationEventListener({
      messageDiscarded: ({ payload }, reason) => void told.push([payload, reason]),
    });
    await sendAll(rig.destination, [1, 2, 3]);
    await turns();
    const comesLate = async (count: number): Promise<readonly number[]> => {
      const late = new Recorder<number>();
      rig.destination.listen(late, { name: "late" });
      return late.count(count);
    };
    return { ...rig, processes, told, comesLate };
  }

  test("discardOldest - the oldest is one that waits for a listener that is not here", async () => {
    const { bus, comesLate, destination, told } = await fullOfOthers();
    await destination.send(4);
    await turns();
    expect(told).toEqual([[1, "queue-full"]]);
    expect(await comesLate(3)).toEqual([2, 3, 4]);
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toEqual({ sent: 4, delivered: 3, discarded: 1 });
  });

  test("discardOldest - of a burst, the oldest of those that wait for one who is not here", async () => {
    const { bus, comesLate, destination, processes, told } = await fullOfOthers();
    await sendAll(destination, [4, 5, 6, 7, 8]);
    await turns();
    expect(told.map((line) => (line as [number])[0])).toEqual([1, 2, 3, 4, 5]);
    expect(ledgerOf(destination)).toEqual({ sent: 8, discarded: 5, pending: 3 });
    expect(processes.store.keysOf("q")).toHaveLength(3);
    expect(await comesLate(3)).toEqual([6, 7, 8]);
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toEqual({ sent: 8, delivered: 3, discarded: 5 });
  });

  test("discardOldest - the oldest of all lanes", async () => {
    const { comesLate, destination, told } = await fullOfOthers({
      priorityLevels: 2,
      maximumQueueSize: 4,
    });
    await destination.send(4, { priority: 1 });
    await sendAll(destination, [5, 6, 7, 8]);
    await turns();
    expect(told.map((line) => (line as [number])[0])).toEqual([1, 2, 3, 4]);
    expect(await comesLate(4)).toEqual([5, 6, 7, 8]);
  });

  test("discardOldest - what waits in memory, where that is older than what lies in the store alone", async () => {
    const { bus, comesLate, destination, told } = await fullOfOthers({ priorityLevels: 2 });
    destination.purge();
    await untilQuiet(bus);
    told.splice(0);
    const gate = new GateListener<number>();
    destination.listen(gate, { name: "here" });
    for (const number of [1, 2, 3]) await destination.send(number);
    await gate.entered(1);
    await destination.send(4, { priority: 1 });
    // 1 and 4 are left for "late" alone; 2 is in hand, and 3 waits for "here".
    gate.release();
    await gate.entered(2);
    gate.release();
    await gate.entered(3);
    for (const number of [5, 6]) await destination.send(number);
    await turns();
    expect(told.map((line) => (line as [number])[0])).toEqual([1, 3]);
    gate.open();
    expect(await comesLate(4)).toEqual([4, 2, 5, 6]);
    await untilQuiet(bus);
  });

  test("discardOldest - one who comes meanwhile gets what has not given way yet", async () => {
    const { bus, comesLate, destination, processes } = await fullOfOthers();
    const release = processes.store.hold(reads);
    const sending = destination.send(4);
    await turns();
    const late = comesLate(3);
    release();
    await sending;
    expect(await late).toHaveLength(3);
    await untilQuiet(bus);
    const { sent, delivered = 0, discarded = 0 } = ledgerOf(destination);
    expect(delivered + discarded).toBe(sent);
  });

  test("discardOldest - one that cannot be read any more is set aside instead", async () => {
    const { bus, comesLate, destination, processes } = await fullOfOthers();
    const [first] = processes.store.keysOf("q") as [string];
    await processes.store.commit([{ key: first, value: Uint8Array.of(255) }], "stable");
    await destination.send(4);
    await turns();
    expect(processes.store.keysOf("x")).toHaveLength(1);
    expect(await comesLate(3)).toEqual([2, 3, 4]);
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toEqual({ sent: 4, delivered: 3, failed: 1 });
  });

  test("discardOldest - while the store fails: it gives way when the store has recovered", async () => {
    const { destination, processes, told } = await fullOfOthers();
    const stop = processes.store.fail(reads);
    await destination.send(4);
    await turns();
    expect(told).toEqual([]);
    expect(ledgerOf(destination)).toEqual({ sent: 4, pending: 4 });
    stop();
    await processes.pass(1_000);
    expect(told).toEqual([[1, "queue-full"]]);
    expect(ledgerOf(destination)).toEqual({ sent: 4, pending: 3, discarded: 1 });
  });

  test("waitForSpace - resolves when there is room and the message is stored", async () => {
    const rig = await full(waitForSpace());
    let isStored = false;
    const sending = outcomeOf(() => rig.destination.send(3)).finally(() => (isStored = true));
    await turns();
    expect(rig.processes.store.keysOf("q")).toHaveLength(3);
    const release = rig.processes.store.hold(stable);
    rig.gate.release();
    await turns();
    expect(rig.processes.store.keysOf("q")).toHaveLength(3);
    expect(isStored).toBe(false);
    release();
    expect(await sending).toBe("accepted");
    expect(await finish(rig)).toEqual([1, 2, 3]);
    expect(ledgerOf(rig.destination)).toEqual({ sent: 4, delivered: 4 });
  });

  test("waitForSpace - in vain: timed out, or given up", async () => {
    const rig = await full(waitForSpace({ timeoutMs: 10 }));
    const controller = new AbortController();
    const aborted = outcomeOf(() => rig.destination.send(3, { signal: controller.signal }));
    const late = outcomeOf(() => rig.destination.send(4));
    await turns();
    controller.abort();
    expect(await aborted).toBe("BUSLINE_ABORTED");
    rig.processes.clock.advance(10);
    expect(await late).toBe("BUSLINE_WAIT_TIMEOUT");
    expect(await finish(rig)).toEqual([0, 1, 2]);
    expect(ledgerOf(rig.destination)).toEqual({ sent: 5, delivered: 3, rejected: 2 });
  });

  test("waitForSpace - a listener that would wait for itself is refused", async () => {
    const rig = await full(waitForSpace());
    const outcomes: unknown[] = [];
    rig.destination.listen(
      async ({ payload }) => {
        if (payload === 0) outcomes.push(await outcomeOf(() => rig.destination.send(9)));
      },
      { name: "self" },
    );
    rig.destination.purge();
    rig.gate.open();
    await untilQuiet(rig.bus);
    await sendAll(rig.destination, [0, 1, 2]);
    await untilQuiet(rig.bus);
    expect(outcomes).toEqual(["BUSLINE_WAIT_DEADLOCK"]);
  });

  test("callerRuns - the sender waits, and nothing is stored", async () => {
    const rig = await full(callerRuns);
    const before = rig.processes.store.keysOf("q");
    const sending = outcomeOf(() => rig.destination.send(3));
    await rig.gate.entered(2);
    expect(rig.gate.held.map(({ payload }) => payload)).toEqual([0, 3]);
    expect(rig.processes.store.keysOf("q")).toEqual(before);
    expect(await finish(rig)).toEqual([0, 3, 1, 2]);
    expect(await sending).toBe("accepted");
    expect(ledgerOf(rig.destination)).toEqual({ sent: 4, delivered: 4 });
    expect(rig.processes.store.keysOf("s")).toEqual([]);
  });

  test("divertTo - another durable destination stores it before the send resolves", async () => {
    const rig = await full(divertTo("acme/more"));
    const more = rig.bus.addDestination<number>(durable.serial("acme/more", { durable: true }));
    await rig.destination.send(3, { id: "own", headers: { a: "b" } });
    expect(ledgerOf(rig.destination)).toMatchObject({ diverted: 1 });
    expect(ledgerOf(more)).toEqual({ sent: 1, pending: 1 });
    rig.processes.kill();
    const recorder = new Recorder<number>();
    const bus = rig.processes.start();
    bus.addDestination(durable.serial("acme/more", { durable: true }));
    bus.listen("acme/more", recorder, { name: "more" });
    expect(await recorder.count(1)).toEqual([3]);
    expect(recorder.messages[0]).toMatchObject({ id: "own", destinationName: "acme/more" });
    expect(bus.hasDestination(NAME)).toBe(false);
  });

  test("divertTo - refused there: refused here", async () => {
    const rig = await full(divertTo("acme/more"));
    const more = rig.bus.addDestination<number>(durable.serial("acme/more", { durable: true }));
    await rig.bus.ready();
    rig.processes.store.fail(stable);
    expect(await outcomeOf(() => rig.destination.send(3))).toBe("BUSLINE_STORE_FAILED");
    expect(ledgerOf(rig.destination)).toMatchObject({ rejected: 1 });
    expect(ledgerOf(more)).toEqual({ sent: 1, rejected: 1 });
  });
});
