import {
  callerRuns,
  DestinationConfiguration,
  FifoQueue,
  type Message,
  MessageBus,
  RejectedExecutionError,
  waitForSpace,
} from "busline";
import { GateListener, ManualClock, Recorder, untilQuiet } from "busline/testing";
import { describe, expect, test } from "vitest";
import { expectBalance } from "./property/ledger.ts";

const serial = DestinationConfiguration.createSerialDestinationConfiguration;
const synchronous = DestinationConfiguration.createSynchronousDestinationConfiguration;

describe("callbacks that act on what calls them", () => {
  test("purge - a listener of the drops that withdraws the rest counts each message once", async () => {
    const bus = new MessageBus();
    const destination = bus.addDestination<number>(serial("acme/work"));
    const recorder = new Recorder<number>();
    destination.listen(recorder);
    destination.pause();
    const controller = new AbortController();
    for (const number of [1, 2, 3]) void destination.send(number, { signal: controller.signal });
    destination.addDestinationEventListener({ messageDiscarded: () => controller.abort() });
    expect(destination.purge()).toBe(3);
    expect(destination.statistics).toMatchObject({
      discardedMessageCount: 3,
      pendingMessageCount: 0,
    });
    destination.resume();
    void destination.send(4);
    expect(await recorder.count(1)).toEqual([4]);
    expectBalance(destination.statistics);
  });

  test("remove - a message that is sent while the rest is dropped is refused, not lost", async () => {
    const clock = new ManualClock();
    const bus = new MessageBus({ clock });
    const destination = bus.addDestination<string>(serial("acme/work"));
    const gate = new GateListener<string>();
    destination.listen(gate);
    const refused: unknown[] = [];
    destination.addDestinationEventListener({
      messageDiscarded: () => {
        try {
          void destination.send("too late");
        } catch (error) {
          refused.push(error);
        }
      },
    });
    void destination.send("runs");
    void destination.send("waits");
    await gate.entered(1);
    const removal = bus.removeDestination("acme/work", { deadlineMs: 5 });
    clock.advance(5);
    const { undelivered } = await removal;
    expect(undelivered.map(({ payload }) => payload)).toEqual(["waits"]);
    expect(refused).toEqual([expect.any(RejectedExecutionError)]);
    gate.open();
  });

  test("send - synchronous listeners that send to each other are refused before the stack ends", async () => {
    const bus = new MessageBus();
    const destination = bus.addDestination<number>(synchronous("acme/echo"));
    let deepest = 0;
    destination.listen(({ payload }) => {
      deepest = Math.max(deepest, payload);
      return destination.send(payload + 1);
    });
    expect(() => destination.send(1)).toThrow(
      expect.objectContaining({ code: "BUSLINE_TOO_DEEP" }) as Error,
    );
    expect(deepest).toBe(100);
    expect(destination.statistics).toMatchObject({ activeMessageCount: 0 });
    expectBalance(destination.statistics);
    await bus.drain();
  });

  test("handler - callerRuns in callerRuns in callerRuns is refused before the stack ends", () => {
    const bus = new MessageBus({ onError: () => {} });
    const destination = bus.addDestination<number>(
      serial("acme/full", { maximumQueueSize: 1, rejectedExecutionHandler: callerRuns }),
    );
    let deepest = 0;
    destination.listen(({ payload }) => {
      deepest = Math.max(deepest, payload);
      void destination.send(payload + 1);
    });
    destination.pause();
    void destination.send(0);
    void destination.send(1);
    expect(deepest).toBe(100);
    expect(destination.statistics).toMatchObject({
      rejectedMessageCount: 1,
      activeMessageCount: 0,
      pendingMessageCount: 1,
    });
    expectBalance(destination.statistics);
  });

  test("worker - senders' turns that outlive each other make no ring", async () => {
    const bus = new MessageBus();
    bus.addDestination(synchronous("acme/a"));
    bus.addDestination(synchronous("acme/b"));
    bus.addDestination(
      serial("acme/full", { maximumQueueSize: 1, rejectedExecutionHandler: waitForSpace() }),
    );
    const gate = new GateListener();
    bus.listen("acme/full", gate);
    void bus.send("acme/full", 1);
    void bus.send("acme/full", 2);
    bus.listen("acme/b", async () => {
      await Promise.resolve();
      return bus.send("acme/a", "second");
    });
    const waits: unknown[] = [];
    bus.listen("acme/a", ({ payload }) => {
      if (payload === "first") void bus.send("acme/b", 0);
      else waits.push(bus.send("acme/full", 3));
    });
    void bus.send("acme/a", "first");
    await gate.entered(1);
    gate.open();
    await untilQuiet(bus);
    expect(waits).toHaveLength(1);
    expect(bus.getDestination("acme/full")?.statistics.deliveredMessageCount).toBe(3);
  });
});

describe("foreign code that fails in the middle", () => {
  test("listener - a promise of a class that cannot be derived from is a failure like any other", async () => {
    class Deferred extends Promise<void> {
      constructor() {
        super(() => {});
      }
    }
    const told: unknown[] = [];
    const bus = new MessageBus({ onError: (error) => void told.push(error) });
    const destination = bus.addDestination<number>(serial("acme/work"));
    destination.listen(({ payload }) => (payload === 1 ? new Deferred() : undefined));
    for (const number of [1, 2]) void destination.send(number);
    await untilQuiet(bus);
    expect(told).toHaveLength(1);
    expect(destination.statistics).toMatchObject({
      failedMessageCount: 1,
      deliveredMessageCount: 1,
    });
  });

  test("queue - one of the user's own that throws stops nothing, and counts nothing twice", async () => {
    class Moody extends FifoQueue {
      throwsNext = true;
      override take(): Message | undefined {
        if (this.throwsNext) {
          this.throwsNext = false;
          throw new Error("not now");
        }
        return super.take();
      }
      ended(): void {
        throw new Error("what of it");
      }
    }
    const logged: string[] = [];
    const bus = new MessageBus({
      logger: { error: (_details, text) => void logged.push(text) },
      destinationTypes: {
        moody: () => ({ workerPer: "message", createQueue: () => new Moody() }),
      },
    });
    const destination = bus.addDestination<number>(
      new DestinationConfiguration("moody", "acme/moody"),
    );
    const recorder = new Recorder<number>();
    destination.listen(recorder);
    for (const number of [1, 2, 3]) void destination.send(number);
    expect(await recorder.count(3)).toEqual([1, 2, 3]);
    await untilQuiet(bus);
    expect(destination.statistics).toMatchObject({
      deliveredMessageCount: 3,
      failedMessageCount: 0,
      activeMessageCount: 0,
    });
    expect(new Set(logged)).toEqual(
      new Set([
        "A queue failed to give out a message",
        "A queue could not be told of a message's end",
      ]),
    );
  });
});
