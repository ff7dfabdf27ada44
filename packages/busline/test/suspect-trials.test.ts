import { describe, expect, test } from "vitest";
import type { Destination, MessageBus } from "busline";
import { GateListener, untilQuiet } from "busline/testing";
import { durable, numbersTo, Processes, sendAll } from "./durable-fixture.ts";
import { ledgerOf } from "./ledger.ts";
import { turns } from "./outcome-of.ts";
import { states } from "./spy-store.ts";

const RETRY = { attempts: 3, backoff: { initialMs: 1_000 }, jitter: 0 };
const ATTRIBUTES = { durable: true, workersCoreSize: 4, workersMaxSize: 4, retry: RETRY };

/** A destination, and what it has in hand. */
interface Side {
  readonly destination: Destination<string>;
  readonly gate: GateListener<string>;
}

function sideOf(bus: MessageBus, name: string): Side {
  const gate = new GateListener<string>();
  const destination = bus.addDestination<string>(durable.parallel(name, ATTRIBUTES));
  destination.listen(gate, { name: "gate" });
  return { destination, gate };
}

async function twoOf(
  processes: Processes,
): Promise<Record<"suspects" | "others", Side> & { readonly bus: MessageBus }> {
  const bus = processes.start({ onError: () => {} });
  const [suspects, others] = [sideOf(bus, "acme/suspects"), sideOf(bus, "acme/others")];
  await bus.ready();
  return { suspects, others, bus };
}

/** One that is at work already when the other comes. */
async function otherOf(
  processes: Processes,
): Promise<Side & { readonly bus: MessageBus; comesLater(): Side }> {
  const bus = processes.start({ onError: () => {} });
  const side = sideOf(bus, "acme/others");
  await side.destination.send("a");
  return { ...side, bus, comesLater: () => sideOf(bus, "acme/suspects") };
}

describe("attempts - at another destination of the bus", () => {
  /** A process that has died while these were in hand. */
  async function died(...payloads: readonly string[]): Promise<Processes> {
    const processes = new Processes();
    const { suspects } = await twoOf(processes);
    await sendAll(suspects.destination, payloads);
    await suspects.gate.entered(payloads.length);
    processes.kill();
    return processes;
  }

  test("attempts - nothing begins while one is tried alone", async () => {
    const processes = await died("suspect");
    const { suspects, others, bus } = await twoOf(processes);
    await suspects.gate.entered(1);
    await others.destination.send("a");
    await processes.pass(99);
    expect(others.gate.held).toEqual([]);
    suspects.gate.release();
    await others.gate.entered(1);
    others.gate.open();
    await untilQuiet(bus);
    expect(ledgerOf(others.destination)).toEqual({ sent: 1, delivered: 1 });
  });

  test("attempts - it has survived a while: the others go on beside it", async () => {
    const processes = await died("suspect");
    const { suspects, others, bus } = await twoOf(processes);
    await suspects.gate.entered(1);
    await others.destination.send("a");
    await processes.pass(100);
    await others.gate.entered(1);
    expect(suspects.gate.held).toHaveLength(1);
    suspects.gate.open();
    others.gate.open();
    await untilQuiet(bus);
  });

  test.each(["ends", "fails", "goes on for a second"])(
    "attempts - it waits until what is in hand %s",
    async (how) => {
      const processes = await died("suspect");
      const { bus, destination: other, gate, comesLater } = await otherOf(processes);
      await gate.entered(1);
      const { destination: suspects, gate: tried } = comesLater();
      await processes.pass(999);
      expect(tried.held).toEqual([]);
      if (how === "ends") gate.release();
      if (how === "fails") gate.fail(new Error("not yet"));
      if (how === "goes on for a second") await processes.pass(1);
      await tried.entered(1);
      tried.open();
      gate.open();
      const quiet = untilQuiet(bus);
      await processes.pass(1_000);
      await quiet;
      expect(ledgerOf(suspects)).toEqual({ sent: 1, delivered: 1 });
      expect(ledgerOf(other)).toEqual({ sent: 1, delivered: 1 });
    },
  );

  test("attempts - what comes back for another attempt waits, too", async () => {
    const processes = await died("suspect");
    const { bus, gate, comesLater } = await otherOf(processes);
    await gate.entered(1);
    gate.fail(new Error("not yet"));
    await processes.pass(950);
    const { gate: tried } = comesLater();
    await tried.entered(1);
    await processes.pass(99);
    expect(gate.contexts).toHaveLength(1);
    await processes.pass(1);
    await gate.entered(2);
    expect(gate.contexts[1]?.attempt).toBe(2);
    expect(tried.held).toHaveLength(1);
    tried.open();
    gate.open();
    await untilQuiet(bus);
  });

  test.each(["pause", "removeDestination"] as const)(
    "attempts - a destination that is gone by %s holds up nobody",
    async (how) => {
      const processes = await died("suspect");
      const { suspects, others, bus } = await twoOf(processes);
      if (how === "pause") suspects.destination.pause();
      else void bus.removeDestination("acme/suspects");
      await others.destination.send("a");
      await processes.pass(100);
      await others.gate.entered(1);
      suspects.gate.open();
      others.gate.open();
      if (how === "pause") suspects.destination.resume();
      await untilQuiet(bus);
      expect(ledgerOf(others.destination)).toEqual({ sent: 1, delivered: 1 });
    },
  );

  test("attempts - what goes on beside one that ends the process each time is not held to have done it", async () => {
    const processes = new Processes();
    let run = await twoOf(processes);
    await sendAll(run.suspects.destination, ["long", "poison"]);
    await sendAll(run.others.destination, ["long too"]);
    await run.suspects.gate.entered(2);
    await run.others.gate.entered(1);
    const poison: (number | undefined)[] = [];
    for (const ms of [100, 1_000]) {
      processes.kill();
      run = await twoOf(processes);
      await processes.pass(ms);
      await run.suspects.gate.entered(2);
      poison.push(run.suspects.gate.contexts.at(-1)?.attempt);
    }
    expect(poison).toEqual([2, 3]);
    processes.kill();
    // Of the one, three attempts have been written down, and it is given up; of the others, one.
    run = await twoOf(processes);
    await processes.pass(1_000);
    await run.suspects.gate.entered(1);
    await run.others.gate.entered(1);
    const attempts = [run.suspects, run.others].map(({ gate }) =>
      gate.contexts.map(({ attempt }) => attempt),
    );
    expect(attempts).toEqual([[2], [2]]);
    run.suspects.gate.open();
    run.others.gate.open();
    await untilQuiet(run.bus);
    expect(ledgerOf(run.suspects.destination)).toEqual({ sent: 2, delivered: 1, failed: 1 });
    expect(ledgerOf(run.others.destination)).toEqual({ sent: 1, delivered: 1 });
  });

  test("attempts - it stays excused when another of its listeners is done with it meanwhile", async () => {
    const processes = await died("suspect");
    const bus = processes.start({ onError: () => {} });
    const { destination, gate } = sideOf(bus, "acme/others");
    const slow = new GateListener<string>();
    destination.listen(slow, { name: "slow" });
    await destination.send("a");
    await slow.entered(1);
    const { gate: tried } = sideOf(bus, "acme/suspects");
    await processes.pass(1_000);
    await tried.entered(1);
    gate.open();
    await turns();
    processes.kill();
    const next = processes.start({ onError: () => {} });
    const again = new GateListener<string>();
    const others = next.addDestination<string>(durable.parallel("acme/others", ATTRIBUTES));
    others.listen(again, { name: "slow" });
    await again.entered(1);
    expect(again.contexts[0]?.attempt).toBe(1);
    again.open();
    await untilQuiet(next);
    expect(ledgerOf(others)).toEqual({ sent: 1, delivered: 1 });
  });

  test("attempts - when a trial is over, what goes on beside it may be to blame again", async () => {
    const processes = await died("suspect");
    const { gate, comesLater } = await otherOf(processes);
    await gate.entered(1);
    const { gate: tried } = comesLater();
    await processes.pass(1_000);
    await tried.entered(1);
    await processes.pass(100);
    await turns();
    expect(tried.held).toHaveLength(1);
    processes.kill();
    const { suspects, others, bus: next } = await twoOf(processes);
    await processes.pass(1_000);
    await processes.pass(1_000);
    await suspects.gate.entered(1);
    await others.gate.entered(1);
    expect(suspects.gate.contexts[0]?.attempt).toBe(3);
    expect(others.gate.contexts[0]?.attempt).toBe(2);
    suspects.gate.open();
    others.gate.open();
    await untilQuiet(next);
  });

  test("attempts - one that was dropped on its way back to the workers is not waited for", async () => {
    const processes = await died("suspect");
    const { destination, gate, comesLater } = await otherOf(processes);
    await gate.entered(1);
    gate.fail(new Error("not yet"));
    await turns();
    const release = processes.store.hold(states);
    await processes.pass(1_000);
    expect(destination.purge()).toBe(1);
    release();
    await turns();
    const { gate: tried } = comesLater();
    await tried.entered(1);
    expect(ledgerOf(destination)).toEqual({ sent: 1, discarded: 1 });
  });

  test("attempts - what is about to begin where nothing may start is waited for once", async () => {
    const processes = await died("a", "b", "c");
    const bus = processes.start({ onError: () => {} });
    const { destination } = sideOf(bus, "acme/others");
    await bus.ready();
    const release = processes.store.hold(states);
    await destination.send("stays");
    await turns();
    destination.pause();
    release();
    await turns();
    const { gate } = sideOf(bus, "acme/suspects");
    await processes.pass(999);
    expect(gate.held).toEqual([]);
    for (const ms of [1, 100, 100]) await processes.pass(ms);
    await gate.entered(3);
  });

  test("attempts - a message that ends the process each time costs nobody else more than one", async () => {
    const processes = new Processes();
    let run = await twoOf(processes);
    await run.suspects.destination.send("poison");
    await sendAll(run.others.destination, ["a", "b"]);
    await run.others.gate.entered(2);
    const attempts: (number | undefined)[] = [];
    for (const _ of numbersTo(2)) {
      await run.suspects.gate.entered(1);
      attempts.push(run.suspects.gate.contexts[0]?.attempt);
      processes.kill();
      run = await twoOf(processes);
    }
    await processes.pass(1_000);
    await run.others.gate.entered(1);
    await processes.pass(100);
    await run.others.gate.entered(2);
    attempts.push(...run.others.gate.contexts.map(({ attempt }) => attempt));
    expect(attempts).toEqual([1, 2, 2, 2]);
  });
});
