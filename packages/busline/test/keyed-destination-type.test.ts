import {
  callerRuns,
  type DestinationAttributes,
  DestinationConfiguration,
  type DestinationTypeFactory,
  type Message,
  MessageBus,
  type MessageQueue,
} from "busline";
import { GateListener, Recorder, SteppedBus, untilQuiet } from "busline/testing";
import { describe, expect, test } from "vitest";

/** A user's own queue: messages of one key run one after another, those of different keys beside each other. */
class KeyedQueue implements MessageQueue {
  #messages: Message[] = [];
  readonly taken: unknown[] = [];
  readonly told: unknown[] = [];
  readonly #runningKeys = new Set<string>();

  get size(): number {
    return this.#messages.length;
  }

  add(message: Message): void {
    this.#messages.push(message);
  }

  take(): Message | undefined {
    const next = this.#messages.find(({ key }) => !this.#isRunning(key));
    if (next === undefined) return undefined;
    this.remove(next);
    if (next.key !== undefined) this.#runningKeys.add(next.key);
    this.taken.push(next.payload);
    return next;
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

  ended({ key, payload }: Message): void {
    this.told.push(payload);
    if (key !== undefined) this.#runningKeys.delete(key);
  }

  #isRunning(key: string | undefined): boolean {
    return key !== undefined && this.#runningKeys.has(key);
  }
}

/** A keyed type, and its queue for a test to look into. */
function keyedType(): { factory: DestinationTypeFactory; queues: KeyedQueue[] } {
  const queues: KeyedQueue[] = [];
  const factory: DestinationTypeFactory = () => ({
    createQueue: () => {
      const queue = new KeyedQueue();
      queues.push(queue);
      return queue;
    },
    workerPer: "message",
  });
  return { factory, queues };
}

function configured(attributes?: DestinationAttributes): DestinationConfiguration {
  return new DestinationConfiguration("acme/own", "acme/a", attributes);
}

describe("destination type - a user's own: holds back messages of one key", () => {
  const one = { key: "one" };
  const other = { key: "other" };

  test("destination type - keys run beside each other, messages of one key in turn", async () => {
    const { factory } = keyedType();
    const bus = new MessageBus({ destinationTypes: { "acme/own": factory } });
    const destination = bus.addDestination(configured({ workersMaxSize: 3 }));
    const gate = new GateListener<string>();
    destination.listen(gate);
    void destination.send("one 1", one);
    void destination.send("one 2", one);
    void destination.send("other 1", other);
    await gate.entered(2);
    expect(gate.held.map(({ payload }) => payload)).toEqual(["one 1", "other 1"]);
    expect(destination.statistics).toMatchObject({ pendingMessageCount: 1, activeWorkerCount: 2 });
    gate.release();
    await gate.entered(3);
    expect(gate.held.map(({ payload }) => payload)).toEqual(["other 1", "one 2"]);
    gate.open();
    await untilQuiet(bus);
    expect(destination.statistics.deliveredMessageCount).toBe(3);
  });

  test("destination type - a failure ends a message as well", async () => {
    const { factory } = keyedType();
    const bus = new MessageBus({ destinationTypes: { "acme/own": factory }, onError: () => {} });
    const destination = bus.addDestination(configured());
    const gate = new GateListener<string>();
    destination.listen(gate);
    void destination.send("fails", one);
    void destination.send("follows", one);
    await gate.entered(1);
    gate.fail(new Error("no"));
    await gate.entered(2);
    expect(gate.held[0]?.payload).toBe("follows");
    gate.open();
    await bus.close();
  });

  test("destination type - held back messages count in the queue and are bounded", async () => {
    const { factory } = keyedType();
    const bus = new MessageBus({ destinationTypes: { "acme/own": factory } });
    const destination = bus.addDestination(configured({ workersMaxSize: 5, maximumQueueSize: 2 }));
    const gate = new GateListener<string>();
    destination.listen(gate);
    for (const payload of ["runs", "waits", "waits too"]) void destination.send(payload, one);
    await gate.entered(1);
    // A worker is free, but may not take any of them: the bound holds all the same.
    expect(() => destination.send("too many", one)).toThrow(
      expect.objectContaining({ code: "BUSLINE_QUEUE_FULL" }),
    );
    void destination.send("another key", other);
    expect(destination.statistics).toMatchObject({
      sentMessageCount: 5,
      pendingMessageCount: 2,
      activeMessageCount: 2,
      rejectedMessageCount: 1,
    });
    gate.open();
    await untilQuiet(bus);
    expect(destination.statistics.deliveredMessageCount).toBe(4);
  });

  test("destination type - a taken message that is withdrawn has ended: its key goes on", () => {
    const { factory, queues } = keyedType();
    const bus = new SteppedBus({ destinationTypes: { "acme/own": factory } });
    const destination = bus.addDestination(configured());
    const recorder = new Recorder();
    destination.listen(recorder);
    const controller = new AbortController();
    // A free worker has it in hand, but its listener has not begun.
    void destination.send("withdrawn", { ...one, signal: controller.signal });
    void destination.send("follows", one);
    controller.abort();
    bus.step(5);
    expect(queues[0]?.told).toContain("withdrawn");
    expect(recorder.payloads).toEqual(["follows"]);
  });

  test("destination type - a message run by its caller was not taken: its key is not let go", async () => {
    const { factory, queues } = keyedType();
    const bus = new MessageBus({ destinationTypes: { "acme/own": factory } });
    const destination = bus.addDestination(
      configured({ workersMaxSize: 2, maximumQueueSize: 1, rejectedExecutionHandler: callerRuns }),
    );
    const gate = new GateListener<string>();
    destination.listen(gate);
    void destination.send("runs", one);
    void destination.send("waits", one);
    const run = destination.send("run by its caller", one);
    await gate.entered(2);
    expect(gate.held.map(({ payload }) => payload)).toEqual(["run by its caller", "runs"]);
    gate.release();
    await run;
    // Behind this fence "waits" would have been started, beside "runs".
    const fence = new Recorder();
    bus.addDestination(new DestinationConfiguration("serial", "acme/fence")).listen(fence);
    void bus.send("acme/fence", 1);
    await fence.count(1);
    expect(gate.held.map(({ payload }) => payload)).toEqual(["runs"]);
    gate.open();
    await untilQuiet(bus);
    expect(queues[0]?.told).toEqual(queues[0]?.taken);
  });

  test("destination type - neither was one that is asked in direct mode", async () => {
    const { factory, queues } = keyedType();
    const bus = new MessageBus({ destinationTypes: { "acme/own": factory } });
    const destination = bus.addDestination<string, string>(configured());
    destination.listen(() => "reply");
    await destination.request("direct", { ...one, mode: "direct" });
    await destination.request("queued", one);
    await untilQuiet(bus);
    expect(queues[0]?.taken).toEqual(["queued"]);
    expect(queues[0]?.told).toEqual(["queued"]);
  });

  test("destination type - new attributes do not let go what is held back", async () => {
    const { factory } = keyedType();
    const bus = new MessageBus({ destinationTypes: { "acme/own": factory } });
    const destination = bus.addDestination(configured({ workersMaxSize: 2 }));
    const gate = new GateListener<string>();
    destination.listen(gate);
    void destination.send("runs", one);
    void destination.send("waits", one);
    await gate.entered(1);
    bus.replaceDestination(configured({ workersMaxSize: 4 }));
    void destination.send("other", other);
    // Had "waits" been let go it would have been started before this one.
    await gate.entered(2);
    expect(gate.held.map(({ payload }) => payload)).toEqual(["runs", "other"]);
    gate.open();
    await untilQuiet(bus);
    expect(destination.statistics.deliveredMessageCount).toBe(3);
  });
});
