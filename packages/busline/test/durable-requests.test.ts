import { describe, expect, test } from "vitest";
import { GateListener, Recorder, untilQuiet } from "busline/testing";
import { numbersTo, Processes } from "./durable-fixture.ts";
import { ledgerOf } from "./ledger.ts";
import { outcomeOf, turns } from "./outcome-of.ts";

const types = ["parallel", "serial", "keyed"] as const;
const SMALL = { maximumMessagesInMemory: 1, workersCoreSize: 1, workersMaxSize: 1 };

describe("requests", () => {
  test.each(types)(
    "request - %s: the reply comes, whatever the message has been through",
    async (type) => {
      const processes = new Processes();
      const answering = ({ payload }: { readonly payload: string }): string => `re: ${payload}`;
      const { bus, destination } = processes.boot<string>(type, { answering }, SMALL);
      expect(await destination.request("early")).toBe("re: early");
      destination.pause();
      const asked = numbersTo(10).map(async (number) => destination.request(`${number}`));
      await turns();
      expect(processes.store.keysOf("q")).toHaveLength(10);
      destination.resume();
      expect(await Promise.all(asked)).toEqual(numbersTo(10).map((number) => `re: ${number}`));
      await untilQuiet(bus);
      expect(ledgerOf(destination)).toEqual({ sent: 11, delivered: 11 });
      expect(processes.store.keysOf("q")).toEqual([]);
    },
  );

  test("request - nobody here who could answer: it fails at once, and is not stored", async () => {
    const processes = new Processes();
    const first = processes.boot("serial", { a: () => "reply" });
    await first.bus.ready();
    await first.bus.close();
    const { destination } = processes.boot("serial");
    expect(await outcomeOf(() => destination.request("a"))).toBe("BUSLINE_NO_LISTENER");
    expect(ledgerOf(destination)).toEqual({ sent: 1, undelivered: 1 });
    expect(processes.store.keysOf("q")).toEqual([]);
  });

  test.each([
    ["in memory", "waits"],
    ["in the store alone", "waits too"],
  ])("request - its time is up while it waits %s: it is withdrawn", async (_, which) => {
    const processes = new Processes();
    const gate = new GateListener<string, string>();
    const { bus, destination } = processes.boot<string>("serial", { gate }, SMALL);
    await destination.send("runs");
    await gate.entered(1);
    const asked = ["waits", "waits too"].map(async (payload) => {
      const timeoutMs = payload === which ? 10 : 1_000;
      return outcomeOf(() => destination.request(payload, { timeoutMs }));
    });
    await processes.pass(10);
    expect(ledgerOf(destination)).toEqual({ sent: 3, active: 1, pending: 1, discarded: 1 });
    gate.release();
    await gate.entered(2);
    expect(gate.held.map(({ payload }) => payload)).not.toContain(which);
    gate.release("reply");
    const outcomes = new Set(await Promise.all(asked));
    expect(outcomes).toEqual(new Set(["BUSLINE_REQUEST_TIMEOUT", "accepted"]));
    await untilQuiet(bus);
    expect(processes.store.keysOf("q")).toEqual([]);
  });

  test("request - purged, and closed: it fails at once", async () => {
    const processes = new Processes();
    const gate = new GateListener<string>();
    const { bus, destination } = processes.boot<string>("serial", { gate }, SMALL);
    await destination.send("runs");
    await gate.entered(1);
    const asked = outcomeOf(() => destination.request("purged"));
    await turns();
    destination.purge();
    gate.release();
    expect(await asked).toBe("BUSLINE_PURGED");
    destination.pause();
    const waiting = outcomeOf(() => destination.request("waits"));
    await turns();
    await bus.close();
    expect(await waiting).toBe("BUSLINE_CLOSED");
  });

  test("request - its process has died: the reply is late, and harms nobody", async () => {
    const processes = new Processes();
    const first = processes.boot("serial", { answering: () => "reply" });
    await first.bus.ready();
    first.destination.pause();
    void outcomeOf(() => first.destination.request("a"));
    await turns();
    processes.kill();
    const recorder = new Recorder();
    const second = processes.boot("serial", { answering: () => "reply", recorder });
    await second.bus.ready();
    await turns();
    await untilQuiet(second.bus);
    expect(ledgerOf(second.destination)).toEqual({ sent: 1, delivered: 1 });
    expect(second.bus.statistics).toMatchObject({ lateReplyCount: 1, pendingRequestCount: 0 });
    expect(processes.told).toEqual([]);
  });

  test("request - one of two listeners answers, and its process dies: the other one gets the message", async () => {
    const processes = new Processes();
    const gate = new GateListener();
    const first = processes.boot("serial", { answering: () => "reply", gate });
    expect(await first.destination.request("a")).toBe("reply");
    await gate.entered(1);
    await turns();
    processes.kill();
    const recorder = new Recorder();
    const answers: unknown[] = [];
    const answering = ({ payload }: { readonly payload: unknown }): void => {
      answers.push(payload);
    };
    const second = processes.boot("serial", { answering, gate: recorder });
    expect(await recorder.count(1)).toEqual(["a"]);
    await untilQuiet(second.bus);
    expect(answers).toEqual([]);
  });

  test("request - attempts that fail: the requester is told of the last one", async () => {
    const processes = new Processes();
    const attempts: number[] = [];
    const { bus, destination } = processes.boot(
      "serial",
      {
        answering: (_, { attempt }) => {
          attempts.push(attempt);
          if (attempt < 3) throw new Error("not yet");
          return "reply";
        },
      },
      { retry: { attempts: 3, backoff: { initialMs: 10 }, jitter: 0 } },
    );
    const asked = destination.request("a");
    await processes.pass(10);
    await processes.pass(20);
    expect(await asked).toBe("reply");
    expect(attempts).toEqual([1, 2, 3]);
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toEqual({ sent: 1, delivered: 1 });
  });

  test("request - direct: nothing of it is stored, also with several listeners, one of which fails", async () => {
    const processes = new Processes();
    const { bus, destination } = processes.boot("parallel", {
      answering: () => "reply",
      failing: () => {
        throw new Error("no");
      },
    });
    await bus.ready();
    const before = processes.store.calls.length;
    expect(await destination.request("a", { mode: "direct" })).toBe("reply");
    await turns();
    expect(processes.store.calls.length).toBe(before);
    expect(ledgerOf(destination)).toEqual({ sent: 1, failed: 1 });
  });

  test("request - direct, and not answered: it is stored nowhere, and times out", async () => {
    const processes = new Processes();
    const gate = new GateListener<string, string>();
    const { bus, destination } = processes.boot<string>("parallel", { gate });
    await bus.ready();
    gate.open();
    const other = new Recorder<string>();
    destination.listen(other, { name: "other" });
    const asked = outcomeOf(() => destination.request("a", { mode: "direct", timeoutMs: 1 }));
    await turns();
    processes.clock.advance(1);
    expect(await asked).toBe("BUSLINE_REQUEST_TIMEOUT");
    expect(other.payloads).toEqual(["a"]);
    expect(ledgerOf(destination)).toEqual({ sent: 1, delivered: 1 });
    expect(processes.store.keysOf("q")).toEqual([]);
    expect(processes.store.keysOf("s")).toEqual([]);
  });
});
