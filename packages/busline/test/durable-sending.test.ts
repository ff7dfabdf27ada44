import { describe, expect, test } from "vitest";
import { InvalidMessageError, type PayloadCodec } from "busline";
import { GateListener, Recorder, untilQuiet } from "busline/testing";
import { durable, NAME, numbersTo, Processes, sendAll } from "./durable-fixture.ts";
import { ledgerOf } from "./ledger.ts";
import { outcomeOf, turns } from "./outcome-of.ts";
import { inProcess, stable } from "./spy-store.ts";

const types = ["parallel", "serial", "keyed"] as const;

function settled(promise: Promise<unknown>): { how: string } {
  const state = { how: "pending" };
  promise.then(
    () => (state.how = "resolved"),
    () => (state.how = "rejected"),
  );
  return state;
}

describe.each(types)("%s", (type) => {
  test("durable - send returns a promise that resolves when the message is stable, not before", async () => {
    const processes = new Processes();
    const { store } = processes;
    const recorder = new Recorder();
    const { bus, destination } = processes.boot(type, { recorder });
    await bus.ready();
    const release = store.hold(stable);
    const sending = destination.send("a");
    expect(sending).toBeInstanceOf(Promise);
    const state = settled(sending as Promise<void>);
    await turns(5);
    expect(state.how).toBe("pending");
    expect(recorder.payloads).toEqual([]);
    expect(ledgerOf(destination)).toEqual({ sent: 1, pending: 1 });
    // It is in the store, but who knows for how long.
    expect(store.keysOf("q")).toHaveLength(1);
    release();
    await turns();
    expect(state.how).toBe("resolved");
    expect(await recorder.count(1)).toEqual(["a"]);
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toEqual({ sent: 1, delivered: 1 });
    expect(store.keysOf("q")).toEqual([]);
  });

  test("durable - senders of one run share a commit, those that come meanwhile the next one", async () => {
    const processes = new Processes();
    const { store } = processes;
    const recorder = new Recorder<number>();
    const { bus, destination } = processes.boot<number>(type, { recorder });
    await bus.ready();
    const before = store.countOf(stable);
    const release = store.hold(stable);
    const first = sendAll(destination, numbersTo(200).slice(0, 100));
    await turns();
    expect(store.countOf(stable)).toBe(before + 1);
    const second = sendAll(destination, numbersTo(200).slice(100));
    await turns();
    expect(store.countOf(stable)).toBe(before + 1);
    release();
    await Promise.all([first, second]);
    expect(store.countOf(stable)).toBe(before + 2);
    await recorder.count(200);
    await untilQuiet(bus);
    const inOrder = recorder.payloads.toSorted((a, b) => a - b);
    expect(inOrder).toEqual(numbersTo(200));
    expect(type === "serial" ? recorder.payloads : inOrder).toEqual(inOrder);
    expect(ledgerOf(destination)).toEqual({ sent: 200, delivered: 200 });
  });

  test("durable - nobody gets a message that is still being stored, also where it is read from the store", async () => {
    const processes = new Processes();
    const gate = new GateListener<string>();
    const attributes = { maximumMessagesInMemory: 1, workersCoreSize: 1, workersMaxSize: 1 };
    const { bus, destination } = processes.boot<string>(type, { gate }, attributes);
    await destination.send("first");
    await gate.entered(1);
    const release = processes.store.hold(stable);
    const sending = destination.send("being stored");
    await turns();
    expect(processes.store.keysOf("q")).toHaveLength(2);
    gate.open();
    await turns(5);
    expect(gate.contexts).toHaveLength(1);
    expect(ledgerOf(destination)).toEqual({ sent: 2, delivered: 1, pending: 1 });
    release();
    await sending;
    await gate.entered(2);
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toEqual({ sent: 2, delivered: 2 });
  });

  test("durable - the payload is a copy, and the same as after a restart", async () => {
    const processes = new Processes();
    const recorder = new Recorder<object>();
    const first = processes.boot<object>(type, { recorder });
    await first.bus.ready();
    const payload = { list: [1], when: new Date(0), nothing: undefined };
    const sending = first.destination.send(payload);
    payload.list.push(2);
    await sending;
    payload.list.push(3);
    await recorder.count(1);
    await turns();
    first.destination.pause();
    await first.destination.send({ list: [1], when: new Date(0), nothing: undefined });
    processes.kill();
    processes.boot<object>(type, { recorder });
    await recorder.count(2);
    const [live, recovered] = recorder.payloads;
    expect(live).toEqual({ list: [1], when: "1970-01-01T00:00:00.000Z" });
    expect(live).not.toHaveProperty("nothing");
    expect(recovered).toEqual(live);
  });
});

describe("durable - sending", () => {
  test("durable - what ends and what begins in one run of code is written down in one commit", async () => {
    const processes = new Processes();
    const gate = new GateListener<number>();
    const attributes = { workersCoreSize: 3, workersMaxSize: 3 };
    const { bus, destination } = processes.boot<number>("parallel", { gate }, attributes);
    await sendAll(destination, numbersTo(6));
    await gate.entered(3);
    const before = processes.store.countOf(inProcess);
    for (const _ of numbersTo(3)) gate.release();
    await gate.entered(6);
    expect(processes.store.countOf(inProcess) - before).toBe(1);
    expect(processes.store.keysOf("q")).toHaveLength(3);
    expect(processes.store.keysOf("s")).toHaveLength(3);
    gate.open();
    await untilQuiet(bus);
  });

  test("durable - what is sent before the store is open is a copy from the start, too", async () => {
    const recorder = new Recorder<object>();
    const { destination } = new Processes().boot<object>("serial", { recorder });
    const payload = { list: [1] };
    const sending = destination.send(payload);
    payload.list.push(2);
    await sending;
    expect(await recorder.count(1)).toEqual([{ list: [1] }]);
  });

  test("signal - aborted before the store is open: nothing is sent", async () => {
    const recorder = new Recorder();
    const { destination } = new Processes().boot("serial", { recorder });
    const controller = new AbortController();
    const sending = outcomeOf(() => destination.send("a", { signal: controller.signal }));
    controller.abort();
    expect(await sending).toBe("BUSLINE_ABORTED");
    await destination.send("fence");
    expect(await recorder.count(1)).toEqual(["fence"]);
  });

  test("request - given up before the store is open: nothing is sent", async () => {
    const processes = new Processes();
    const release = processes.store.hold(({ method }) => method === "open");
    const recorder = new Recorder();
    const { destination } = processes.boot("serial", { recorder });
    const asked = outcomeOf(() => destination.request("a", { timeoutMs: 10 }));
    await processes.pass(10);
    expect(await asked).toBe("BUSLINE_REQUEST_TIMEOUT");
    release();
    await destination.send("fence");
    expect(await recorder.count(1)).toEqual(["fence"]);
  });

  test("durable - a message waits in its lane: what is sent before the store is open keeps its order", async () => {
    const processes = new Processes();
    const release = processes.store.hold(({ method }) => method === "open");
    const recorder = new Recorder();
    const { destination } = processes.boot("serial", { recorder });
    const sending = sendAll(destination, [1, 2, 3]);
    await turns();
    expect(ledgerOf(destination)).toEqual({});
    release();
    await sending;
    expect(await recorder.count(3)).toEqual([1, 2, 3]);
  });

  test("durable - listeners do not share the payload with the sender, but the sender's id, headers and times", async () => {
    const processes = new Processes();
    const recorder = new Recorder();
    const { destination } = processes.boot("serial", { recorder });
    const headers = { a: "b" };
    const sending = destination.send({}, { id: "own", headers, key: "k" });
    headers.a = "c";
    await sending;
    await recorder.count(1);
    expect(recorder.messages[0]).toMatchObject({
      id: "own",
      key: "k",
      sentAt: processes.clock.now(),
      destinationName: NAME,
    });
    expect(recorder.messages[0]?.headers["a"]).toBe("b");
  });

  test.each([
    ["encode", { encode: refuse, decode: (): unknown => 1 }],
    ["decode", { encode: (): Uint8Array => new Uint8Array(), decode: refuse }],
  ])(
    "durable - a payload that the codec refuses to %s is refused",
    async (_, codec: PayloadCodec) => {
      const processes = new Processes();
      const { store } = processes;
      store.codec = codec;
      const recorder = new Recorder();
      const { bus, destination } = processes.boot("serial", { recorder });
      await bus.ready();
      const before = store.entries;
      let error: unknown;
      const sending = destination.send("bad");
      expect(sending).toBeInstanceOf(Promise);
      await (sending as Promise<void>).catch((rejected: unknown) => (error = rejected));
      expect(error).toBeInstanceOf(InvalidMessageError);
      expect(error).toMatchObject({
        code: "BUSLINE_INVALID_MESSAGE",
        destinationName: NAME,
        part: "payload",
        message: `The payload cannot be stored for "${NAME}": not in this store`,
        cause: REFUSED,
      });
      expect(ledgerOf(destination)).toEqual({ sent: 1, rejected: 1 });
      expect(store.entries).toEqual(before);
      expect(recorder.payloads).toEqual([]);
    },
  );

  test("durable - what a codec throws may be anything", async () => {
    const processes = new Processes();
    processes.store.codec = {
      ...processes.store.codec,
      encode: () => {
        throw "no";
      },
    } satisfies PayloadCodec;
    const { destination } = processes.boot("serial");
    await expect(destination.send("bad")).rejects.toMatchObject({
      message: `The payload cannot be stored for "${NAME}": the codec refuses it`,
      cause: "no",
    });
  });

  test("durable - what one sender's codec refuses does not touch the others of the same commit", async () => {
    const processes = new Processes();
    const { store } = processes;
    const { codec } = store;
    store.codec = {
      ...codec,
      encode: (payload) => (payload === "bad" ? refuse() : codec.encode(payload)),
    };
    const recorder = new Recorder();
    const { destination } = processes.boot("serial", { recorder });
    const outcomes = ["a", "bad", "b"].map((payload) => outcomeOf(() => destination.send(payload)));
    expect(await Promise.all(outcomes)).toEqual([
      "accepted",
      "BUSLINE_INVALID_MESSAGE",
      "accepted",
    ]);
    expect(await recorder.count(2)).toEqual(["a", "b"]);
  });

  test("durable - a wrong option is thrown at once, and is no message", () => {
    const { destination } = new Processes().boot("serial");
    expect(() => destination.send("a", { priority: 1 })).toThrow("priority");
    expect(ledgerOf(destination)).toEqual({});
  });

  test("durable - a schema checks before the message is stored, and its output is stored", async () => {
    const processes = new Processes();
    const recorder = new Recorder();
    const schema = {
      "~standard": {
        version: 1,
        vendor: "test",
        validate: (value: unknown) =>
          value === "bad" ? { issues: [{ message: "bad" }] } : { value: [value] },
      },
    } as const;
    const { destination } = processes.boot("serial", { recorder }, { schema });
    expect(await outcomeOf(() => destination.send("bad"))).toBe("BUSLINE_INVALID_MESSAGE");
    await destination.send("good");
    expect(await recorder.count(1)).toEqual([["good"]]);
    expect(ledgerOf(destination)).toMatchObject({ sent: 2, rejected: 1 });
  });

  test("durable - a reply sent by message is stored, where its destination is durable", async () => {
    const processes = new Processes();
    const replies = new Recorder();
    const { bus, destination } = processes.boot("serial", { answering: () => "reply" });
    bus.addDestination(durable.serial("acme/replies", { durable: true }));
    const registration = bus.listen("acme/replies", replies, { name: "replies" });
    registration.unregister();
    await destination.send("a", { responseDestinationName: "acme/replies", responseId: "7" });
    await turns();
    processes.kill();
    const again = processes.start();
    again.addDestination(durable.serial("acme/replies", { durable: true }));
    again.listen("acme/replies", replies, { name: "replies" });
    expect(await replies.count(1)).toEqual(["reply"]);
    expect(replies.messages[0]?.responseId).toBe("7");
  });
});

const REFUSED = new Error("not in this store");

function refuse(): never {
  throw REFUSED;
}
