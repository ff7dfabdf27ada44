import { AsyncLocalStorage } from "node:async_hooks";
import { channel, type Channel, tracingChannel } from "node:diagnostics_channel";
import { abort, DestinationConfiguration, discard, MessageBus, type MessageTrace } from "busline";
import { GateListener, ManualClock, untilQuiet } from "busline/testing";
import { afterEach, describe, expect, test } from "vitest";

const NAME = "acme/traced";
const KINDS = ["send", "enqueue", "deliver", "reply", "reject"] as const;
type Kind = (typeof KINDS)[number];

const cleanUp: (() => void)[] = [];
afterEach(() => {
  for (const undo of cleanUp.splice(0)) undo();
});

interface Published {
  readonly event: string;
  readonly trace: MessageTrace;
}

/** Notes what is published on some of busline's channels. */
function observe(...kinds: readonly Kind[]): Published[] {
  const published: Published[] = [];
  for (const kind of kinds) {
    const tracing = tracingChannel<object, MessageTrace>(`busline.${kind}`);
    const note =
      (phase: string) =>
      (trace: MessageTrace): void =>
        void published.push({ event: `${kind}.${phase}`, trace });
    const subscribers = {
      start: note("start") as (trace: object) => void,
      end: note("end"),
      asyncStart: note("asyncStart"),
      asyncEnd: note("asyncEnd"),
      error: note("error"),
    };
    tracing.subscribe(subscribers);
    cleanUp.push(() => tracing.unsubscribe(subscribers));
  }
  return published;
}

const eventsOf = (published: readonly Published[]): string[] => published.map(({ event }) => event);

function busWith(destinationType: string): MessageBus {
  // By the real clock a slow machine would have workers start in other turns.
  const bus = new MessageBus({ clock: new ManualClock(), onError: () => {} });
  bus.addDestination(new DestinationConfiguration(destinationType, NAME));
  return bus;
}

/** Every phase of one operation is given the same object. */
function expectOneTrace(published: readonly Published[], kind: Kind): MessageTrace {
  const traces = published.filter(({ event }) => event.startsWith(`${kind}.`));
  expect(new Set(traces.map(({ trace }) => trace)).size).toBe(1);
  const [first] = traces;
  if (first === undefined) throw new Error(`nothing was published on ${kind}`);
  return first.trace;
}

describe("order", () => {
  test("channels - a queued message: sent with its enqueueing inside, then delivered", async () => {
    const published = observe(...KINDS);
    const bus = busWith("serial");
    bus.listen(NAME, function plain() {});
    expect(bus.send(NAME, "payload")).toBeUndefined();
    const events = ["send.start", "enqueue.start", "enqueue.end", "send.end"];
    expect(eventsOf(published)).toEqual(events);
    await untilQuiet(bus);

    expect(eventsOf(published)).toEqual([...events, "deliver.start", "deliver.end"]);
    expect(new Set(published.map(({ trace }) => trace.message)).size).toBe(1);
    expect(expectOneTrace(published, "send")).toMatchObject({
      destinationName: NAME,
      message: { payload: "payload" },
    });
    expectOneTrace(published, "enqueue");
    expect(expectOneTrace(published, "deliver")).toMatchObject({
      destinationName: NAME,
      listenerName: "plain",
    });
  });

  test("channels - a synchronous destination delivers inside the send", () => {
    const published = observe(...KINDS);
    const bus = busWith("synchronous");
    bus.listen(NAME, () => {});
    void bus.send(NAME, "a");

    expect(eventsOf(published)).toEqual(["send.start", "deliver.start", "deliver.end", "send.end"]);
  });

  test("channels - an asynchronous listener: asyncStart and asyncEnd when its promise settles", async () => {
    const published = observe("deliver");
    const bus = busWith("parallel");
    const gate = new GateListener();
    bus.listen(NAME, gate);
    void bus.send(NAME, "a");
    await gate.entered(1);
    await Promise.resolve();
    expect(eventsOf(published)).toEqual(["deliver.start", "deliver.end"]);
    gate.release("result");
    await untilQuiet(bus);

    expect(eventsOf(published).slice(2)).toEqual(["deliver.asyncStart", "deliver.asyncEnd"]);
    expect(expectOneTrace(published, "deliver").result).toBe("result");
  });

  test("channels - a listener that throws: error before the end", async () => {
    const published = observe("deliver");
    const bus = busWith("serial");
    const error = new Error("no");
    bus.listen(NAME, () => {
      throw error;
    });
    void bus.send(NAME, "a");
    await untilQuiet(bus);

    expect(eventsOf(published)).toEqual(["deliver.start", "deliver.error", "deliver.end"]);
    expect(expectOneTrace(published, "deliver").error).toBe(error);
  });

  test("channels - a listener that rejects: error before asyncStart and asyncEnd", async () => {
    const published = observe("deliver");
    const bus = busWith("serial");
    const error = new Error("no");
    bus.listen(NAME, async () => {
      throw error;
    });
    void bus.send(NAME, "a");
    await untilQuiet(bus);

    expect(eventsOf(published)).toEqual([
      "deliver.start",
      "deliver.end",
      "deliver.error",
      "deliver.asyncStart",
      "deliver.asyncEnd",
    ]);
    expect(expectOneTrace(published, "deliver").error).toBe(error);
  });

  test("channels - each listener's delivery has a trace of its own", async () => {
    const published = observe("deliver");
    const bus = busWith("serial");
    bus.listen(NAME, () => {}, { name: "one" });
    bus.listen(NAME, () => {}, { name: "two" });
    void bus.send(NAME, "a");
    await untilQuiet(bus);

    expect(published.map(({ trace }) => trace.listenerName)).toEqual(["one", "one", "two", "two"]);
    expect(new Set(published.map(({ trace }) => trace)).size).toBe(2);
  });

  test("channels - a reply is published with its own message, inside nothing else's trace", async () => {
    const published = observe("reply");
    const bus = busWith("serial");
    bus.listen(NAME, () => "reply");
    await bus.request(NAME, "a");

    expect(eventsOf(published)).toEqual(["reply.start", "reply.end"]);
    const trace = expectOneTrace(published, "reply");
    expect(trace.message).toMatchObject({
      payload: "reply",
      destinationName: trace.destinationName,
    });
    expect(trace.destinationName).not.toBe(NAME);
  });

  test.each([
    ["refused", abort, ["reject.error", "reject.end", "send.error", "send.end"]],
    ["dropped", discard, ["reject.end", "send.end"]],
  ] as const)(
    "channels - a %s message: its rejection inside the send, with the reason",
    async (_, rejectedExecutionHandler, ends) => {
      const bus = new MessageBus();
      const full = bus.addDestination<string>(
        DestinationConfiguration.createSerialDestinationConfiguration(NAME, {
          maximumQueueSize: 1,
          rejectedExecutionHandler,
        }),
      );
      full.listen(() => {});
      full.pause();
      void full.send("waits");
      const published = observe("send", "reject");
      const sending = new Promise((resolve) => {
        resolve(full.send("one too many"));
      });
      await sending.catch(() => {});

      expect(eventsOf(published)).toEqual(["send.start", "reject.start", ...ends]);
      expect(expectOneTrace(published, "reject")).toMatchObject({
        destinationName: NAME,
        reason: "queue-full",
        message: { payload: "one too many" },
      });
      full.purge();
    },
  );
});

describe("observers", () => {
  test("channels - runStores on deliver's start binds a store for the listener, after its awaits too", async () => {
    const storage = new AsyncLocalStorage<string>();
    const { start } = tracingChannel<string, MessageTrace>("busline.deliver");
    start.bindStore(storage, (trace) => `span of ${String(trace.message.payload)}`);
    cleanUp.push(() => void start.unbindStore(storage));
    const bus = busWith("parallel");
    const seen: unknown[] = [];
    bus.listen(NAME, async () => {
      seen.push(storage.getStore());
      await Promise.resolve();
      seen.push(storage.getStore());
    });
    void bus.send(NAME, "a");
    void bus.send(NAME, "b");
    await untilQuiet(bus);

    expect(new Set(seen)).toEqual(new Set(["span of a", "span of b"]));
    expect(seen).toHaveLength(4);
    expect(storage.getStore()).toBeUndefined();
  });

  test("channels - a store bound at the send reaches the listener of a queued message", async () => {
    const storage = new AsyncLocalStorage<string>();
    const { start } = tracingChannel<string, MessageTrace>("busline.send");
    start.bindStore(storage, () => "sender's span");
    cleanUp.push(() => void start.unbindStore(storage));
    const bus = busWith("serial");
    const seen: unknown[] = [];
    bus.listen(NAME, () => void seen.push(storage.getStore()));
    void bus.send(NAME, "a");
    await untilQuiet(bus);

    expect(seen).toEqual(["sender's span"]);
  });

  test("channels - an observer may keep its own data on the trace", async () => {
    const spans = new WeakMap<object, string>();
    const ended: unknown[] = [];
    const tracing = tracingChannel<object, MessageTrace>("busline.deliver");
    const subscribers = {
      start: (trace: unknown): void => void spans.set(trace as object, "span"),
      end: (trace: unknown): void => void ended.push(spans.get(trace as object)),
    };
    tracing.start.subscribe(subscribers.start);
    tracing.end.subscribe(subscribers.end);
    cleanUp.push(() => {
      tracing.start.unsubscribe(subscribers.start);
      tracing.end.unsubscribe(subscribers.end);
    });
    const bus = busWith("serial");
    bus.listen(NAME, () => {});
    void bus.send(NAME, "a");
    await untilQuiet(bus);

    expect(ended).toEqual(["span"]);
  });

  test("channels - observing changes neither results nor counts", async () => {
    const run = async (): Promise<unknown> => {
      const bus = busWith("parallel");
      bus.listen(NAME, async ({ payload }) => payload);
      bus.listen(NAME, () => {
        throw new Error("no");
      });
      const reply = await bus.request(NAME, "a");
      const sent = bus.send(NAME, "b");
      await untilQuiet(bus);
      return { reply, sent, statistics: bus.statistics };
    };
    const unobserved = await run();
    const published = observe(...KINDS);

    expect(await run()).toEqual(unobserved);
    expect(published.length).toBeGreaterThan(0);
  });

  test("channels - without observers nothing is traced", async () => {
    let runs = 0;
    // What a trace would be handed to: the real channels, counted.
    for (const kind of KINDS) {
      const start: Channel = channel(`tracing:busline.${kind}:start`);
      const counted = new Proxy(start.runStores, {
        apply: (original, self, parameters: unknown[]): unknown => {
          runs += 1;
          return Reflect.apply(original, self, parameters);
        },
      });
      start.runStores = counted;
      cleanUp.push(() => Reflect.deleteProperty(start, "runStores"));
    }
    const work = async (): Promise<void> => {
      const bus = busWith("serial");
      bus.listen(NAME, () => "reply");
      await bus.request(NAME, "a");
      await bus.close();
      expect(() => bus.send(NAME, "refused")).toThrow("closed");
    };
    await work();
    expect(runs).toBe(0);

    // The fence: the same work is counted as soon as somebody observes.
    observe(...KINDS);
    await work();
    expect(runs).toBeGreaterThanOrEqual(KINDS.length);
  });
});
