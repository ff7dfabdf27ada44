import { describe, expect, test } from "vitest";
import {
  AttemptsExhaustedError,
  type DestinationAttributes,
  type MessageListener,
  waitForSpace,
} from "busline";
import { GateListener, Recorder, untilQuiet } from "busline/testing";
import { DEAD, durable, NAME, numbersTo, Processes, sendAll } from "./durable-fixture.ts";
import { ledgerOf } from "./ledger.ts";
import { outcomeOf, turns } from "./outcome-of.ts";
import { states } from "./spy-store.ts";

const types = ["parallel", "serial", "keyed"] as const;
const RETRY = { attempts: 3, backoff: { initialMs: 100 }, jitter: 0 };
const ATTRIBUTES = { retry: RETRY, deadLetter: DEAD } satisfies DestinationAttributes;

function boot(
  processes: Processes,
  type: string,
  listeners: Readonly<Record<string, MessageListener>>,
) {
  const rig = processes.boot(type, listeners, ATTRIBUTES);
  rig.bus.addDestination(durable.deadLetter(DEAD, { durable: true }));
  return rig;
}

/** A message at work when its process dies, so many times. */
async function deaths(
  processes: Processes,
  type: string,
  count: number,
  attributes: DestinationAttributes = ATTRIBUTES,
): Promise<number[]> {
  const attempts: number[] = [];
  for (const process of numbersTo(count)) {
    const gate = new GateListener();
    const { bus, destination } = processes.boot(type, { gate }, attributes);
    await bus.ready();
    if (process === 0) await destination.send("killer", { id: "killer", headers: { a: "b" } });
    await turns();
    attempts.push(...gate.contexts.map(({ attempt }) => attempt));
    processes.kill();
  }
  return attempts;
}

describe.each(types)("%s", (type) => {
  test("attempts - a message whose process dies each time is started so often, then dead-lettered", async () => {
    const processes = new Processes();
    expect(await deaths(processes, type, 3)).toEqual([1, 2, 3]);
    const recorder = new Recorder();
    const errors: unknown[] = [];
    const bus = processes.start({
      onError: (error, { attempt, listenerName, willRetry }) =>
        void errors.push([error, attempt, listenerName, willRetry]),
    });
    bus.addDestination(durable.deadLetter(DEAD, { durable: true }));
    const destination = bus.addDestination(durable.serial(NAME, { durable: true, ...ATTRIBUTES }));
    const told: unknown[] = [];
    destination.addDestinationEventListener({
      messageDeadLettered: ({ payload }) => told.push(payload),
    });
    destination.listen(recorder, { name: "gate" });
    await destination.send("next");
    expect(await recorder.count(1)).toEqual(["next"]);
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toEqual({ sent: 2, deadLettered: 1, delivered: 1 });
    expect(told).toEqual(["killer"]);
    expect(errors).toEqual([[expect.any(AttemptsExhaustedError), 3, "gate", false]]);
    expect((errors as [[unknown]])[0][0]).toMatchObject({
      code: "BUSLINE_ATTEMPTS_EXHAUSTED",
      destinationName: NAME,
      attempts: 3,
      message: `The process ended during attempt 3 of 3 at a message of "${NAME}".`,
    });
    expect(bus.deadLetters(DEAD).list()).toMatchObject([
      {
        id: "killer",
        payload: "killer",
        headers: { a: "b" },
        origin: NAME,
        listeners: ["gate"],
        error: "AttemptsExhaustedError",
        code: "BUSLINE_ATTEMPTS_EXHAUSTED",
      },
    ]);
    expect(destination.statistics.listeners).toMatchObject([
      { name: "gate", deliveredCount: 1, failedCount: 1 },
    ]);
    processes.kill();
    const last = boot(processes, type, { gate: recorder });
    await last.destination.send("fence");
    await recorder.count(2);
    await turns();
    expect(recorder.payloads).toEqual(["next", "fence"]);
    expect(last.bus.deadLetters(DEAD).size).toBe(1);
  });

  test("attempts - without a dead letter destination it has failed", async () => {
    const processes = new Processes();
    expect(await deaths(processes, type, 2, { retry: { attempts: 2 } })).toEqual([1, 2]);
    const recorder = new Recorder();
    const attributes = { retry: { attempts: 2 } };
    const { bus, destination } = processes.boot(type, { gate: recorder }, attributes);
    await bus.ready();
    await untilQuiet(bus);
    expect(recorder.payloads).toEqual([]);
    expect(ledgerOf(destination)).toEqual({ sent: 1, failed: 1 });
    expect(processes.store.keysOf("q")).toEqual([]);
    expect(processes.store.keysOf("s")).toEqual([]);
  });

  test("attempts - where a process has fewer of them, that is what counts", async () => {
    const processes = new Processes();
    expect(await deaths(processes, type, 2, { retry: { attempts: 5 } })).toEqual([1, 2]);
    const recorder = new Recorder();
    const { bus, destination } = processes.boot(
      type,
      { gate: recorder },
      { retry: { attempts: 1 } },
    );
    await bus.ready();
    await untilQuiet(bus);
    expect(recorder.payloads).toEqual([]);
    expect(ledgerOf(destination)).toEqual({ sent: 1, failed: 1 });
  });

  test("attempts - of several listeners only those that were not done are told", async () => {
    const processes = new Processes();
    const done = new Recorder();
    for (const process of numbersTo(3)) {
      const { bus, destination } = boot(processes, type, { done, killing: new GateListener() });
      await bus.ready();
      if (process === 0) await destination.send("a");
      await turns();
      processes.kill();
    }
    const killing = new Recorder();
    const { bus, destination } = boot(processes, type, { done, killing });
    await bus.ready();
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toEqual({ sent: 1, deadLettered: 1 });
    expect(bus.deadLetters(DEAD).list()).toMatchObject([{ listeners: ["killing"] }]);
    expect(done.payloads).toEqual(["a"]);
    expect(killing.payloads).toEqual([]);
  });

  test("attempts - whoever waits for the room of such a message gets it", async () => {
    const processes = new Processes();
    await deaths(processes, type, 1, { retry: { attempts: 1 } });
    const { bus, destination } = processes.boot(
      type,
      {},
      {
        retry: { attempts: 1 },
        maximumQueueSize: 1,
        rejectedExecutionHandler: waitForSpace({ timeoutMs: 1_000 }),
      },
    );
    destination.pause();
    await bus.ready();
    const sending = outcomeOf(() => destination.send("next"));
    await turns();
    destination.listen(new Recorder(), { name: "gate" });
    await processes.pass(1_000);
    expect(await sending).toBe("accepted");
  });

  test("attempts - one that was written down and did not begin before a close is not counted", async () => {
    const processes = new Processes();
    const first = processes.boot(type, { gate: new Recorder() });
    await first.bus.ready();
    const release = processes.store.hold(states);
    await first.destination.send("a");
    await turns();
    first.destination.pause();
    release();
    await turns();
    await first.bus.close();
    const gate = new GateListener();
    processes.boot(type, { gate });
    await gate.entered(1);
    expect(gate.contexts[0]?.attempt).toBe(1);
    gate.open();
  });

  test("attempts - the same where a close comes while it is being written down", async () => {
    const processes = new Processes();
    const first = processes.boot(type, { gate: new Recorder() });
    await first.bus.ready();
    const release = processes.store.hold(states);
    await first.destination.send("a");
    await turns();
    const closing = first.bus.close();
    release();
    await closing;
    const gate = new GateListener();
    processes.boot(type, { gate });
    await gate.entered(1);
    expect(gate.contexts[0]?.attempt).toBe(1);
    gate.open();
  });

  test("attempts - the same with a later attempt", async () => {
    const processes = new Processes();
    const attempts: number[] = [];
    const gate = new GateListener();
    const first = processes.boot(type, { gate }, { retry: RETRY });
    await first.destination.send("a");
    await gate.entered(1);
    gate.fail(new Error("not yet"));
    await turns();
    const release = processes.store.hold(states);
    await processes.pass(100);
    const closing = first.bus.close();
    release();
    await closing;
    const second = new GateListener();
    processes.boot(type, { gate: second }, { retry: RETRY });
    await second.entered(1);
    attempts.push(...[...gate.contexts, ...second.contexts].map(({ attempt }) => attempt));
    expect(attempts).toEqual([1, 2]);
    second.open();
  });
});

test("attempts - one that kills does not hold up the others for longer than its attempts", async () => {
  const processes = new Processes();
  const seen: unknown[] = [];
  for (const process of numbersTo(3)) {
    const listener = async ({ payload }: { readonly payload: unknown }): Promise<void> => {
      seen.push(payload);
      if (payload === "killer") await new Promise(() => {});
    };
    const { destination } = processes.boot("serial", { listener }, { retry: { attempts: 2 } });
    if (process === 0) await sendAll(destination, ["killer", "a", "b"]);
    await turns();
    processes.kill();
  }
  expect(seen).toEqual(["killer", "killer", "a", "b"]);
});

test.each(["parallel", "keyed"])(
  "attempts - %s: a message that kills takes none of those beside it along",
  async (type) => {
    const processes = new Processes();
    const starts = new Map<string, number>();
    const done: string[] = [];
    const listener = async ({ payload }: { readonly payload: string }): Promise<void> => {
      starts.set(payload, (starts.get(payload) ?? 0) + 1);
      if (payload === "killer") await new Promise(() => {});
      done.push(payload);
    };
    const attributes = { retry: { attempts: 3 }, deadLetter: DEAD, workersMaxSize: 4 };
    const start = () => {
      const rig = processes.boot<string>(type, { listener }, attributes);
      rig.bus.addDestination(durable.deadLetter(DEAD, { durable: true }));
      return rig;
    };
    const first = start();
    first.destination.pause();
    const payloads = ["one", "two", "killer", "three", "four"];
    for (const payload of payloads) await first.destination.send(payload, { key: payload });
    first.destination.resume();
    await turns(10);
    for (let death = 1; death <= 3; death += 1) {
      processes.kill();
      start();
      await turns(30);
    }
    expect(starts.get("killer")).toBe(3);
    const { bus } = start();
    await bus.ready();
    await turns(20);
    expect(
      bus
        .deadLetters(DEAD)
        .list()
        .map(({ payload }) => payload),
    ).toEqual(["killer"]);
    expect(new Set(done)).toEqual(new Set(["one", "two", "three", "four"]));
  },
);

test("attempts - one that takes long holds up the others for a second only", async () => {
  const processes = new Processes();
  const gate = new GateListener<string>();
  const first = processes.boot<string>("parallel", { gate });
  await first.destination.send("long");
  await gate.entered(1);
  processes.kill();
  const second = new GateListener<string>();
  const { destination } = processes.boot<string>("parallel", { gate: second });
  await second.entered(1);
  await destination.send("other");
  await turns();
  expect(second.held.map(({ payload }) => payload)).toEqual(["long"]);
  await processes.pass(1_000);
  expect(second.held.map(({ payload }) => payload)).toEqual(["long", "other"]);
  second.open();
});
