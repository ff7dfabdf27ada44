import { describe, expect, test } from "vitest";
import type { DeadLetters, Destination, MessageBus } from "busline";
import { Recorder, untilQuiet } from "busline/testing";
import { DEAD, durable, NAME, numbersTo, Processes } from "./durable-fixture.ts";
import { ledgerOf } from "./ledger.ts";
import { outcomeOf, turns } from "./outcome-of.ts";
import { stable } from "./spy-store.ts";

interface Rig {
  readonly bus: MessageBus;
  readonly destination: Destination<string>;
  readonly dead: Destination;
  readonly letters: DeadLetters;
}

/** A process whose listener "bad" fails with all that begins so, and whose listener "good" takes everything. */
function start(processes: Processes, good: Recorder<string>, bad?: Recorder<string>): Rig {
  const failing = ({ payload }: { readonly payload: string }): void => {
    throw Object.assign(new RangeError(`${payload} is bad`), { code: "E_BAD" });
  };
  const { bus, destination } = processes.boot<string>(
    "serial",
    { good, bad: bad ?? failing },
    { retry: { attempts: 1 }, deadLetter: DEAD },
  );
  const dead = bus.addDestination(durable.deadLetter(DEAD, { durable: true }));
  return { bus, destination, dead, letters: bus.deadLetters(DEAD) };
}

/** Three letters, written by a process that has died. */
async function afterADeath(good = new Recorder<string>()): Promise<Processes> {
  const processes = new Processes();
  const { bus, destination } = start(processes, good);
  for (const id of ["a", "b", "c"]) {
    await destination.send(id, { id, key: `key ${id}`, headers: { trace: id } });
    await untilQuiet(bus);
    processes.clock.advance(10);
  }
  processes.kill();
  return processes;
}

describe("durable dead letters", () => {
  test("list - a later process sees what the first one has left, as it was", async () => {
    const processes = await afterADeath();
    const { bus, dead, destination, letters } = start(processes, new Recorder<string>());
    expect(letters.size).toBe(0);
    await bus.ready();
    await turns();
    expect(letters.size).toBe(3);
    expect(letters.get("a")).toMatchObject({
      id: "a",
      payload: "a",
      headers: { trace: "a" },
      origin: NAME,
      attempts: 1,
      listeners: ["bad"],
      error: "RangeError",
      code: "E_BAD",
      reason: "a is bad",
      at: 1_700_000_000_000,
    });
    expect(letters.get("a")?.message.key).toBe("key a");
    const ids = (...given: Parameters<DeadLetters["list"]>): string[] =>
      letters.list(...given).map(({ id }) => id);
    expect(ids()).toEqual(["a", "b", "c"]);
    expect(ids({ since: 1_700_000_000_010 }, { limit: 1 })).toEqual(["b"]);
    expect(ids(undefined, { after: "b" })).toEqual(["c"]);
    expect(ids({ reason: "c is" })).toEqual(["c"]);
    expect(ids({ listener: "good" })).toEqual([]);
    expect(ledgerOf(dead)).toEqual({ sent: 3, pending: 3 });
    expect(dead.statistics.recoveredMessageCount).toBe(3);
    expect(ledgerOf(destination)).toEqual({});
  });

  test("delete, purge - what is deleted does not come back", async () => {
    const processes = await afterADeath();
    const second = start(processes, new Recorder<string>());
    await second.bus.ready();
    await turns();
    expect(second.letters.delete({ ids: ["a"] })).toBe(1);
    await turns();
    processes.kill();
    const third = start(processes, new Recorder<string>());
    await third.bus.ready();
    await turns();
    expect(third.letters.list().map(({ id }) => id)).toEqual(["b", "c"]);
    expect(third.dead.purge()).toBe(2);
    await turns();
    expect(ledgerOf(third.dead)).toEqual({ sent: 2, discarded: 2 });
    expect(processes.store.keysOf("q")).toEqual([]);
  });

  test("redrive - a message that goes back under its id is not taken for a duplicate", async () => {
    const processes = await afterADeath();
    const bad = new Recorder<string>();
    const { bus, dead, destination, letters } = start(processes, new Recorder<string>(), bad);
    await bus.ready();
    await turns();
    expect(await letters.redrive({ ids: ["a", "c"] })).toEqual({ redrivenCount: 2, refused: [] });
    expect(await bad.count(2)).toEqual(["a", "c"]);
    expect(bad.messages.map(({ id, key, headers }) => [id, key, headers["trace"]])).toEqual([
      ["a", "key a", "a"],
      ["c", "key c", "c"],
    ]);
    await untilQuiet(bus);
    expect(ledgerOf(dead)).toEqual({ sent: 3, pending: 1, diverted: 2 });
    expect(ledgerOf(destination)).toEqual({ sent: 2, delivered: 2 });
    processes.kill();
    const last = start(processes, new Recorder<string>(), bad);
    await last.bus.ready();
    await turns();
    expect(last.letters.list().map(({ id }) => id)).toEqual(["b"]);
    expect(bad.payloads).toEqual(["a", "c"]);
  });

  test.each([["the same process"], ["a later one"]])(
    "redrive - it goes to the listeners that failed, and to no other: in %s",
    async (which) => {
      const good = new Recorder<string>();
      const processes = new Processes();
      let isBad = true;
      const seen: string[] = [];
      const boot = () => {
        const rig = processes.boot<string>(
          "serial",
          {
            good,
            bad: ({ payload }) => {
              if (isBad) throw new Error("no");
              seen.push(payload);
            },
          },
          { retry: { attempts: 1 }, deadLetter: DEAD },
        );
        rig.bus.addDestination(durable.deadLetter(DEAD, { durable: true }));
        return rig;
      };
      let { bus, destination } = boot();
      await destination.send("a");
      await untilQuiet(bus);
      if (which === "a later one") {
        processes.kill();
        ({ bus, destination } = boot());
        await bus.ready();
        await turns();
      }
      isBad = false;
      await bus.deadLetters(DEAD).redrive();
      await untilQuiet(bus);
      expect(seen).toEqual(["a"]);
      expect(good.payloads).toEqual(["a"]);
    },
  );

  test("redrive - a letter leaves the store only when it lies where it goes to", async () => {
    const processes = await afterADeath();
    const second = start(processes, new Recorder<string>());
    await second.bus.ready();
    await turns();
    second.destination.pause();
    const release = processes.store.hold(stable);
    void second.letters.redrive({ ids: ["a"] });
    await turns();
    expect(second.letters.list().map(({ id }) => id)).toEqual(["b", "c"]);
    expect(processes.store.keysOf("q")).toHaveLength(4);
    release();
    await turns();
    expect(processes.store.keysOf("q")).toHaveLength(3);
    expect(ledgerOf(second.destination)).toEqual({ sent: 1, pending: 1 });
  });

  test("redrive - what is refused stays, also over a restart", async () => {
    const processes = await afterADeath();
    const second = start(processes, new Recorder<string>());
    await second.bus.ready();
    await turns();
    processes.store.failOnce(stable);
    const { redrivenCount, refused } = await second.letters.redrive({ ids: ["a"] });
    expect(redrivenCount).toBe(0);
    expect(refused).toMatchObject([
      { letter: { id: "a" }, error: { code: "BUSLINE_STORE_FAILED" } },
    ]);
    expect(second.letters.list().map(({ id }) => id)).toEqual(["a", "b", "c"]);
    processes.kill();
    const third = start(processes, new Recorder<string>());
    await third.bus.ready();
    await turns();
    expect(third.letters.size).toBe(3);
  });

  test("redrive - what is refused while its destination is removed stays in the store", async () => {
    const processes = await afterADeath();
    const { bus, letters } = start(processes, new Recorder<string>());
    await bus.ready();
    await turns();
    processes.store.failOnce(stable);
    const release = processes.store.hold(stable);
    const redriving = letters.redrive({ ids: ["a"] });
    await turns();
    const removing = bus.removeDestination(DEAD, { deadlineMs: 10 });
    await processes.pass(10);
    release();
    await Promise.all([removing, redriving]);
    await turns();
    bus.addDestination(durable.deadLetter(DEAD, { durable: true }));
    await bus.ready();
    await turns();
    expect(
      bus
        .deadLetters(DEAD)
        .list()
        .map(({ id }) => id),
    ).toEqual(["a", "b", "c"]);
  });

  test("close, removeDestination - letters stay, and are in no report", async () => {
    const processes = await afterADeath();
    const { bus } = start(processes, new Recorder<string>());
    await bus.ready();
    await turns();
    expect(await bus.removeDestination(DEAD)).toEqual({ undelivered: [], interrupted: [] });
    bus.addDestination(durable.deadLetter(DEAD, { durable: true }));
    await bus.ready();
    await turns();
    expect(bus.deadLetters(DEAD).size).toBe(3);
    expect(await bus.close()).toEqual({ undelivered: [], interrupted: [] });
    const last = start(processes, new Recorder<string>());
    await last.bus.ready();
    await turns();
    expect(last.letters.size).toBe(3);
  });

  test("bound - the letters of earlier processes count", async () => {
    const processes = await afterADeath();
    const bus = processes.start();
    bus.addDestination(durable.deadLetter(DEAD, { durable: true, maximumQueueSize: 4 }));
    expect(await outcomeOf(() => bus.send(DEAD, "by hand"))).toBe("accepted");
    expect(await outcomeOf(() => bus.send(DEAD, "one too many"))).toBe("BUSLINE_QUEUE_FULL");
    await turns();
    expect(
      bus
        .deadLetters(DEAD)
        .list()
        .map(({ payload }) => payload),
    ).toEqual(["a", "b", "c", "by hand"]);
  });

  test("deadLetter - a letter is stored before its message leaves the store", async () => {
    const processes = new Processes();
    const { destination } = start(processes, new Recorder<string>());
    await destination.send("a");
    const release = processes.store.hold(stable);
    await turns();
    expect(ledgerOf(destination)).toEqual({ sent: 1, pending: 1 });
    expect(processes.store.keysOf("q")).toHaveLength(2);
    release();
    await turns();
    expect(ledgerOf(destination)).toEqual({ sent: 1, deadLettered: 1 });
    expect(processes.store.keysOf("q")).toHaveLength(1);
    expect(processes.store.keysOf("s")).toEqual([]);
  });

  test("deadLetter - a thousand letters are all found", async () => {
    const processes = new Processes();
    const bus = processes.start();
    bus.addDestination(durable.deadLetter(DEAD, { durable: true }));
    await Promise.all(numbersTo(3_000).map(async (number) => bus.send(DEAD, number)));
    processes.kill();
    const again = processes.start();
    again.addDestination(durable.deadLetter(DEAD, { durable: true }));
    await again.ready();
    await turns();
    expect(again.deadLetters(DEAD).size).toBe(3_000);
    const payloads = again.deadLetters(DEAD).list(undefined, { limit: 3_000 });
    expect(payloads.map(({ payload }) => payload)).toEqual(numbersTo(3_000));
  });
});
