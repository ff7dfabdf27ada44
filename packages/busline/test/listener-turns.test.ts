import { DestinationConfiguration, MessageBus } from "busline";
import { GateListener, Recorder, SteppedBus, untilQuiet } from "busline/testing";
import { describe, expect, test } from "vitest";

const NAME = "acme/a";
const TYPES = ["parallel", "serial", "synchronous"] as const;

function busWith(type: string) {
  const bus = new MessageBus({ onError: () => {} });
  const destination = bus.addDestination(new DestinationConfiguration(type, NAME));
  return { bus, destination };
}

describe("listener - D6: who gets a message", () => {
  test.each(TYPES)("listener - one registered after the sending does not: %s", async (type) => {
    const { bus, destination } = busWith(type);
    const late = new Recorder();
    const gate = new GateListener();
    destination.listen(gate);
    const sent = destination.send("before");
    await gate.entered(1);
    destination.listen(late);
    gate.open();
    await sent;
    await destination.send("after");
    await untilQuiet(bus);
    expect(late.payloads).toEqual(["after"]);
  });

  test.each(["parallel", "serial"])(
    "listener - one that leaves before its turn does not: %s",
    (type) => {
      const bus = new SteppedBus();
      const destination = bus.addDestination(new DestinationConfiguration(type, NAME));
      const [leaves, stays] = [new Recorder(), new Recorder()];
      const registration = destination.listen(leaves);
      destination.listen(stays);
      void destination.send("queued");
      registration.unregister();
      bus.step(5);
      expect(leaves.payloads).toEqual([]);
      expect(stays.payloads).toEqual(["queued"]);
      expect(destination.statistics).toMatchObject({
        deliveredMessageCount: 1,
        undeliveredMessageCount: 0,
      });
    },
  );

  test.each(["serial", "synchronous"])(
    "listener - one that an earlier listener of the same message unregisters does not: %s",
    async (type) => {
      const { bus, destination } = busWith(type);
      const leaves = new Recorder();
      destination.listen(() => registration.unregister());
      const registration = destination.listen(leaves);
      await destination.send(1);
      await untilQuiet(bus);
      expect(leaves.payloads).toEqual([]);
      expect(destination.statistics.deliveredMessageCount).toBe(1);
    },
  );

  test("listener - one that leaves while a queued listener before it runs does not: serial", async () => {
    const { bus, destination } = busWith("serial");
    const [gate, leaves] = [new GateListener(), new Recorder()];
    destination.listen(gate);
    const registration = destination.listen(leaves);
    void destination.send(1);
    await gate.entered(1);
    registration.unregister();
    gate.open();
    await untilQuiet(bus);
    expect(leaves.payloads).toEqual([]);
  });

  test("listener - one that waits for a worker and leaves does not: parallel", async () => {
    const bus = new MessageBus();
    const destination = bus.addDestination(
      DestinationConfiguration.createParallelDestinationConfiguration(NAME, { workersMaxSize: 1 }),
    );
    const [gate, leaves] = [new GateListener(), new Recorder()];
    destination.listen(gate);
    const registration = destination.listen(leaves);
    void destination.send(1);
    await gate.entered(1);
    registration.unregister();
    gate.open();
    await untilQuiet(bus);
    expect(leaves.payloads).toEqual([]);
  });

  test.each(["parallel", "serial"])(
    "listener - when all have left, the message is undelivered: %s",
    (type) => {
      const bus = new SteppedBus();
      const destination = bus.addDestination(new DestinationConfiguration(type, NAME));
      const undelivered: unknown[] = [];
      destination.addDestinationEventListener({
        messageUndelivered: ({ payload }) => void undelivered.push(payload),
      });
      const registrations = [destination.listen(() => {}), destination.listen(() => {})];
      void destination.send("nobody");
      for (const registration of registrations) registration.unregister();
      bus.step(5);
      expect(undelivered).toEqual(["nobody"]);
      expect(destination.statistics).toMatchObject({
        sentMessageCount: 1,
        undeliveredMessageCount: 1,
        pendingMessageCount: 0,
        activeMessageCount: 0,
      });
    },
  );

  test.each(TYPES)(
    "listener - one that unregisters itself finishes what it runs: %s",
    async (type) => {
      const { bus, destination } = busWith(type);
      const received: unknown[] = [];
      const registration = destination.listen(async ({ payload }) => {
        registration.unregister();
        await Promise.resolve();
        received.push(payload);
      });
      await destination.send("once");
      await untilQuiet(bus);
      await destination.send("nobody");
      expect(received).toEqual(["once"]);
      expect(destination.statistics).toMatchObject({
        deliveredMessageCount: 1,
        undeliveredMessageCount: 1,
      });
    },
  );
});
