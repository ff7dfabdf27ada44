import {
  DestinationConfiguration,
  InvalidConfigurationError,
  type Message,
  MessageBus,
  type MessageListener,
  type MessageListenerContext,
} from "busline";
import { Recorder, untilQuiet } from "busline/testing";
import { describe, expect, test } from "vitest";

const NAME = "acme/a";
const TYPES = ["parallel", "serial", "synchronous"] as const;

function busWith(type: string = "synchronous") {
  const bus = new MessageBus({ onError: () => {} });
  const destination = bus.addDestination(new DestinationConfiguration(type, NAME));
  return { bus, destination };
}

describe("listener - contract 9: registers", () => {
  test.each(TYPES)(
    "listener - functions and objects, through the bus and at the destination: %s",
    async (type) => {
      const { bus, destination } = busWith(type);
      const recorders = [new Recorder(), new Recorder()] as const;
      const seen: string[] = [];
      bus.listen(NAME, recorders[0]);
      destination.listen(recorders[1]);
      bus.listen(NAME, ({ payload }) => void seen.push(`plain ${String(payload)}`));
      destination.listen(async ({ payload }) => {
        await Promise.resolve();
        seen.push(`promised ${String(payload)}`);
      });
      await bus.send(NAME, 1);
      await untilQuiet(bus);
      expect(recorders.map(({ payloads }) => payloads)).toEqual([[1], [1]]);
      expect(seen).toEqual(["plain 1", "promised 1"]);
      expect(destination.statistics.deliveredMessageCount).toBe(1);
    },
  );

  test("listener - receive is called on its object, as it is then", () => {
    class Counting {
      count = 0;
      receive(): void {
        this.count += 1;
      }
    }
    const { destination } = busWith();
    const listener = new Counting();
    destination.listen(listener);
    void destination.send(1);
    expect(listener.count).toBe(1);
    listener.receive = function receiveTwice(this: Counting) {
      this.count += 10;
    };
    void destination.send(2);
    expect(listener.count).toBe(11);
  });

  test("listener - is given the message and a context", () => {
    const { destination } = busWith();
    const given: [Message, MessageListenerContext][] = [];
    destination.listen((message, context) => void given.push([message, context]));
    void destination.send("payload");
    const [[message, context] = []] = given;
    expect(message?.payload).toBe("payload");
    expect(context?.attempt).toBe(1);
    expect(context?.destination).toBe(destination);
    expect(context?.signal).toBeInstanceOf(AbortSignal);
    expect(context?.signal.aborted).toBe(false);
  });

  test("listener - hasListener tells whether somebody listens", async () => {
    const { bus, destination } = busWith();
    expect(bus.hasListener(NAME)).toBe(false);
    const registration = destination.listen(() => {});
    expect(bus.hasListener(NAME)).toBe(true);
    registration.unregister();
    expect(bus.hasListener(NAME)).toBe(false);
    bus.listen("acme/later", () => {});
    expect(bus.hasListener("acme/later")).toBe(false);
    bus.addDestination(new DestinationConfiguration("serial", "acme/later"));
    expect(bus.hasListener("acme/later")).toBe(true);
    await bus.removeDestination("acme/later");
    expect(bus.hasListener("acme/later")).toBe(false);
  });

  test.each([undefined, null, 1, "listener", {}, { receive: 1 }, [], Symbol("listener")])(
    "listener - %s is refused",
    (given) => {
      const { bus, destination } = busWith();
      const listener = given as unknown as MessageListener;
      for (const listen of [
        () => bus.listen(NAME, listener),
        () => bus.listen("acme/later", listener),
        () => destination.listen(listener),
      ]) {
        expect(listen).toThrow(InvalidConfigurationError);
        expect(listen).toThrow(expect.objectContaining({ attribute: "listener", value: given }));
      }
      expect(bus.hasListener(NAME)).toBe(false);
    },
  );

  test("listener - one whose receive throws when it is read is refused", () => {
    const { destination } = busWith();
    const listener = {
      get receive(): () => void {
        throw new Error("unreadable");
      },
    };
    expect(() => destination.listen(listener)).toThrow(InvalidConfigurationError);
  });

  test.each([
    [{ name: "" }, "name"],
    [{ name: 5 }, "name"],
    [{ name: "n".repeat(256) }, "name"],
    [{ reportStatus: "yes" }, "reportStatus"],
    [{ nane: "x" }, "nane"],
    [null, "options"],
  ])("listener - options %j are refused", (options, attribute) => {
    const { bus, destination } = busWith();
    const refused = expect.objectContaining({ code: "BUSLINE_INVALID_CONFIGURATION", attribute });
    expect(() => destination.listen(() => {}, options as object)).toThrow(refused);
    expect(() => bus.listen("acme/later", () => {}, options as object)).toThrow(refused);
  });
});

describe("listener - before its destination", () => {
  test("listener - is attached when the destination appears, in the order of coming", () => {
    const bus = new MessageBus();
    const order: string[] = [];
    bus.listen(NAME, () => void order.push("first"));
    bus.listen(NAME, () => void order.push("second"));
    const destination = bus.addDestination(new DestinationConfiguration("synchronous", NAME));
    destination.listen(() => void order.push("third"));
    void destination.send(1);
    expect(order).toEqual(["first", "second", "third"]);
  });

  test("listener - its registration ends it before and after the appearing", () => {
    const bus = new MessageBus();
    const [gone, stays] = [new Recorder(), new Recorder()];
    const early = bus.listen(NAME, gone);
    const late = bus.listen(NAME, stays);
    early.unregister();
    const destination = bus.addDestination(new DestinationConfiguration("synchronous", NAME));
    void destination.send(1);
    late.unregister();
    void destination.send(2);
    expect([gone.payloads, stays.payloads]).toEqual([[], [1]]);
  });

  test("listener - names of its own and reportStatus wait with it", () => {
    const bus = new MessageBus();
    bus.listen(NAME, () => {}, { name: "waited" });
    const destination = bus.addDestination(new DestinationConfiguration("synchronous", NAME));
    expect(destination.statistics.listeners[0]?.name).toBe("waited");
  });

  test("listener - waits for the first destination only, not for its successors", async () => {
    const bus = new MessageBus();
    bus.listen(NAME, () => {});
    bus.addDestination(new DestinationConfiguration("synchronous", NAME));
    await bus.removeDestination(NAME);
    bus.addDestination(new DestinationConfiguration("synchronous", NAME));
    expect(bus.hasListener(NAME)).toBe(false);
  });
});

describe("listener - the same one twice is one registration", () => {
  test.each([0, 1])("listener - handle %d ends it, the other one then does nothing", (which) => {
    const { bus, destination } = busWith();
    const recorder = new Recorder();
    const registrations = [destination.listen(recorder), bus.listen(NAME, recorder)] as const;
    void destination.send(1);
    expect(recorder.payloads).toEqual([1]);
    registrations[which === 0 ? 0 : 1].unregister();
    expect(bus.hasListener(NAME)).toBe(false);
    // Registered anew: the other old handle must not end the new registration.
    destination.listen(recorder);
    registrations[which === 0 ? 1 : 0].unregister();
    registrations[which === 0 ? 0 : 1].unregister();
    void destination.send(2);
    expect(recorder.payloads).toEqual([1, 2]);
  });

  test.each([0, 1])(
    "listener - also across the appearing of its destination: handle %d",
    (which) => {
      const bus = new MessageBus();
      const recorder = new Recorder();
      const before = [bus.listen(NAME, recorder), bus.listen(NAME, recorder)] as const;
      const destination = bus.addDestination(new DestinationConfiguration("synchronous", NAME));
      const after = destination.listen(recorder);
      expect(destination.statistics.listeners).toHaveLength(1);
      (which === 0 ? before[0] : after).unregister();
      void destination.send(1);
      expect(recorder.payloads).toEqual([]);
    },
  );

  test("listener - it keeps its place and its name", () => {
    const { destination } = busWith();
    const listener = (): void => {};
    destination.listen(listener, { name: "first" });
    destination.listen(() => {}, { name: "second" });
    destination.listen(listener, { name: "renamed" });
    expect(destination.statistics.listeners.map(({ name }) => name)).toEqual(["first", "second"]);
  });

  test("listener - at two destinations it is two", () => {
    const { bus, destination } = busWith();
    const recorder = new Recorder();
    const other = bus.addDestination(new DestinationConfiguration("synchronous", "acme/b"));
    const registration = destination.listen(recorder);
    other.listen(recorder);
    registration.unregister();
    void destination.send("gone");
    void other.send("there");
    expect(recorder.payloads).toEqual(["there"]);
  });
});

describe("listener - registration", () => {
  test("listener - `using` ends it with the block", () => {
    const { bus, destination } = busWith();
    const recorder = new Recorder();
    {
      using _ = bus.listen(NAME, recorder);
      void destination.send("inside");
    }
    void destination.send("outside");
    expect(recorder.payloads).toEqual(["inside"]);
    {
      using _ = bus.listen("acme/later", recorder);
    }
    bus.addDestination(new DestinationConfiguration("synchronous", "acme/later"));
    expect(bus.hasListener("acme/later")).toBe(false);
  });

  test("listener - ending it twice is harmless", () => {
    const { destination } = busWith();
    const recorder = new Recorder();
    const registration = destination.listen(recorder);
    registration.unregister();
    registration.unregister();
    registration[Symbol.dispose]();
    destination.listen(recorder);
    registration.unregister();
    void destination.send(1);
    expect(recorder.payloads).toEqual([1]);
  });
});

describe("statistics - names of listeners", () => {
  test("statistics - own name, function's, class's, else its position", () => {
    const { destination } = busWith();
    class Invoicing {
      receive(): void {}
    }
    const withoutName = Object.create(null) as MessageListener;
    Object.assign(withoutName, { receive: () => {} });
    destination.listen(() => {});
    destination.listen(function shipping() {});
    destination.listen(new Invoicing());
    destination.listen({ receive: () => {} });
    destination.listen(() => {}, { name: "own name" });
    destination.listen(withoutName);
    expect(destination.statistics.listeners.map(({ name }) => name)).toEqual([
      "listener-1",
      "shipping",
      "Invoicing",
      "listener-4",
      "own name",
      "listener-6",
    ]);
  });

  test.each(TYPES)("statistics - each listener's share is counted: %s", async (type) => {
    const { bus, destination } = busWith(type);
    destination.listen(() => {}, { name: "succeeds" });
    destination.listen(
      ({ payload }) => {
        if (payload === 2) throw new Error("two");
      },
      { name: "fails" },
    );
    for (const payload of [1, 2, 3]) {
      try {
        await destination.send(payload);
      } catch {
        // The sender of a synchronous destination gets the failure.
      }
    }
    await untilQuiet(bus);
    expect(destination.statistics.listeners).toEqual([
      { name: "succeeds", deliveredCount: 3, failedCount: 0 },
      { name: "fails", deliveredCount: 2, failedCount: 1 },
    ]);
    expect(destination.statistics).toMatchObject({
      deliveredMessageCount: 2,
      failedMessageCount: 1,
    });
  });
});
