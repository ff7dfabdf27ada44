import {
  DestinationConfiguration,
  ListenerFailedError,
  MessageBus,
  NoListenerError,
  RequestTimeoutError,
} from "busline";
import { GateListener, ManualClock, Recorder, SteppedBus, untilQuiet } from "busline/testing";
import { describe, expect, test } from "vitest";

const NAME = "acme/echo";
const DIRECT = { mode: "direct" } as const;

describe.each(["parallel", "serial", "synchronous"])("a %s destination", (destinationType) => {
  const configuration = new DestinationConfiguration(destinationType, NAME);

  test("direct mode - the listener runs in the sender's turn", async () => {
    const bus = new MessageBus();
    bus.addDestination(configuration);
    const recorder = new Recorder();
    bus.listen(NAME, recorder);
    bus.listen(NAME, () => "reply");

    const reply = bus.request(NAME, "a", DIRECT);

    // No turn of any kind has passed.
    expect(recorder.payloads).toEqual(["a"]);
    expect(bus.getDestination(NAME)?.statistics.deliveredMessageCount).toBe(1);
    await expect(reply).resolves.toBe("reply");
  });

  test("direct mode - a promised reply and context.reply work as ever", async () => {
    const bus = new MessageBus();
    bus.addDestination(configuration);
    const registration = bus.listen(NAME, async () => null);
    await expect(bus.request(NAME, "a", DIRECT)).resolves.toBeNull();
    registration.unregister();
    bus.listen(NAME, (_message, context) => context.reply("given"));
    await expect(bus.request(NAME, "a", DIRECT)).resolves.toBe("given");
  });

  test("direct mode - a failure is a ListenerFailedError with its cause", async () => {
    const bus = new MessageBus();
    bus.addDestination(configuration);
    const cause = new Error("no");
    bus.listen(NAME, () => {
      throw cause;
    });

    const failure = bus.request(NAME, "a", DIRECT);

    await expect(failure).rejects.toThrow(ListenerFailedError);
    await expect(failure).rejects.toMatchObject({ cause });
    expect(bus.getDestination(NAME)?.statistics.failedMessageCount).toBe(1);
  });

  test("direct mode - without a listener fails with NoListenerError", async () => {
    const bus = new MessageBus();
    bus.addDestination(configuration);

    await expect(bus.request(NAME, "a", DIRECT)).rejects.toThrow(NoListenerError);
    expect(bus.getDestination(NAME)?.statistics.undeliveredMessageCount).toBe(1);
  });

  test("direct mode - a timeout aborts context.signal", async () => {
    const clock = new ManualClock();
    const bus = new MessageBus({ clock });
    bus.addDestination(configuration);
    const gate = new GateListener();
    bus.listen(NAME, gate);

    const failure = bus.request(NAME, "a", { ...DIRECT, timeoutMs: 50 });
    const signal = gate.contexts[0]?.signal;
    expect(signal?.aborted).toBe(false);
    clock.advance(50);

    await expect(failure).rejects.toThrow(RequestTimeoutError);
    expect(signal?.aborted).toBe(true);
    gate.open();
    await untilQuiet(bus);
  });

  test("direct mode - is refused when the bus is closed", async () => {
    const bus = new MessageBus();
    bus.addDestination(configuration);
    bus.listen(NAME, () => "reply");
    await bus.close();

    await expect(bus.request(NAME, "a", DIRECT)).rejects.toMatchObject({ code: "BUSLINE_CLOSED" });
    expect(bus.getDestination(NAME)?.statistics).toMatchObject({
      sentMessageCount: 1,
      rejectedMessageCount: 1,
    });
  });
});

describe("queue and workers", () => {
  test("direct mode - passes a full queue and busy workers by", async () => {
    const bus = new MessageBus();
    const destination = bus.addDestination<string>(
      DestinationConfiguration.createParallelDestinationConfiguration(NAME, {
        maximumQueueSize: 1,
        workersCoreSize: 1,
        workersMaxSize: 1,
      }),
    );
    const gate = new GateListener<string>();
    destination.listen(gate);
    void destination.send("running");
    void destination.send("waiting");
    await gate.entered(1);

    const reply = destination.request("direct", DIRECT);
    await gate.entered(2);
    expect(destination.statistics).toMatchObject({
      pendingMessageCount: 1,
      activeMessageCount: 2,
      activeWorkerCount: 1,
    });
    gate.release();
    gate.release("passed by");

    await expect(reply).resolves.toBe("passed by");
    gate.open();
    await untilQuiet(bus);
  });

  test("direct mode - needs no step of a stepped bus, the default mode does", async () => {
    const bus = new SteppedBus();
    bus.addDestination(DestinationConfiguration.createSerialDestinationConfiguration(NAME));
    const recorder = new Recorder();
    bus.listen(NAME, recorder);
    bus.listen(NAME, () => "reply");

    const queued = bus.request(NAME, "queued");
    const direct = bus.request(NAME, "direct", DIRECT);
    expect(recorder.payloads).toEqual(["direct"]);
    bus.step(2);

    expect(recorder.payloads).toEqual(["direct", "queued"]);
    await expect(Promise.all([queued, direct])).resolves.toEqual(["reply", "reply"]);
  });

  test("direct mode - a parallel destination's listeners start at once, a serial one's in turn", async () => {
    const bus = new MessageBus();
    bus.addDestination(new DestinationConfiguration("parallel", "acme/parallel"));
    bus.addDestination(new DestinationConfiguration("serial", "acme/serial"));
    for (const name of ["acme/parallel", "acme/serial"]) {
      const [first, second] = [new GateListener(), new GateListener()];
      bus.listen(name, first);
      bus.listen(name, second);
      const reply = bus.request(name, "a", DIRECT);
      expect(first.held).toHaveLength(1);
      expect(second.held).toHaveLength(name === "acme/parallel" ? 1 : 0);
      first.open();
      await second.entered(1);
      second.release("second");
      await expect(reply).resolves.toBe("second");
    }
  });

  test("direct mode - another mode is refused", async () => {
    const bus = new MessageBus();
    bus.addDestination(new DestinationConfiguration("parallel", NAME));
    const mode = "indirect" as "direct";

    await expect(bus.request(NAME, "a", { mode })).rejects.toMatchObject({
      name: "InvalidConfigurationError",
      attribute: "mode",
    });
    expect(bus.statistics).toMatchObject({ sentMessageCount: 0, pendingRequestCount: 0 });
  });
});
