import {
  discardOldest,
  type RejectedExecutionHandler,
  callerRuns,
  type Rejection,
  type WaitingMessage,
  DestinationConfiguration,
  FifoQueue,
  MessageBus,
  RejectedExecutionError,
  waitForSpace,
  divertTo,
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
    class Moody<Item extends WaitingMessage> extends FifoQueue<Item> {
      throwsNext = true;
      override take(): Item | undefined {
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

describe("handlers that wait in their own way", () => {
  function fullWith(handler: (rejection: Rejection) => void | Promise<void>) {
    const bus = new MessageBus();
    bus.addDestination(serial("acme/other"));
    bus.listen("acme/other", () => {});
    const destination = bus.addDestination<number>(
      serial("acme/full", { maximumQueueSize: 1, rejectedExecutionHandler: handler }),
    );
    const gate = new GateListener<number>();
    destination.listen(gate);
    for (const number of [1, 2]) void destination.send(number);
    return { bus, destination, gate };
  }

  test("handler - one that throws and leaves a wait behind has refused the message, once", async () => {
    const { bus, destination, gate } = fullWith((rejection) => {
      void waitForSpace()(rejection);
      throw new Error("after all not");
    });
    await expect(async () => destination.send(3)).rejects.toThrow("after all not");
    gate.open();
    await untilQuiet(bus);
    expect(destination.statistics).toMatchObject({
      sentMessageCount: 3,
      rejectedMessageCount: 1,
      deliveredMessageCount: 2,
    });
  });

  test("handler - one that comes to wait when there is room again is let in", async () => {
    const decision = new Recorder();
    const { destination, gate } = fullWith(async (rejection) => {
      await decision.count(1);
      return waitForSpace()(rejection);
    });
    const sent = destination.send(3);
    gate.open();
    await gate.entered(2);
    decision.receive("now" as never);
    await sent;
    await gate.entered(3);
    expect(destination.statistics.sentMessageCount).toBe(3);
  });

  test("handler - one whose wait was refused may divert instead", async () => {
    const controller = new AbortController();
    const { bus, destination, gate } = fullWith(async (rejection) => {
      try {
        await waitForSpace({ signal: controller.signal })(rejection);
      } catch {
        await divertTo("acme/other")(rejection);
      }
    });
    const sent = destination.send(3);
    controller.abort();
    await sent;
    expect(destination.statistics.divertedMessageCount).toBe(1);
    gate.open();
    await untilQuiet(bus);
    expect(bus.getDestination("acme/other")?.statistics.deliveredMessageCount).toBe(1);
  });

  test("send - a newcomer does not overtake those who wait", async () => {
    const bus = new MessageBus();
    const destination = bus.addDestination<number>(
      serial("acme/full", { maximumQueueSize: 1, rejectedExecutionHandler: waitForSpace() }),
    );
    const gate = new GateListener<number>();
    destination.listen(gate);
    const controller = new AbortController();
    void destination.send(1);
    void destination.send(2, { signal: controller.signal });
    void destination.send(3);
    destination.addDestinationEventListener({
      messageDiscarded: () => void destination.send(4),
    });
    controller.abort();
    const order: number[] = [];
    for (let count = 1; count <= 3; count += 1) {
      await gate.entered(count);
      order.push(...gate.held.map(({ payload }) => payload));
      gate.release();
    }
    expect(order).toEqual([1, 3, 4]);
  });
});

describe("changes under way", () => {
  test("replace - a parallel destination that becomes serial starts one message at a time", async () => {
    const bus = new MessageBus();
    const destination = bus.addDestination<number>(
      DestinationConfiguration.createParallelDestinationConfiguration("acme/work"),
    );
    const gate = new GateListener<number>();
    destination.listen(gate);
    for (const number of [1, 2, 3, 4, 5]) void destination.send(number);
    bus.replaceDestination(serial("acme/work"));
    const order: number[] = [];
    for (let count = 1; count <= 5; count += 1) {
      await gate.entered(count);
      expect(gate.held).toHaveLength(1);
      order.push(...gate.held.map(({ payload }) => payload));
      gate.release();
    }
    expect(order).toEqual([1, 2, 3, 4, 5]);
  });

  test("handler - discardOldest makes room under a limit that has become smaller", async () => {
    const bus = new MessageBus();
    const configured = (maximumQueueSize: number) =>
      serial("acme/work", { maximumQueueSize, rejectedExecutionHandler: discardOldest });
    const destination = bus.addDestination<number>(configured(3));
    const recorder = new Recorder<number>();
    destination.listen(recorder);
    destination.pause();
    for (const number of [1, 2, 3]) void destination.send(number);
    bus.replaceDestination(configured(1));
    void destination.send(4);
    expect(destination.statistics).toMatchObject({
      discardedMessageCount: 3,
      pendingMessageCount: 1,
    });
    destination.resume();
    expect(await recorder.count(1)).toEqual([4]);
  });

  test("handler - discardOldest drops nothing for a sender whom others would overtake", async () => {
    const bus = new MessageBus();
    const configured = (rejectedExecutionHandler: RejectedExecutionHandler) =>
      serial("acme/work", { maximumQueueSize: 1, rejectedExecutionHandler });
    const destination = bus.addDestination<number>(configured(waitForSpace()));
    const recorder = new Recorder<number>();
    destination.listen(recorder);
    destination.pause();
    void destination.send(1);
    const waiting = destination.send(2);
    bus.replaceDestination(configured(discardOldest));
    void destination.send(3);
    expect(destination.statistics).toMatchObject({
      discardedMessageCount: 1,
      pendingMessageCount: 1,
    });
    destination.resume();
    await waiting;
    expect(await recorder.count(2)).toEqual([1, 2]);
  });

  test("worker - a wait that only becomes one without end later is refused then", async () => {
    const bus = new MessageBus();
    const destination = bus.addDestination<string>(
      serial("acme/self", { maximumQueueSize: 1, rejectedExecutionHandler: waitForSpace() }),
    );
    const ended: unknown[] = [];
    const started = new Recorder();
    destination.listen(async ({ payload }) => {
      if (payload !== "first") return;
      destination.pause();
      void destination.send("fills");
      const waiting = destination.send("waits");
      started.receive("started" as never);
      await Promise.resolve(waiting).catch((error: unknown) => ended.push(error));
    });
    void destination.send("first");
    await started.count(1);
    destination.resume();
    await untilQuiet(bus);
    expect(ended).toEqual([expect.objectContaining({ code: "BUSLINE_WAIT_DEADLOCK" })]);
  });

  test("drain - a pause comes too late to hold it up", async () => {
    const bus = new MessageBus();
    const destination = bus.addDestination<number>(serial("acme/work"));
    const recorder = new Recorder<number>();
    destination.listen(recorder);
    for (const number of [1, 2]) void destination.send(number);
    const drained = bus.drain();
    destination.pause();
    await drained;
    expect(recorder.payloads).toEqual([1, 2]);
  });

  test("close - a message of which a listener did not start is no delivered one", async () => {
    const clock = new ManualClock();
    const bus = new MessageBus({ clock });
    const destination = bus.addDestination<number>(serial("acme/work"));
    const gate = new GateListener<number>();
    const second = new Recorder<number>();
    destination.listen(gate);
    destination.listen(second);
    void destination.send(1);
    await gate.entered(1);
    const closing = bus.close({ deadlineMs: 5 });
    clock.advance(5);
    expect((await closing).interrupted).toHaveLength(1);
    gate.open();
    await untilQuiet(bus);
    expect(second.payloads).toEqual([]);
    expect(destination.statistics).toMatchObject({
      deliveredMessageCount: 0,
      discardedMessageCount: 1,
    });
  });

  test("request - its reply's id tells nothing of another's", async () => {
    const bus = new MessageBus();
    const destination = bus.addDestination<number, number>(serial("acme/asked"));
    const ids: string[] = [];
    destination.listen(({ payload, responseId }) => {
      ids.push(responseId as string);
      return payload;
    });
    await Promise.all([destination.request(1), destination.request(2)]);
    const [first, second] = ids as [string, string];
    expect(first.slice(0, 8)).not.toBe(second.slice(0, 8));
  });
});
