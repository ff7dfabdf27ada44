import { AsyncLocalStorage } from "node:async_hooks";
import { describe, expect, test } from "vitest";
import type { Message } from "busline";
import { GateListener, Recorder, untilQuiet } from "busline/testing";
import { durable, NAME, numbersTo, Processes, sendAll } from "./durable-fixture.ts";
import { ledgerOf } from "./ledger.ts";
import { turns } from "./outcome-of.ts";

const types = ["parallel", "serial", "keyed"] as const;

describe.each(types)("%s", (type) => {
  test("durable - a message that was accepted is delivered after a restart, once", async () => {
    const processes = new Processes();
    const first = processes.boot(type, { a: new Recorder() });
    first.destination.pause();
    await first.destination.send("one");
    processes.kill();
    const recorder = new Recorder();
    const second = processes.boot(type, { a: recorder });
    expect(await recorder.count(1)).toEqual(["one"]);
    await untilQuiet(second.bus);
    await second.destination.send("fence");
    expect(await recorder.count(2)).toEqual(["one", "fence"]);
    await untilQuiet(second.bus);
    processes.kill();
    const third = processes.boot(type, { a: recorder });
    await third.destination.send("fence");
    await recorder.count(3);
    await turns();
    expect(recorder.payloads).toEqual(["one", "fence", "fence"]);
  });

  test("durable - the envelope outlives the process", async () => {
    const processes = new Processes();
    const first = processes.boot(type);
    const headers: unknown = JSON.parse('{"__proto__":"own","trace":"ü 1"}');
    await first.destination.send("a", {
      id: 'own "id" ü',
      key: "k/ü",
      headers: headers as Record<string, string>,
      responseDestinationName: "acme/replies",
      responseId: "7",
    });
    await first.destination.send("b");
    const sentAt = processes.clock.now();
    processes.clock.advance(5_000);
    processes.kill();
    const recorder = new Recorder();
    processes.boot(type, { recorder });
    await recorder.count(2);
    const [a, b] = recorder.messages as [Message, Message];
    expect(a).toMatchObject({
      id: 'own "id" ü',
      destinationName: NAME,
      sentAt,
      key: "k/ü",
      priority: undefined,
      responseDestinationName: "acme/replies",
      responseId: "7",
    });
    expect(Object.entries(a.headers)).toEqual([
      ["__proto__", "own"],
      ["trace", "ü 1"],
    ]);
    expect(Object.getPrototypeOf(a.headers)).toBeNull();
    expect(Object.isFrozen(a.headers)).toBe(true);
    expect(b).toMatchObject({ key: undefined, responseDestinationName: undefined });
    expect(b.id).toMatch(/./);
    expect(b.id).not.toBe(a.id);
  });

  test("durable - the id that busline made stays the same", async () => {
    const processes = new Processes();
    const gate = new GateListener();
    const first = processes.boot(type, { gate });
    await first.destination.send("a");
    await gate.entered(1);
    processes.kill();
    const recorder = new Recorder();
    processes.boot(type, { gate: recorder });
    await recorder.count(1);
    expect(recorder.messages[0]?.id).toBe(gate.held[0]?.id);
  });

  test("durable - what a process finds counts as sent, pending and recovered", async () => {
    const processes = new Processes();
    const gate = new GateListener<number>();
    const first = processes.boot<number>(type, { gate }, { workersCoreSize: 1, workersMaxSize: 1 });
    await sendAll(first.destination, [1, 2, 3]);
    await gate.entered(1);
    gate.release();
    await gate.entered(2);
    processes.clock.advance(500);
    processes.kill();
    const second = processes.boot<number>(type, { gate: new Recorder<number>() });
    second.destination.pause();
    await second.bus.ready();
    await turns();
    expect(ledgerOf(second.destination)).toEqual({ sent: 2, pending: 2 });
    expect(second.destination.statistics).toMatchObject({
      recoveredMessageCount: 2,
      oldestPendingAgeMs: 500,
    });
    expect(second.bus.statistics).toMatchObject({ recoveredMessageCount: 2 });
    await second.destination.send(4);
    second.destination.resume();
    await untilQuiet(second.bus);
    expect(ledgerOf(second.destination)).toEqual({ sent: 3, delivered: 3 });
    expect(second.destination.statistics.recoveredMessageCount).toBe(2);
  });

  test("durable - what ended before the process died does not come again", async () => {
    const processes = new Processes();
    const recorder = new Recorder<number>();
    const first = processes.boot<number>(type, { a: recorder });
    for (const number of numbersTo(10)) await first.destination.send(number);
    await recorder.count(10);
    await untilQuiet(first.bus);
    processes.kill();
    expect(processes.store.keysOf("q")).toEqual([]);
    expect(processes.store.keysOf("s")).toEqual([]);
    const second = processes.boot<number>(type, { a: recorder });
    await second.destination.send(10);
    await recorder.count(11);
    expect(recorder.payloads).toEqual(numbersTo(11));
  });

  test.each([1, 3, 1_000])(
    "durable - order, over three processes that die at work, %i in memory",
    async (maximumMessagesInMemory) => {
      const processes = new Processes();
      const seen: string[][] = [];
      for (const process of numbersTo(3)) {
        const gate = new GateListener<string>();
        const { destination } = processes.boot<string>(
          type,
          { gate },
          { maximumMessagesInMemory, workersCoreSize: 1, workersMaxSize: 1 },
        );
        await sendAll(
          destination,
          numbersTo(4).map((number) => `${process}${number}`),
          { key: "k" },
        );
        // The third is still at work when the process dies.
        for (const done of numbersTo(3)) {
          await gate.entered(done + 1);
          if (done < 2) gate.release();
        }
        await turns();
        seen.push(gate.held.map(({ payload }) => payload));
        processes.kill();
      }
      const recorder = new Recorder<string>();
      processes.boot<string>(type, { gate: recorder }, { maximumMessagesInMemory });
      expect(seen).toEqual([["02"], ["10"], ["12"]]);
      const left = ["12", "13", "20", "21", "22", "23"];
      expect((await recorder.count(6)).toSorted()).toEqual(left);
      const inOrder = type === "parallel" ? recorder.payloads.toSorted() : recorder.payloads;
      expect(inOrder).toEqual(left);
    },
  );
});

describe("durable - restart", () => {
  test("keyed - each key goes on by itself, in its order", async () => {
    const processes = new Processes();
    const gate = new GateListener<string>();
    const first = processes.boot<string>("keyed", { gate }, { workersMaxSize: 2 });
    for (const payload of ["a1", "a2", "b1", "b2", "c1"]) {
      await first.destination.send(payload, { key: payload.slice(0, 1) });
    }
    await gate.entered(2);
    processes.kill();
    const second = new GateListener<string>();
    processes.boot<string>("keyed", { gate: second }, { workersMaxSize: 5 });
    // What the other process had in hand when it died is tried alone.
    await second.entered(1);
    await turns();
    expect(second.held.map(({ payload }) => payload)).toEqual(["a1"]);
    second.release();
    await second.entered(2);
    await turns();
    expect(second.held.map(({ payload }) => payload)).toEqual(["b1"]);
    second.open();
    await second.entered(5);
  });

  test("durable - destinations of one store do not see each other's messages", async () => {
    const processes = new Processes();
    const names = numbersTo(75).map((number) => `acme/${number}`);
    const start = async (): Promise<Recorder<string>[]> => {
      const bus = processes.start();
      for (const name of names) bus.addDestination(durable.serial(name, { durable: true }));
      await bus.ready();
      return names.map((name) => {
        const recorder = new Recorder<string>();
        bus.listen(name, recorder, { name: "recorder" });
        return recorder;
      });
    };
    const bus = processes.start();
    for (const name of names) {
      const destination = bus.addDestination(durable.serial(name, { durable: true }));
      await destination.send(name);
    }
    processes.kill();
    const recorders = await start();
    for (const recorder of recorders) await recorder.count(1);
    await turns();
    expect(recorders.map(({ payloads }) => payloads)).toEqual(names.map((name) => [name]));
  });

  test("durable - a destination that a process does not add keeps its messages for a later one", async () => {
    const processes = new Processes();
    const first = processes.boot("serial");
    await first.destination.send("a");
    await first.bus.close();
    const second = processes.start();
    second.addDestination(durable.serial("acme/other", { durable: true }));
    await second.send("acme/other", "b");
    await second.close();
    const recorder = new Recorder();
    const third = processes.boot("serial", { recorder });
    expect(await recorder.count(1)).toEqual(["a"]);
    await third.bus.close();
  });

  test("durable - another type in the next process takes over what waits, in order", async () => {
    const processes = new Processes();
    for (const type of ["serial", "keyed", "parallel"]) {
      const { destination } = processes.boot<string>(type);
      await sendAll(destination, [`${type} 1`, `${type} 2`], { key: "k" });
      processes.kill();
    }
    const recorder = new Recorder<string>();
    processes.boot<string>("serial", { recorder });
    expect(await recorder.count(6)).toEqual([
      "serial 1",
      "serial 2",
      "keyed 1",
      "keyed 2",
      "parallel 1",
      "parallel 2",
    ]);
  });

  test("durable - the sender's async context is kept as long as its process lives", async () => {
    const storage = new AsyncLocalStorage<string>();
    const processes = new Processes();
    const seen: unknown[] = [];
    const listener = (): void => void seen.push(storage.getStore());
    const first = processes.boot("serial", { listener });
    await first.bus.ready();
    await storage.run("the sender's", async () => first.destination.send("a"));
    await untilQuiet(first.bus);
    first.destination.pause();
    await storage.run("the sender's", async () => first.destination.send("b"));
    processes.kill();
    const second = processes.boot("serial", { listener });
    await turns();
    await untilQuiet(second.bus);
    expect(seen).toEqual(["the sender's", undefined]);
  });

  test("durable - a reply to a message that outlived its process goes where it was to go", async () => {
    const processes = new Processes();
    const first = processes.boot("serial");
    await first.destination.send("a", { responseDestinationName: "acme/replies", responseId: "7" });
    processes.kill();
    const { bus, destination } = processes.boot("serial", { answering: () => "reply" });
    const replies = new Recorder();
    bus.addDestination(durable.serial("acme/replies"));
    bus.listen("acme/replies", replies);
    expect(await replies.count(1)).toEqual(["reply"]);
    expect(replies.messages[0]?.responseId).toBe("7");
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toEqual({ sent: 1, delivered: 1 });
  });

  test("durable - a bus on a store has its other destinations in memory", async () => {
    const processes = new Processes();
    const { bus } = processes.boot("serial");
    const memory = bus.addDestination(durable.serial("acme/memory"));
    memory.pause();
    memory.listen(() => {}, { name: "a" });
    expect(memory.send("lost")).toBeUndefined();
    await bus.ready();
    expect(processes.store.keysOf("q")).toEqual([]);
    expect(memory.statistics).toMatchObject({ recoveredMessageCount: 0, missingListeners: [] });
  });
});
