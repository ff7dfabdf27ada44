import {
  DestinationConfiguration,
  InvalidConfigurationError,
  type MessageListener,
  type PlacedDestination,
  type PlacedReceiver,
  type PlacedWorkers,
  type WorkerPlacement,
} from "busline";
import { untilQuiet } from "busline/testing";
import { describe, expect, test } from "vitest";
import { DEAD, durable, NAME, numbersTo, Processes, sendAll } from "./durable-fixture.ts";
import { ledgerOf } from "./ledger.ts";
import { outcomeOf, turns } from "./outcome-of.ts";
import { states } from "./spy-store.ts";

/** Workers in a place that takes texts only, and in which listeners answer in a later turn. */
class Elsewhere implements WorkerPlacement, PlacedWorkers {
  readonly defaultSizes = { coreSize: 1, maxSize: 2 };
  readonly seen: unknown[] = [];
  readonly released: boolean[] = [];
  destination: PlacedDestination | undefined;
  refuses = false;

  open(destination: PlacedDestination): PlacedWorkers {
    this.destination = destination;
    return this;
  }

  place(listener: MessageListener): PlacedReceiver {
    if (this.refuses || typeof listener !== "function") {
      const problem = {
        where: "elsewhere",
        attribute: "listener",
        value: listener,
        allowed: "any",
      };
      throw new InvalidConfigurationError(problem);
    }
    return async (message, context) => {
      await turns(1);
      this.seen.push(message.payload);
      return listener(message, context);
    };
  }

  admit(payload: unknown): unknown {
    if (typeof payload !== "string") throw new TypeError("texts only");
    return `${payload} admitted`;
  }

  resize(): void {}

  release(isForced: boolean): Promise<void> {
    this.released.push(isForced);
    return Promise.resolve();
  }
}

function start(processes: Processes, workers: WorkerPlacement, listener: MessageListener) {
  return processes.boot("parallel", { listener }, { workers, deadLetter: DEAD });
}

describe("durable - workers in another place", () => {
  test("durable - what has been admitted is stored, and is not asked again after a restart", async () => {
    const processes = new Processes();
    const first = start(processes, new Elsewhere(), () => {});
    first.destination.pause();
    await sendAll<unknown>(first.destination, ["a", "b"]);
    expect(await outcomeOf(() => first.destination.send(7))).toEqual(new TypeError("texts only"));
    expect(ledgerOf(first.destination)).toEqual({ sent: 3, pending: 2, rejected: 1 });
    processes.kill();
    const elsewhere = new Elsewhere();
    const second = start(processes, elsewhere, () => {});
    await second.bus.ready();
    await untilQuiet(second.bus);
    expect(elsewhere.seen).toEqual(["a admitted", "b admitted"]);
    expect(ledgerOf(second.destination)).toEqual({ sent: 2, delivered: 2 });
    expect(elsewhere.destination?.keepsPayloads).toBe(true);
  });

  test("durable - attempts are written down before a message goes there, and count on", async () => {
    const processes = new Processes();
    const elsewhere = new Elsewhere();
    const attempts: number[] = [];
    const { bus, destination } = start(processes, elsewhere, (_, { attempt }) => {
      attempts.push(attempt);
      if (attempt < 2) throw new Error("not yet");
    });
    await bus.ready();
    const release = processes.store.hold(states);
    await destination.send("a");
    await turns(5);
    expect(elsewhere.seen).toEqual([]);
    release();
    await turns(5);
    expect(attempts).toEqual([1]);
    await processes.pass(1_000);
    await untilQuiet(bus);
    expect(attempts).toEqual([1, 2]);
    expect(ledgerOf(destination)).toEqual({ sent: 1, delivered: 1 });
  });

  test("durable - many are delivered there, and nothing is left", async () => {
    const processes = new Processes();
    const elsewhere = new Elsewhere();
    const { bus, destination } = start(processes, elsewhere, () => {});
    elsewhere.destination?.lookAhead(5);
    await sendAll<unknown>(destination, numbersTo(50).map(String));
    await untilQuiet(bus);
    expect(new Set(elsewhere.seen).size).toBe(50);
    expect(ledgerOf(destination)).toEqual({ sent: 50, delivered: 50 });
    expect(processes.store.keysOf("q")).toEqual([]);
    expect(processes.store.keysOf("s")).toEqual([]);
    await bus.close();
    expect(elsewhere.released).toEqual([false]);
  });

  test("replace - a listener that cannot run in the new place: all stays as it was", async () => {
    const processes = new Processes();
    const { bus, destination } = processes.boot<string>("parallel", { listener: () => {} });
    const elsewhere = new Elsewhere();
    elsewhere.refuses = true;
    const other = durable.parallel(NAME, { durable: true, workers: elsewhere });
    expect(() => bus.replaceDestination(other)).toThrow(InvalidConfigurationError);
    expect(elsewhere.released).toEqual([true]);
    expect(destination.configuration).toBeInstanceOf(DestinationConfiguration);
    expect(destination.configuration.workers).toBeUndefined();
    await destination.send("a");
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toEqual({ sent: 1, delivered: 1 });
  });
});
