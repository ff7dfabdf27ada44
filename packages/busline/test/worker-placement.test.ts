import {
  type Destination,
  DestinationConfiguration,
  FifoQueue,
  InvalidConfigurationError,
  MessageBus,
  type MessageListener,
  notBegun,
  type PlacedContext,
  type PlacedDestination,
  type PlacedWorkers,
  type WorkerPlacement,
} from "busline";
import { describe, expect, test } from "vitest";
import { ledgerOf } from "./ledger.ts";
import { turns } from "./outcome-of.ts";

const { createSerialDestinationConfiguration: serial } = DestinationConfiguration;

/** Workers in a place that a test looks into: what comes there waits until the test ends it. */
class Elsewhere implements WorkerPlacement, PlacedWorkers {
  readonly defaultSizes = { coreSize: 3, maxSize: 4 };
  readonly held: {
    readonly payload: unknown;
    readonly context: PlacedContext;
    readonly resolve: (value?: unknown) => void;
    readonly reject: (error: unknown) => void;
  }[] = [];
  readonly released: boolean[] = [];
  readonly placed: MessageListener[] = [];
  readonly resized: number[] = [];
  destination: PlacedDestination | undefined;

  open(destination: PlacedDestination): PlacedWorkers {
    this.destination = destination;
    return this;
  }

  place(listener: MessageListener): ReturnType<PlacedWorkers["place"]> {
    if (typeof listener === "function") throw new TypeError("no functions");
    this.placed.push(listener);
    return ({ payload }, context) =>
      new Promise((resolve, reject) => {
        this.held.push({ payload, context, resolve, reject });
      });
  }

  admit(payload: unknown): unknown {
    if (payload === "refused") throw new RangeError("it cannot come here");
    return payload === "changed" ? "another" : payload;
  }

  resize({ maxSize }: { readonly maxSize: number }): void {
    this.resized.push(maxSize);
  }

  release(isForced: boolean): Promise<void> {
    this.released.push(isForced);
    return Promise.resolve();
  }
}

const listener = (): { receive: () => void } => ({ receive: () => {} });

function destinationAt(elsewhere: Elsewhere, bus = new MessageBus()): Destination {
  const destination = bus.addDestination(serial("acme/a", { workers: elsewhere }));
  destination.listen(listener());
  return destination;
}

describe("workers in another place", () => {
  test("placement - is told of its destination, and gives it its sizes", async () => {
    const elsewhere = new Elsewhere();
    const bus = new MessageBus();
    const destination = bus.addDestination(
      new DestinationConfiguration("parallel", "acme/a", {
        workers: elsewhere,
        listenerTimeoutMs: 5,
      }),
    );
    expect(elsewhere.destination).toMatchObject({
      name: "acme/a",
      listenerTimeoutMs: 5,
      sizes: { coreSize: 3, maxSize: 4, idleTimeoutMs: 60_000 },
    });
    destination.setWorkersSize(1, 2);
    expect(elsewhere.resized).toEqual([2]);
    await bus.close();
    expect(elsewhere.released).toEqual([false]);
  });

  test("placement - what it receives is booked as ever: delivered, failed, discarded where it never began", async () => {
    const elsewhere = new Elsewhere();
    const told: unknown[] = [];
    const bus = new MessageBus({ onError: (error) => void told.push(error) });
    const destination = destinationAt(elsewhere, bus);
    const asked = destination.request("question");
    for (const payload of ["fails", "never begins"]) void destination.send(payload);
    await turns();
    elsewhere.held[0]?.resolve("answer");
    expect(await asked).toBe("answer");
    await turns();
    elsewhere.held[1]?.reject(new RangeError("no"));
    await turns();
    elsewhere.held[2]?.reject(notBegun);
    await turns();
    expect(told).toEqual([new RangeError("no")]);
    expect(ledgerOf(destination)).toEqual({ sent: 3, delivered: 1, failed: 1, discarded: 1 });
  });

  test("placement - refuses a payload, or lets another come in its place", async () => {
    const elsewhere = new Elsewhere();
    const destination = destinationAt(elsewhere);
    expect(() => destination.send("refused")).toThrow(RangeError);
    void destination.send("changed");
    await turns();
    expect(elsewhere.held[0]?.payload).toBe("another");
    expect(destination.statistics).toMatchObject({ sentMessageCount: 2, rejectedMessageCount: 1 });
  });

  test("context - whoever asks is told of an interruption, before or after a signal was made", async () => {
    const elsewhere = new Elsewhere();
    const destination = destinationAt(elsewhere);
    const controller = new AbortController();
    void destination.send("payload", { signal: controller.signal });
    await turns();
    const { context } = elsewhere.held[0] as { readonly context: PlacedContext };
    const told: string[] = [];
    context.whenInterrupted(() => void told.push("first"));
    context.whenInterrupted(() => void told.push("second"));
    expect(context.signal.aborted).toBe(false);
    context.whenInterrupted(() => void told.push("third"));
    controller.abort();
    expect(told).toEqual(["first", "second", "third"]);
    expect(context.signal.aborted).toBe(true);
    context.whenInterrupted(() => void told.push("late"));
    expect(told).toHaveLength(4);
  });

  test("context - without a signal it is told all the same", async () => {
    const elsewhere = new Elsewhere();
    const destination = destinationAt(elsewhere);
    const controller = new AbortController();
    void destination.send("payload", { signal: controller.signal });
    await turns();
    const reasons: unknown[] = [];
    elsewhere.held[0]?.context.whenInterrupted((reason) => void reasons.push(reason));
    elsewhere.held[0]?.context.whenInterrupted((reason) => void reasons.push(reason));
    controller.abort();
    expect(reasons).toMatchObject([{ code: "BUSLINE_ABORTED" }, { code: "BUSLINE_ABORTED" }]);
  });

  test("lookAhead - more is handed over, counts as waiting, and is refused where the queue is full", async () => {
    const elsewhere = new Elsewhere();
    const bus = new MessageBus();
    const destination = bus.addDestination(
      serial("acme/a", { workers: elsewhere, maximumQueueSize: 4 }),
    );
    const registration = destination.listen(listener());
    void destination.send(0);
    elsewhere.destination?.lookAhead(2);
    for (let number = 1; number <= 4; number += 1) void destination.send(number);
    expect(() => destination.send(5)).toThrow("no room in a queue");
    await turns();
    expect(elsewhere.held.map(({ payload }) => payload)).toEqual([0, 1, 2]);
    expect(destination.statistics).toMatchObject({
      activeMessageCount: 1,
      pendingMessageCount: 4,
      activeWorkerCount: 1,
      currentWorkerCount: 1,
    });
    for (const { resolve } of elsewhere.held.splice(0)) resolve();
    await turns();
    expect(elsewhere.held.map(({ payload }) => payload)).toEqual([3, 4]);
    // With a second listener, one message after the other is worth more.
    destination.listen(listener());
    for (const { resolve } of elsewhere.held.splice(0)) resolve();
    for (let number = 6; number <= 8; number += 1) void destination.send(number);
    await turns();
    expect(elsewhere.held).toHaveLength(1);
    registration.unregister();
    await turns();
    expect(elsewhere.held.map(({ payload }) => payload)).toEqual([6, 7, 8]);
  });

  test("replaceDestination - what the new place or the new type refuses changes nothing", async () => {
    const bus = new MessageBus({
      destinationTypes: {
        broken: () => ({
          workerPer: "message",
          createQueue: () => {
            throw new RangeError("no queue");
          },
        }),
        own: () => ({ workerPer: "message", createQueue: () => new FifoQueue() }),
      },
    });
    const elsewhere = new Elsewhere();
    const destination = bus.addDestination(new DestinationConfiguration("own", "acme/a"));
    destination.listen({ receive: () => "here" });
    expect(await destination.request(1)).toBe("here");
    const broken = new DestinationConfiguration("broken", "acme/a", { workers: elsewhere });
    expect(() => bus.replaceDestination(broken)).toThrow(RangeError);
    expect(await destination.request(2)).toBe("here");
    expect(elsewhere.released).toEqual([true]);
    destination.listen(() => "a function");
    const refused = new DestinationConfiguration("own", "acme/a", { workers: elsewhere });
    expect(() => bus.replaceDestination(refused)).toThrow("no functions");
    expect(elsewhere.released).toEqual([true, true]);
    expect(await destination.request(3)).toBe("here");
    expect(destination.configuration.workers).toBeUndefined();
  });

  test("configuration - a placement that is none is refused", () => {
    expect(() => serial("acme/a", { workers: {} as WorkerPlacement })).toThrow(
      InvalidConfigurationError,
    );
  });
});
