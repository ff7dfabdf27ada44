import {
  discardOldest,
  type RejectedExecutionHandler,
  DestinationConfiguration,
  MessageBus,
  waitForSpace,
} from "busline";
import { GateListener, ManualClock, Recorder, untilQuiet } from "busline/testing";
import { describe, expect, test } from "vitest";

const serial = DestinationConfiguration.createSerialDestinationConfiguration;

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
