import { describe, expect, test } from "vitest";
import type { Destination, DestinationAttributes, MessageListener } from "busline";
import { GateListener, Recorder, untilQuiet } from "busline/testing";
import { DEAD, durable, numbersTo, Processes, sendAll } from "./durable-fixture.ts";
import { ledgerOf } from "./ledger.ts";
import { turns } from "./outcome-of.ts";
import { reads, stable } from "./spy-store.ts";

const types = ["parallel", "serial", "keyed"] as const;
const RETRY = { attempts: 3, backoff: { initialMs: 100 }, jitter: 0 };

/** A process that remembers "here" and "late", and in which only "here" has come. */
async function withLate(
  type: string,
  here: MessageListener<number>,
  attributes?: DestinationAttributes,
) {
  const processes = new Processes();
  const first = processes.boot<number>(type, { here: () => {}, late: () => {} });
  await first.bus.ready();
  await first.bus.close();
  const rig = processes.boot<number>(type, { here }, attributes);
  const comesLate = (destination: Destination<number>): Recorder<number> => {
    const late = new Recorder<number>();
    destination.listen(late, { name: "late" });
    return late;
  };
  return { processes, comesLate, ...rig };
}

describe.each(types)("%s", (type) => {
  test("durable - a listener that comes while others are at work gets those messages too", async () => {
    const gate = new GateListener<number>();
    const { bus, comesLate, destination } = await withLate(type, gate);
    await sendAll(destination, [1, 2, 3], { key: "k" });
    await gate.entered(1);
    const late = comesLate(destination);
    gate.open();
    expect(await late.count(3)).toEqual([1, 2, 3]);
    await untilQuiet(bus);
    expect(gate.contexts).toHaveLength(3);
    expect(ledgerOf(destination)).toEqual({ sent: 3, delivered: 3 });
  });

  test("durable - one that comes while messages wait for their next attempts: each gets each once", async () => {
    const seen: number[] = [];
    const { bus, comesLate, destination, processes } = await withLate(
      type,
      ({ payload }, { attempt }) => {
        if (payload === 2 && attempt === 1) throw new Error("not yet");
        seen.push(payload);
      },
      { retry: RETRY },
    );
    await sendAll(destination, [1, 2, 3], { key: "k" });
    await turns();
    const late = comesLate(destination);
    await processes.pass(100);
    await untilQuiet(bus);
    const inOrder = (payloads: readonly number[]): number[] => payloads.toSorted((a, b) => a - b);
    expect(inOrder(seen)).toEqual([1, 2, 3]);
    expect(inOrder(late.payloads)).toEqual([1, 2, 3]);
    expect(type === "parallel" ? [1, 2, 3] : seen).toEqual([1, 2, 3]);
    expect(ledgerOf(destination)).toEqual({ sent: 3, delivered: 3 });
  });

  /** Five messages have been left for "late", and three more are being stored. */
  async function whileStoring() {
    const rig = await withLate(type, () => {});
    await sendAll(rig.destination, numbersTo(5), { key: "k" });
    await turns();
    const release = rig.processes.store.hold(stable);
    const sending = sendAll(rig.destination, [5, 6, 7], { key: "k" });
    await turns();
    return { ...rig, release, sending };
  }

  test("durable - one that comes while messages are being stored does not get them twice, nor out of order", async () => {
    const { bus, comesLate, destination, release, sending } = await whileStoring();
    const late = comesLate(destination);
    await turns();
    release();
    await sending;
    expect(await late.count(8)).toEqual(numbersTo(8));
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toEqual({ sent: 8, delivered: 8 });
  });

  test("durable - what is stored meanwhile stands behind what has still to be read for it", async () => {
    const { bus, comesLate, destination, processes, release, sending } = await whileStoring();
    const readOn = processes.store.hold(reads);
    const late = comesLate(destination);
    release();
    await sending;
    await turns();
    expect(late.payloads).toEqual([]);
    readOn();
    expect(await late.count(8)).toEqual(numbersTo(8));
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toEqual({ sent: 8, delivered: 8 });
  });

  test("durable - one that comes while a page is being read", async () => {
    const processes = new Processes();
    const first = processes.boot<number>(type, { here: () => {}, late: () => {} });
    await first.bus.ready();
    first.destination.pause();
    await sendAll(first.destination, numbersTo(20), { key: "k" });
    processes.kill();
    const here = new Recorder<number>();
    const release = processes.store.hold(({ method }) => method === "get");
    const { bus, destination } = processes.boot<number>(
      type,
      { here },
      { maximumMessagesInMemory: 4 },
    );
    await turns();
    const late = new Recorder<number>();
    destination.listen(late, { name: "late" });
    release();
    expect(await here.count(20)).toEqual(numbersTo(20));
    expect(await late.count(20)).toEqual(numbersTo(20));
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toEqual({ sent: 20, delivered: 20 });
  });

  /** A listener fails with a message, leaves before its next attempt, and comes again. */
  async function leavesAndComesAgain(attributes: DestinationAttributes = {}) {
    const processes = new Processes();
    const attempts: number[] = [];
    const rig = processes.boot<number>(type, {}, { retry: RETRY, ...attributes });
    rig.bus.addDestination(durable.deadLetter(DEAD, { durable: true }));
    const listening = rig.destination.listen(
      (_, { attempt }) => {
        attempts.push(attempt);
        throw new Error("not yet");
      },
      { name: "a" },
    );
    await rig.destination.send(1);
    await turns();
    listening.unregister();
    await processes.pass(100);
    expect(attempts).toEqual([1]);
    expect(ledgerOf(rig.destination)).toEqual({ sent: 1, pending: 1 });
    const again = new Recorder<number>();
    rig.destination.listen(again, { name: "a" });
    expect(await again.count(1)).toEqual([1]);
    await untilQuiet(rig.bus);
    return rig;
  }

  test("durable - one that leaves before its next attempt gets the message when it comes again", async () => {
    const { destination } = await leavesAndComesAgain();
    expect(ledgerOf(destination)).toMatchObject({ sent: 1 });
  });

  test("durable - such a message has been delivered, and has not failed", async () => {
    const { destination } = await leavesAndComesAgain();
    expect(ledgerOf(destination)).toEqual({ sent: 1, delivered: 1 });
  });

  test("deadLetter - such a message leaves no letter behind", async () => {
    const { bus, destination } = await leavesAndComesAgain({ deadLetter: DEAD });
    expect(bus.deadLetters(DEAD).size).toBe(0);
    expect(ledgerOf(destination)).toEqual({ sent: 1, delivered: 1 });
  });

  test("deadLetter - dead-lettered for one listener, delivered to one that comes late: dead-lettered", async () => {
    const failing = (): never => {
      throw new Error("no");
    };
    const attributes = { retry: { attempts: 1 }, deadLetter: DEAD };
    const { bus, comesLate, destination } = await withLate(type, failing, attributes);
    bus.addDestination(durable.deadLetter(DEAD, { durable: true }));
    await destination.send(1);
    await turns();
    expect(bus.deadLetters(DEAD).size).toBe(1);
    const late = comesLate(destination);
    expect(await late.count(1)).toEqual([1]);
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toEqual({ sent: 1, deadLettered: 1 });
  });

  test("durable - listeners come and go, again and again: nothing is lost, nothing comes twice", async () => {
    const processes = new Processes();
    const seen: number[] = [];
    const { bus, destination } = processes.boot<number>(type, { steady: () => {} });
    const listener = ({ payload }: { readonly payload: number }): void => void seen.push(payload);
    for (const round of numbersTo(20)) {
      const registration = destination.listen(listener, { name: "restless" });
      await destination.send(round * 2, { key: "k" });
      if (round % 3 === 0) await turns(round % 4);
      registration.unregister();
      await destination.send(round * 2 + 1, { key: "k" });
    }
    destination.listen(listener, { name: "restless" });
    await untilQuiet(bus);
    expect(type === "parallel" ? seen.toSorted((a, b) => a - b) : seen).toEqual(numbersTo(40));
    expect(ledgerOf(destination)).toEqual({ sent: 40, delivered: 40 });
  });
});
