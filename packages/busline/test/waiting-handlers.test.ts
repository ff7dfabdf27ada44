import {
  type Rejection,
  DestinationConfiguration,
  MessageBus,
  waitForSpace,
  divertTo,
} from "busline";
import { GateListener, Recorder, untilQuiet } from "busline/testing";
import { describe, expect, test } from "vitest";

const serial = DestinationConfiguration.createSerialDestinationConfiguration;

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
