import {
  type DestinationAttributes,
  DestinationConfiguration,
  type DestinationTypeFactory,
  discardOldest,
  InvalidConfigurationError,
  type Message,
  MessageBus,
  type MessageQueue,
} from "busline";
import { GateListener, Recorder, untilQuiet } from "busline/testing";
import { describe, expect, test } from "vitest";

/** A user's own queue: the last one in is the first one out. */
class LifoQueue implements MessageQueue {
  #messages: Message[] = [];

  get size(): number {
    return this.#messages.length;
  }

  add(message: Message): void {
    this.#messages.push(message);
  }

  take(): Message | undefined {
    return this.#messages.pop();
  }

  oldest(): Message | undefined {
    return this.#messages[0];
  }

  remove(message: Message): void {
    this.#messages = this.#messages.filter((other) => other !== message);
  }

  removeAll(): Message[] {
    return this.#messages.splice(0);
  }
}

const lifo: DestinationTypeFactory = () => ({
  createQueue: () => new LifoQueue(),
  workerPer: "message",
});

function configured(attributes?: DestinationAttributes): DestinationConfiguration {
  return new DestinationConfiguration("acme/own", "acme/a", attributes);
}

describe("destination type - a user's own: last in, first out", () => {
  test("destination type - the queue decides the order", async () => {
    const bus = new MessageBus({ destinationTypes: { "acme/own": lifo } });
    const destination = bus.addDestination(configured({ workersMaxSize: 1 }));
    const recorder = new Recorder();
    destination.listen(recorder);
    destination.pause();
    for (const payload of [1, 2, 3]) void destination.send(payload);
    destination.resume();
    expect(await recorder.count(3)).toEqual([3, 2, 1]);
    expect(destination.statistics).toMatchObject({
      destinationType: "acme/own",
      workersMaxSize: 1,
    });
  });

  test("destination type - bounds, rejection and statistics are those of every type", async () => {
    const bus = new MessageBus({ destinationTypes: { "acme/own": lifo } });
    const destination = bus.addDestination(
      configured({
        workersMaxSize: 1,
        maximumQueueSize: 2,
        rejectedExecutionHandler: discardOldest,
      }),
    );
    const gate = new GateListener<number>();
    destination.listen(gate);
    for (const payload of [1, 2, 3, 4]) void destination.send(payload);
    await gate.entered(1);
    expect(destination.statistics).toMatchObject({
      pendingMessageCount: 2,
      activeMessageCount: 1,
      discardedMessageCount: 1,
    });
    gate.release();
    await gate.entered(2);
    expect(gate.held[0]?.payload).toBe(4);
    gate.open();
    await untilQuiet(bus);
    expect(destination.statistics.deliveredMessageCount).toBe(3);
  });

  test("destination type - what waits moves in when it replaces another, and out again", async () => {
    const bus = new MessageBus({ destinationTypes: { "acme/own": lifo } });
    const destination = bus.addDestination(new DestinationConfiguration("serial", "acme/a"));
    const recorder = new Recorder();
    destination.listen(recorder);
    destination.pause();
    for (const payload of [1, 2, 3]) void destination.send(payload);
    bus.replaceDestination(configured({ workersMaxSize: 1 }));
    void destination.send(4);
    bus.replaceDestination(new DestinationConfiguration("serial", "acme/a"));
    destination.resume();
    expect(await recorder.count(4)).toEqual([1, 2, 3, 4]);
  });

  test("destination type - one without a queue delivers in the sender's turn", () => {
    const bus = new MessageBus({
      destinationTypes: { "acme/own": () => ({ workerPer: "message" }) },
    });
    const destination = bus.addDestination(configured());
    const recorder = new Recorder();
    destination.listen(recorder);
    void destination.send(1);
    expect(recorder.payloads).toEqual([1]);
    expect(destination.statistics.currentWorkerCount).toBe(0);
  });
});

describe("destination type - factories", () => {
  test("destination type - a factory is given the configuration, when added and when replaced", () => {
    const given: DestinationConfiguration[] = [];
    const bus = new MessageBus({
      destinationTypes: {
        "acme/own": (configuration) => {
          given.push(configuration);
          return lifo(configuration);
        },
      },
    });
    const [first, second] = [configured(), configured({ maximumQueueSize: 1 })];
    bus.addDestination(first);
    bus.replaceDestination(second);
    expect(given).toEqual([first, second]);
  });

  test("destination type - what a factory throws comes to the caller, and nothing is added", () => {
    const error = new Error("not today");
    const bus = new MessageBus({
      destinationTypes: {
        "acme/own": () => {
          throw error;
        },
      },
    });
    expect(() => bus.addDestination(configured())).toThrow(error);
    expect(bus.hasDestination("acme/a")).toBe(false);
    bus.addDestination(new DestinationConfiguration("serial", "acme/a"));
    expect(() => bus.replaceDestination(configured())).toThrow(error);
    expect(bus.getDestination("acme/a")?.statistics.destinationType).toBe("serial");
  });

  test.each([
    ["undefined", undefined],
    ["null", null],
    ["a promise of a type", Promise.resolve({ workerPer: "message" })],
    ["a type without workerPer", {}],
    ["an unknown workerPer", { workerPer: "thread" }],
    ["a queue instead of its maker", { workerPer: "message", createQueue: new LifoQueue() }],
    ["an order that is neither kept nor not", { workerPer: "message", keepsOrder: 1 }],
    ["a holding that is neither", { workerPer: "message", isHolding: "yes" }],
    ["a maker of nothing", { workerPer: "message", createQueue: () => undefined }],
  ])("destination type - a factory that makes %s is refused", (_, made) => {
    const factory = (() => made) as unknown as DestinationTypeFactory;
    const bus = new MessageBus({ destinationTypes: { "acme/own": factory } });
    expect(() => bus.addDestination(configured())).toThrow(InvalidConfigurationError);
    expect(bus.hasDestination("acme/a")).toBe(false);
  });

  test.each(["parallel", "serial", "synchronous"])(
    "destination type - %s cannot be overridden",
    (name) => {
      expect(() => new MessageBus({ destinationTypes: { [name]: lifo } })).toThrow(
        expect.objectContaining({ code: "BUSLINE_INVALID_CONFIGURATION", attribute: name }),
      );
    },
  );

  test.each([null, 5, "lifo", lifo])(
    "destination type - destinationTypes of %s are refused",
    (given) => {
      expect(() => new MessageBus({ destinationTypes: given as never })).toThrow(
        InvalidConfigurationError,
      );
    },
  );

  test.each([null, 5, "lifo", {}])("destination type - a factory of %s is refused", (given) => {
    expect(() => new MessageBus({ destinationTypes: { "acme/own": given as never } })).toThrow(
      expect.objectContaining({ attribute: "acme/own" }),
    );
  });

  test("destination type - a type belongs to one bus", () => {
    const bus = new MessageBus({ destinationTypes: { "acme/own": lifo } });
    bus.addDestination(configured());
    expect(() => new MessageBus().addDestination(configured())).toThrow(InvalidConfigurationError);
  });
});
