import { describe, expect, test } from "vitest";
import { DestinationConfiguration, discardOldest, MessageBus } from "busline";
import { GateListener, ManualClock, untilQuiet } from "busline/testing";
import { ledgerOf } from "./ledger.ts";

const ONE_WORKER = { workersCoreSize: 1, workersMaxSize: 1 };

describe.each(["parallel", "serial"])("%s", (type) => {
  async function fixture(attributes?: object) {
    const clock = new ManualClock();
    const bus = new MessageBus({ clock });
    const configuration = new DestinationConfiguration(type, "acme/a", {
      ...ONE_WORKER,
      priorityLevels: 3,
      ...attributes,
    });
    const destination = bus.addDestination<string>(configuration);
    const order: string[] = [];
    const gate = new GateListener<string>();
    destination.listen((message, context) => {
      order.push(message.payload);
      return gate.receive(message, context);
    });
    void destination.send("first");
    await gate.entered(1);
    return { bus, clock, destination, gate, order };
  }

  test("priority - higher ones go first; in the same one the order is that of sending", async () => {
    const { bus, destination, gate, order } = await fixture();
    void destination.send("low 1");
    void destination.send("high 1", { priority: 2 });
    void destination.send("middle", { priority: 1 });
    void destination.send("low 2", { priority: 0 });
    void destination.send("high 2", { priority: 2 });
    gate.open();
    await untilQuiet(bus);
    expect(order).toEqual(["first", "high 1", "high 2", "middle", "low 1", "low 2"]);
    expect(ledgerOf(destination)).toEqual({ sent: 6, delivered: 6 });
    await bus.close();
  });

  test("priority - of a request, and seen by the listener", async () => {
    const { bus, destination, gate, order } = await fixture();
    void destination.send("low");
    const asked = destination.request("asked", { priority: 1 });
    gate.release();
    await gate.entered(2);
    expect(gate.held[0]?.priority).toBe(1);
    expect(gate.held[0]?.toJSON()).toMatchObject({ priority: 1 });
    gate.release("answer");
    expect(await asked).toBe("answer");
    gate.open();
    await untilQuiet(bus);
    expect(order).toEqual(["first", "asked", "low"]);
    await bus.close();
  });

  test("discardOldest - the one that has waited longest gives way, whatever its priority", async () => {
    const { bus, clock, destination, gate, order } = await fixture({
      maximumQueueSize: 2,
      rejectedExecutionHandler: discardOldest,
    });
    void destination.send("high", { priority: 2 });
    clock.advance(1);
    void destination.send("low");
    clock.advance(1);
    void destination.send("middle", { priority: 1 });
    gate.open();
    await untilQuiet(bus);
    expect(order).toEqual(["first", "middle", "low"]);
    expect(ledgerOf(destination)).toEqual({ sent: 4, delivered: 3, discarded: 1 });
    await bus.close();
  });

  test("signal - a waiting message is withdrawn out of its priority", async () => {
    const { bus, destination, gate, order } = await fixture();
    const controller = new AbortController();
    void destination.send("gone", { priority: 2, signal: controller.signal });
    void destination.send("stays", { priority: 2 });
    controller.abort();
    gate.open();
    await untilQuiet(bus);
    expect(order).toEqual(["first", "stays"]);
    await bus.close();
  });

  test("replaceDestination - fewer priorities, and none: what waits goes on waiting", async () => {
    const { bus, clock, destination, gate, order } = await fixture();
    void destination.send("high", { priority: 2 });
    clock.advance(1);
    void destination.send("low");
    const withLevels = (attributes: object) =>
      bus.replaceDestination(
        new DestinationConfiguration(type, "acme/a", { ...ONE_WORKER, ...attributes }),
      );
    withLevels({ priorityLevels: 2 });
    expect(destination.statistics.oldestPendingAgeMs).toBe(1);
    withLevels({});
    expect(() => destination.send("high", { priority: 1 })).toThrow("priority");
    gate.open();
    await untilQuiet(bus);
    expect(order).toEqual(["first", "high", "low"]);
    await bus.close();
  });

  test("purge - drops all", async () => {
    const { bus, destination, gate } = await fixture();
    for (const priority of [0, 1, 2]) void destination.send("a", { priority });
    expect(destination.purge()).toBe(3);
    gate.open();
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toEqual({ sent: 4, delivered: 1, discarded: 3 });
    await bus.close();
  });

  test.each([3, -1, 0.5, "1"])("send - refuses priority %j", async (priority) => {
    const { bus, destination, gate } = await fixture();
    expect(() => destination.send("a", { priority: priority as number })).toThrow(
      expect.objectContaining({ code: "BUSLINE_INVALID_CONFIGURATION", attribute: "priority" }),
    );
    await expect(destination.request("a", { priority: priority as number })).rejects.toThrow(
      "priority",
    );
    gate.open();
    await bus.close();
  });

  test.each([1, 256, 2.5, Infinity])("configuration - refuses priorityLevels %j", (levels) => {
    expect(() => new DestinationConfiguration(type, "acme/a", { priorityLevels: levels })).toThrow(
      expect.objectContaining({ attribute: "priorityLevels" }),
    );
  });
});

test("send - a priority is refused where the destination has none", async () => {
  const bus = new MessageBus();
  const destination = bus.addDestination(
    DestinationConfiguration.createParallelDestinationConfiguration("acme/a"),
  );
  expect(() => destination.send("a", { priority: 0 })).toThrow(
    expect.objectContaining({ code: "BUSLINE_INVALID_CONFIGURATION", attribute: "priority" }),
  );
  expect(ledgerOf(destination)).toEqual({});
  await bus.close();
});
