import {
  type Destination,
  DestinationConfiguration,
  type DestinationEventListener,
  DuplicateDestinationError,
  InvalidConfigurationError,
  MessageBus,
  type MessageBusEventListener,
  UnknownDestinationError,
} from "busline";
import { GateListener, Recorder, untilQuiet } from "busline/testing";
import { describe, expect, test } from "vitest";

const NAME = "acme/a";
const synchronous = new DestinationConfiguration("synchronous", NAME);
const serial = new DestinationConfiguration("serial", NAME);

/** A logger is what busline tells of a failing event listener. */
function loggingBus() {
  const logged: { readonly text: string; readonly err: unknown }[] = [];
  const logger = {
    error: (details: object, text: string) => {
      logged.push({ text, err: (details as { err?: unknown }).err });
    },
  };
  return { bus: new MessageBus({ logger }), logged };
}

describe("bus - tells of its wiring", () => {
  test("bus - added, replaced and removed, with the handle, in the turn in which it happens", async () => {
    const bus = new MessageBus();
    const told: [string, Destination, boolean][] = [];
    const tells =
      (event: string) =>
      (destination: Destination): void =>
        void told.push([event, destination, bus.hasDestination(NAME)]);
    bus.addMessageBusEventListener({
      destinationAdded: tells("added"),
      destinationReplaced: tells("replaced"),
      destinationRemoved: tells("removed"),
    });
    const handle = bus.addDestination(synchronous);
    expect(told).toEqual([["added", handle, true]]);
    bus.replaceDestination(serial);
    expect(told.at(-1)).toEqual(["replaced", handle, true]);
    await bus.removeDestination(NAME);
    expect(told.at(-1)).toEqual(["removed", handle, false]);
    expect(told).toHaveLength(3);
    expect(told.every(([, destination]) => destination === handle)).toBe(true);
  });

  test("bus - what is refused is not told", async () => {
    const bus = new MessageBus();
    bus.addDestination(synchronous);
    const told: string[] = [];
    bus.addMessageBusEventListener({
      destinationAdded: () => void told.push("added"),
      destinationReplaced: () => void told.push("replaced"),
      destinationRemoved: () => void told.push("removed"),
    });
    expect(() => bus.addDestination(serial)).toThrow(DuplicateDestinationError);
    expect(() =>
      bus.replaceDestination(new DestinationConfiguration("unknown-type", NAME)),
    ).toThrow(InvalidConfigurationError);
    await expect(bus.removeDestination("acme/none")).rejects.toThrow(UnknownDestinationError);
    expect(told).toEqual([]);
  });

  test("bus - those who waited for a destination are attached when it is told", () => {
    const bus = new MessageBus();
    bus.listen(NAME, () => {});
    let hadListener: boolean | undefined;
    bus.addMessageBusEventListener({
      destinationAdded: ({ name }) => {
        hadListener = bus.hasListener(name);
      },
    });
    bus.addDestination(synchronous);
    expect(hadListener).toBe(true);
  });

  test("bus - an event listener may have any of the methods, and is called on itself", () => {
    const bus = new MessageBus();
    class Watcher {
      readonly names: string[] = [];
      destinationAdded({ name }: Destination): void {
        this.names.push(name);
      }
    }
    const watcher = new Watcher();
    bus.addMessageBusEventListener(watcher);
    bus.addDestination(synchronous);
    bus.replaceDestination(serial);
    expect(watcher.names).toEqual([NAME]);
  });

  test("bus - its registration ends it, also by `using`; the same one twice is told once", () => {
    const bus = new MessageBus();
    const told: string[] = [];
    const listener: MessageBusEventListener = {
      destinationReplaced: ({ name }) => void told.push(name),
    };
    bus.addDestination(synchronous);
    {
      using _ = bus.addMessageBusEventListener(listener);
      bus.addMessageBusEventListener(listener);
      bus.replaceDestination(serial);
      expect(told).toEqual([NAME]);
    }
    bus.replaceDestination(serial);
    expect(told).toHaveLength(1);
  });

  test("bus - an event listener may change the wiring, and itself, while it is told", () => {
    const bus = new MessageBus();
    const told: string[] = [];
    const registration = bus.addMessageBusEventListener({
      destinationAdded: ({ name }) => {
        told.push(name);
        registration.unregister();
        bus.addDestination(new DestinationConfiguration("serial", "acme/b"));
      },
    });
    bus.addMessageBusEventListener({ destinationAdded: ({ name }) => void told.push(`2 ${name}`) });
    bus.addDestination(synchronous);
    expect(told).toEqual([NAME, "2 acme/b", `2 ${NAME}`]);
  });

  test.each([
    undefined,
    null,
    1,
    "x",
    () => {},
    {},
    { destinationAded: () => {} },
    { destinationAdded: 1 },
  ])("bus - %s is refused as an event listener", (given) => {
    const bus = new MessageBus();
    const destination = bus.addDestination(synchronous);
    expect(() => bus.addMessageBusEventListener(given as MessageBusEventListener)).toThrow(
      InvalidConfigurationError,
    );
    expect(() =>
      destination.addDestinationEventListener(given as DestinationEventListener),
    ).toThrow(InvalidConfigurationError);
  });
});

describe("destination - tells what happens to it", () => {
  test("destination - listeners registered and unregistered, each once", async () => {
    const bus = new MessageBus();
    const destination = bus.addDestination(synchronous);
    const [one, other] = [new Recorder(), new Recorder()];
    const told: string[] = [];
    const tells =
      (event: string) =>
      (name: string, listener: unknown): void =>
        void told.push(`${name} ${listener === one ? "one" : "other"} ${event}`);
    destination.addDestinationEventListener({
      messageListenerRegistered: tells("registered"),
      messageListenerUnregistered: tells("unregistered"),
    });
    const registration = destination.listen(one);
    destination.listen(one);
    bus.listen(NAME, other);
    registration.unregister();
    registration.unregister();
    expect(told).toEqual([
      "acme/a one registered",
      "acme/a other registered",
      "acme/a one unregistered",
    ]);
    await bus.removeDestination(NAME);
    expect(told.slice(3)).toEqual(["acme/a other unregistered"]);
  });

  test("destination - a purge tells each message and its reason", () => {
    const bus = new MessageBus();
    const destination = bus.addDestination(serial);
    const told: [unknown, string][] = [];
    destination.addDestinationEventListener({
      messageDiscarded: ({ payload }, reason) => void told.push([payload, reason]),
    });
    destination.listen(() => {});
    destination.pause();
    for (const payload of ["a", "b"]) void destination.send(payload);
    destination.purge();
    expect(told).toEqual([
      ["a", "purged"],
      ["b", "purged"],
    ]);
  });

  test("destination - a failing listener and a message without one are told", async () => {
    const bus = new MessageBus({ onError: () => {} });
    const destination = bus.addDestination(serial);
    const told: unknown[] = [];
    destination.addDestinationEventListener({
      messageUndelivered: ({ payload }) => void told.push(payload),
      messageFailed: ({ payload }, error, listenerName) =>
        void told.push([payload, error, listenerName]),
    });
    void destination.send("nobody");
    const error = new Error("no");
    const gate = new GateListener();
    destination.listen(gate, { name: "gate" });
    void destination.send("fails");
    await gate.entered(1);
    gate.fail(error);
    await untilQuiet(bus);
    expect(told).toEqual(["nobody", ["fails", error, "gate"]]);
  });

  test("destination - event listeners stay through a replacement", () => {
    const bus = new MessageBus();
    const destination = bus.addDestination(serial);
    const told: unknown[] = [];
    const registration = destination.addDestinationEventListener({
      messageUndelivered: ({ payload }) => void told.push(payload),
    });
    bus.replaceDestination(synchronous);
    void destination.send("told");
    registration.unregister();
    void destination.send("not told");
    expect(told).toEqual(["told"]);
  });
});

describe("event listener - a failing one harms nobody", () => {
  const rude: Record<string, () => unknown> = {
    "that throws": () => {
      throw new Error("rude");
    },
    "that rejects": () => Promise.reject(new Error("rude")),
    "that throws nothing at all": () => {
      throw undefined;
    },
  };

  test.each(Object.entries(rude))("event listener - %s: bus", async (_, fail) => {
    const { bus, logged } = loggingBus();
    const told: string[] = [];
    bus.addMessageBusEventListener({
      destinationAdded: fail,
      destinationReplaced: fail,
      destinationRemoved: fail,
    });
    bus.addMessageBusEventListener({
      destinationAdded: () => void told.push("added"),
      destinationReplaced: () => void told.push("replaced"),
      destinationRemoved: () => void told.push("removed"),
    });
    bus.addDestination(synchronous);
    bus.replaceDestination(serial);
    await bus.removeDestination(NAME);
    expect(told).toEqual(["added", "replaced", "removed"]);
    expect(bus.hasDestination(NAME)).toBe(false);
    // A rejection is told in a later turn of the microtasks.
    await untilQuiet(bus);
    expect(logged).toHaveLength(3);
    expect(logged[0]?.text).toContain("destinationAdded");
  });

  test.each(Object.entries(rude))("event listener - %s: destination", async (_, fail) => {
    const { bus, logged } = loggingBus();
    const destination = bus.addDestination(serial);
    destination.addDestinationEventListener({
      messageListenerRegistered: fail,
      messageListenerUnregistered: fail,
      messageDiscarded: fail,
      messageUndelivered: fail,
      messageFailed: fail,
    });
    const recorder = new Recorder();
    void destination.send("undelivered");
    const registration = destination.listen(recorder);
    void destination.send("delivered");
    await recorder.count(1);
    destination.pause();
    void destination.send("discarded");
    destination.purge();
    destination.resume();
    void destination.send("delivered too");
    await untilQuiet(bus);
    registration.unregister();
    await untilQuiet(bus);
    expect(recorder.payloads).toEqual(["delivered", "delivered too"]);
    expect(destination.statistics).toMatchObject({
      sentMessageCount: 4,
      deliveredMessageCount: 2,
      discardedMessageCount: 1,
      undeliveredMessageCount: 1,
    });
    expect(logged).toHaveLength(4);
  });

  test("event listener - one whose methods throw when they are read", () => {
    const { bus, logged } = loggingBus();
    let isRude = false;
    bus.addMessageBusEventListener({
      get destinationAdded(): () => void {
        if (isRude) throw new Error("unreadable");
        return () => {};
      },
    });
    isRude = true;
    expect(bus.addDestination(synchronous).name).toBe(NAME);
    expect(logged).toHaveLength(1);
  });
});
