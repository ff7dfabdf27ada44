import { describe, expect, test } from "vitest";
import { waitForSpace } from "busline";
import { Recorder, untilQuiet } from "busline/testing";
import { readMessage, writeMessage } from "../src/store/stored-message.ts";
import { DEAD, durable, NAME, numbersTo, Processes, sendAll } from "./durable-fixture.ts";
import { ledgerOf } from "./ledger.ts";
import { outcomeOf, turns } from "./outcome-of.ts";
import { runScript } from "./run-script.ts";
import type { SpyStore } from "./spy-store.ts";

const types = ["parallel", "serial", "keyed"] as const;
const GARBAGE = Uint8Array.of(255, 255, 255, 255, 1, 2, 3);

/** Damages a record, or writes another one in its place. */
type Damage = (store: SpyStore, key: string, value: Uint8Array) => Promise<void>;

const damages: readonly (readonly [what: string, damage: Damage])[] = [
  ["is no record", async (store, key) => store.commit([{ key, value: GARBAGE }], "stable")],
  [
    "is cut short",
    async (store, key, value) => store.commit([{ key, value: value.subarray(0, 9) }], "stable"),
  ],
  [
    "has a payload that the codec does not know",
    async (store, key, value) => {
      const payload = Uint8Array.of(123);
      const other = writeMessage({ ...readMessage(value), payload });
      await store.commit([{ key, value: other }], "stable");
    },
  ],
  [
    "has a state that is none",
    async (store, key) => store.commit([{ key: `s${key.slice(1)}`, value: GARBAGE }], "stable"),
  ],
];

/** The first of three messages is damaged. */
async function damaged(type: string, damage: Damage): Promise<Processes> {
  const processes = new Processes();
  const { destination } = processes.boot<number>(type);
  await sendAll(destination, numbersTo(3), { key: "k" });
  processes.kill();
  const { store } = processes;
  const first = store.entries.find(({ key }) => key.startsWith("q/"));
  if (first !== undefined) await damage(store, first.key, first.value);
  return processes;
}

describe.each(types)("%s", (type) => {
  test.each(damages)(
    "store - a record that %s: failed, told, and the others come",
    async (_, damage) => {
      const processes = await damaged(type, damage);
      const recorder = new Recorder<number>();
      const { bus, destination } = processes.boot<number>(type, { recorder });
      expect(await recorder.count(2)).toEqual([1, 2]);
      await untilQuiet(bus);
      expect(ledgerOf(destination)).toEqual({ sent: 3, failed: 1, delivered: 2 });
      expect(processes.told).toEqual([
        `A message of "${NAME}" cannot be read: it is kept in the store`,
      ]);
      expect(processes.problems).toMatchObject([{ err: expect.any(Error) as Error }]);
      expect(processes.store.keysOf("q")).toEqual([]);
      expect(processes.store.keysOf("x")).toHaveLength(1);
      await bus.drain();
    },
  );
});

const [[, noRecord]] = damages as [readonly [string, Damage]];

describe("store - damaged records", () => {
  test.each(["purge", "a listener that comes late", "forgetListener"])(
    "store - a record that cannot be read is counted once, though all is read again: %s",
    async (why) => {
      const processes = await damaged("serial", noRecord);
      const recorder = new Recorder<number>();
      const first = processes.boot<number>("serial", { late: new Recorder<number>() });
      await first.bus.ready();
      await first.bus.close();
      processes.told.splice(0);
      const { bus, destination } = processes.boot<number>("serial", { recorder });
      await destination.send(3);
      await recorder.count(1);
      await turns();
      if (why === "purge") destination.purge();
      else if (why === "forgetListener") await destination.forgetListener("late");
      else destination.listen(new Recorder<number>(), { name: "late" });
      await turns();
      await untilQuiet(bus);
      expect(destination.statistics.failedMessageCount).toBe(1);
      expect(ledgerOf(destination)).toMatchObject({ sent: 4 });
      expect(processes.told).toHaveLength(1);
    },
  );

  test("waitForSpace - the room of a record that cannot be read is free", async () => {
    const processes = await damaged("serial", noRecord);
    const attributes = {
      maximumQueueSize: 3,
      maximumMessagesInMemory: 1,
      rejectedExecutionHandler: waitForSpace({ timeoutMs: 1_000 }),
    };
    const { bus, destination } = processes.boot<number>("serial", {}, attributes);
    const release = processes.store.hold(({ method }) => method === "read");
    destination.pause();
    await turns();
    const sending = outcomeOf(() => destination.send(3));
    await turns();
    release();
    await bus.ready();
    await processes.pass(1_000);
    expect(await sending).toBe("accepted");
  });

  test("dead letter destination - one letter that cannot be read does not hide the others", async () => {
    const processes = new Processes();
    const first = processes.start();
    first.addDestination(durable.deadLetter(DEAD, { durable: true }));
    for (const payload of ["a", "b"]) await first.send(DEAD, payload);
    processes.kill();
    const [key = ""] = processes.store.keysOf("q");
    await processes.store.commit([{ key, value: GARBAGE }], "stable");
    const second = processes.start();
    const dead = second.addDestination(durable.deadLetter(DEAD, { durable: true }));
    await second.ready();
    await turns();
    expect(second.deadLetters(DEAD).list()).toMatchObject([{ payload: "b" }]);
    expect(ledgerOf(dead)).toEqual({ sent: 2, failed: 1, pending: 1 });
  });

  test("delayMs - a payload that cannot be read is found when its time has come", async () => {
    const processes = new Processes();
    const first = processes.boot<number>("serial");
    await sendAll(first.destination, [1, 2], { delayMs: 10 });
    processes.kill();
    const found = processes.store.entries.find(({ key }) => key.startsWith("t/"));
    const { key, value } = found as { key: string; value: Uint8Array };
    const payload = Uint8Array.of(123);
    await processes.store.commit(
      [{ key, value: writeMessage({ ...readMessage(value), payload }) }],
      "stable",
    );
    const recorder = new Recorder<number>();
    const { bus, destination } = processes.boot<number>("serial", { recorder });
    await bus.ready();
    await processes.pass(10);
    expect(await recorder.count(1)).toEqual([2]);
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toEqual({ sent: 2, failed: 1, delivered: 1 });
  });

  test.each([false, true])(
    "delayMs - a record that cannot be read: failed, told, and the others go their way, purged: %j",
    async (isPurged) => {
      const processes = new Processes();
      const first = processes.boot<number>("serial");
      await sendAll(first.destination, [1, 2, 3], { delayMs: 10 });
      processes.kill();
      const [, key = ""] = processes.store.keysOf("t");
      await processes.store.commit([{ key, value: GARBAGE }], "stable");
      const recorder = new Recorder<number>();
      const { bus, destination } = processes.boot<number>("serial", { recorder });
      await bus.ready();
      await turns();
      expect(isPurged ? destination.purge() : 3).toBe(3);
      await turns();
      await processes.pass(10);
      await untilQuiet(bus);
      expect(recorder.payloads).toEqual(isPurged ? [] : [1, 3]);
      expect(ledgerOf(destination)).toEqual(
        isPurged ? { sent: 3, failed: 1, discarded: 2 } : { sent: 3, failed: 1, delivered: 2 },
      );
      expect(processes.told).toHaveLength(1);
      expect(destination.purge()).toBe(0);
      expect(processes.store.keysOf("t")).toEqual([]);
    },
  );

  test("delayMs - a record that cannot be read does not end the process, nor hold up others", async () => {
    const { exit, lines } = await runScript(`
      import { DestinationConfiguration, MessageBus } from "busline";
      import { ManualClock, MemoryStore } from "busline/testing";
      const store = new MemoryStore();
      const clock = new ManualClock();
      const logger = { error: (_, text) => console.log(text) };
      const configuration = new DestinationConfiguration("serial", "${NAME}", { durable: true });
      const start = () => {
        const bus = new MessageBus({ store, clock, logger });
        bus.addDestination(configuration);
        return bus;
      };
      const first = start();
      await first.send("${NAME}", "bad", { delayMs: 10 });
      await first.send("${NAME}", "good", { delayMs: 10 });
      await first.close();
      const { key } = store.entries.find(({ key }) => key.startsWith("t/"));
      await store.commit([{ key, value: Uint8Array.of(255, 255, 255, 255) }], "stable");
      const second = start();
      second.listen("${NAME}", ({ payload }) => console.log(payload), { name: "a" });
      const turns = async () => {
        for (let turn = 0; turn < 10; turn += 1) await new Promise(setImmediate);
      };
      await turns();
      clock.advance(10);
      await turns();
      console.log("alive");
    `);
    expect(exit).toBe(0);
    expect(lines).toContain("good");
    expect(lines).toContain("alive");
  }, 30_000);
});
