import {
  type Destination,
  DestinationConfiguration,
  discard,
  discardOldest,
  ListenerFailedError,
  MessageBus,
  RejectedExecutionError,
  RequestTimeoutError,
  type RejectedExecutionHandler,
} from "busline";
import { GateListener, ManualClock, untilQuiet } from "busline/testing";
import { describe, expect, test } from "vitest";

const NAME = "acme/work";
const fails = (error: unknown) => (): never => {
  throw error;
};

/** One worker, busy, and one place, taken by `waiting`. */
async function full(rejectedExecutionHandler: RejectedExecutionHandler): Promise<{
  destination: Destination<string>;
  gate: GateListener<string>;
  waiting: Promise<unknown>;
}> {
  const destination = new MessageBus().addDestination<string>(
    DestinationConfiguration.createSerialDestinationConfiguration(NAME, {
      maximumQueueSize: 1,
      rejectedExecutionHandler,
    }),
  );
  const gate = new GateListener<string>();
  destination.listen(gate);
  void destination.send("running");
  await gate.entered(1);
  return { destination, gate, waiting: destination.request("waiting") };
}

describe.each(["parallel", "serial", "synchronous"])("a %s destination", (destinationType) => {
  function busWith(): { bus: MessageBus; clock: ManualClock } {
    const clock = new ManualClock();
    const bus = new MessageBus({ clock, onError: () => {} });
    bus.addDestination(new DestinationConfiguration(destinationType, NAME));
    return { bus, clock };
  }

  test("request - a reply wins over an earlier failure", async () => {
    const { bus } = busWith();
    bus.listen(NAME, fails(new Error("no")));
    bus.listen(NAME, async () => "reply");

    await expect(bus.request(NAME, "a")).resolves.toBe("reply");
    await untilQuiet(bus);
    expect(bus.getDestination(NAME)?.statistics.failedMessageCount).toBe(1);
  });

  test("request - a reply given before its own listener fails stands", async () => {
    const { bus } = busWith();
    bus.listen(NAME, (_message, context) => {
      context.reply("reply");
      throw new Error("afterwards");
    });

    await expect(bus.request(NAME, "a")).resolves.toBe("reply");
  });

  test("request - fails only when every listener has ended", async () => {
    const { bus } = busWith();
    const gate = new GateListener();
    const cause = new Error("no");
    bus.listen(NAME, fails(cause));
    bus.listen(NAME, gate);
    let hasFailed = false;
    const failure = bus.request(NAME, "a");
    failure.catch(() => {
      hasFailed = true;
    });

    await gate.entered(1);
    await new Promise<void>((resume) => {
      setImmediate(resume);
    });
    expect(hasFailed).toBe(false);
    gate.release();

    await expect(failure).rejects.toThrow(ListenerFailedError);
    await expect(failure).rejects.toMatchObject({
      code: "BUSLINE_LISTENER_FAILED",
      destinationName: NAME,
      cause,
    });
  });

  test("request - several failures are an AggregateError as cause, in order", async () => {
    const { bus } = busWith();
    const errors = [new Error("first"), new Error("second")];
    for (const error of errors) bus.listen(NAME, fails(error));

    const failure: unknown = await bus.request(NAME, "a").catch((error: unknown) => error);

    expect(failure).toBeInstanceOf(ListenerFailedError);
    const { cause } = failure as ListenerFailedError;
    expect(cause).toBeInstanceOf(AggregateError);
    expect((cause as AggregateError).errors).toEqual(errors);
  });

  test.each([undefined, null, 0, "text"])("request - a thrown %s is its cause", async (thrown) => {
    const { bus } = busWith();
    bus.listen(NAME, fails(thrown));

    const failure: unknown = await bus.request(NAME, "a").catch((error: unknown) => error);

    expect(failure).toBeInstanceOf(ListenerFailedError);
    expect((failure as ListenerFailedError).cause).toBe(thrown);
  });

  test("request - all ended without a value: it waits for its timeout", async () => {
    const { bus, clock } = busWith();
    bus.listen(NAME, () => {});
    let hasFailed = false;
    const failure = bus.request(NAME, "a", { timeoutMs: 100 });
    failure.catch(() => {
      hasFailed = true;
    });

    await untilQuiet(bus);
    expect(hasFailed).toBe(false);
    clock.advance(100);

    await expect(failure).rejects.toThrow(RequestTimeoutError);
  });

  test("request - to a closed bus fails with BUSLINE_CLOSED", async () => {
    const { bus } = busWith();
    bus.listen(NAME, () => "reply");
    await bus.close();
    const failure = bus.request(NAME, "a");

    await expect(failure).rejects.toThrow(RejectedExecutionError);
    await expect(failure).rejects.toMatchObject({ code: "BUSLINE_CLOSED", destinationName: NAME });
    expect(bus.statistics).toMatchObject({ pendingRequestCount: 0, rejectedMessageCount: 1 });
  });

  test("request - that still waits for its reply when the bus closes fails with BUSLINE_CLOSED", async () => {
    const { bus } = busWith();
    bus.listen(NAME, () => {});
    const failure = bus.request(NAME, "a");
    failure.catch(() => {});
    await untilQuiet(bus);
    await bus.close();

    await expect(failure).rejects.toMatchObject({ code: "BUSLINE_CLOSED" });
  });
});

describe("a dropped request", () => {
  test("request - refused by abort fails at once with BUSLINE_QUEUE_FULL", async () => {
    const { destination, gate, waiting } = await full((rejection) => {
      throw new RejectedExecutionError("BUSLINE_QUEUE_FULL", rejection.destination.name);
    });

    await expect(destination.request("refused")).rejects.toMatchObject({
      code: "BUSLINE_QUEUE_FULL",
    });
    gate.release();
    await gate.entered(2);
    gate.release("kept");
    await expect(waiting).resolves.toBe("kept");
  });

  test("request - dropped by discard fails at once with RejectedExecutionError", async () => {
    const { destination, gate, waiting } = await full(discard);
    const failure = destination.request("dropped");

    await expect(failure).rejects.toThrow(RejectedExecutionError);
    await expect(failure).rejects.toMatchObject({ code: "BUSLINE_QUEUE_FULL" });
    expect(destination.statistics.discardedMessageCount).toBe(1);
    gate.release();
    await gate.entered(2);
    gate.release("kept");
    await expect(waiting).resolves.toBe("kept");
  });

  test("request - dropped by discardOldest fails at once, the newer one is answered", async () => {
    const { destination, gate, waiting } = await full(discardOldest);
    const newer = destination.request("newer");

    await expect(waiting).rejects.toMatchObject({ code: "BUSLINE_QUEUE_FULL" });
    gate.release();
    await gate.entered(2);
    gate.release("newer");
    await expect(newer).resolves.toBe("newer");
    expect(gate.contexts).toHaveLength(2);
  });

  test("request - dropped by a handler that does nothing fails at once", async () => {
    const { destination, gate, waiting } = await full(() => {});

    await expect(destination.request("dropped")).rejects.toThrow(RejectedExecutionError);
    expect(destination.statistics.discardedMessageCount).toBe(1);
    destination.purge();
    await expect(waiting).rejects.toThrow(RejectedExecutionError);
    gate.open();
  });

  test("request - purged fails at once with BUSLINE_PURGED; a running one is left alone", async () => {
    const { destination, gate, waiting } = await full(discard);

    expect(destination.purge()).toBe(1);

    await expect(waiting).rejects.toMatchObject({
      name: "RejectedExecutionError",
      code: "BUSLINE_PURGED",
    });
    expect(gate.held).toHaveLength(1);
    gate.open();
  });
});
