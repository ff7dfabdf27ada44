import { AsyncLocalStorage } from "node:async_hooks";
import {
  type Destination,
  DestinationConfiguration,
  divertTo,
  type Message,
  MessageBus,
} from "busline";
import { GateListener, Recorder, untilQuiet } from "busline/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { turns } from "./outcome-of.ts";

const { createParallelDestinationConfiguration: parallel } = DestinationConfiguration;
const { createSerialDestinationConfiguration: serial } = DestinationConfiguration;

/** So often, at least, a sender's context is looked for again after none was found. */
const MESSAGES_BETWEEN_LOOKS = 1_024;
const TWENTY = Array.from({ length: 20 }, (_, number) => number);

const store = new AsyncLocalStorage<unknown>();

// From a test to the next one nothing is left switched on, and that it is off has been found out.
beforeEach(async () => {
  const { bus, destination } = fixture(serial("acme/a"));
  for (let number = 0; number <= MESSAGES_BETWEEN_LOOKS; number += 1) void destination.send(number);
  await untilQuiet(bus);
});
afterEach(() => store.disable());

const configurations = [
  ["serial", serial("acme/a")],
  ["two workers", parallel("acme/a", { workersMaxSize: 2 })],
] as const;

/** A destination that notes, for each message and listener, the store that the listener saw. */
function fixture(
  configuration: DestinationConfiguration,
  listenerCount = 1,
): { bus: MessageBus; destination: Destination; seen: unknown[] } {
  const bus = new MessageBus();
  const destination = bus.addDestination(configuration);
  const seen: unknown[] = [];
  for (let number = 1; number <= listenerCount; number += 1) {
    destination.listen(({ payload }) => void seen.push([payload, store.getStore()]));
  }
  return { bus, destination, seen };
}

const several = [
  ["one listener", 1],
  ["several listeners", 3],
] as const;

const cases = configurations.flatMap(([type, configuration]) =>
  several.map(([text, count]) => [`${type}, ${text}`, configuration, count] as const),
);

describe.each(cases)("context: %s", (_, configuration, listenerCount) => {
  const timesListeners = (pairs: unknown[]): unknown[] =>
    pairs.flatMap((pair) => Array.from({ length: listenerCount }, () => pair));

  test("listener - sees no store if its sender had none, whoever has one when it is delivered", async () => {
    const { bus, destination, seen } = fixture(configuration, listenerCount);
    destination.pause();
    void destination.send("none");
    // What resumes, and with it schedules the delivery, is in a context: the first one of the process.
    store.run("resumes", () => destination.resume());
    await untilQuiet(bus);
    expect(seen).toEqual(timesListeners([["none", undefined]]));
  });

  test("listener - sees no store if a run that began in another's context goes on with it", async () => {
    const { bus, destination, seen } = fixture(configuration, listenerCount);
    destination.pause();
    for (const payload of [1, 2, 3]) void destination.send(payload);
    store.run("a", () => void destination.send("a"));
    for (const payload of [4, 5]) void destination.send(payload);
    store.run("resumes", () => destination.resume());
    await untilQuiet(bus);
    expect(seen).toEqual(
      timesListeners([
        ...[1, 2, 3].map((payload) => [payload, undefined]),
        ["a", "a"],
        ...[4, 5].map((payload) => [payload, undefined]),
      ]),
    );
  });

  test("listener - 20 stores, 20 sends: each sees its own", async () => {
    const { bus, destination, seen } = fixture(configuration, listenerCount);
    for (const number of TWENTY) store.run(number, () => void destination.send(number));
    await untilQuiet(bus);
    expect(seen).toEqual(timesListeners(TWENTY.map((number) => [number, number])));
  });

  test("listener - with stores and without in turn, each sees its own or none", async () => {
    const { bus, destination, seen } = fixture(configuration, listenerCount);
    const expected: unknown[] = [];
    for (const number of TWENTY) {
      if (number % 2 === 0) {
        void destination.send(number);
        expected.push([number, undefined]);
      } else {
        store.run({ number }, () => void destination.send(number));
        expected.push([number, { number }]);
      }
    }
    await untilQuiet(bus);
    expect(seen).toEqual(timesListeners(expected));
  });

  test("listener - storages are switched on, off and on again, with thousands of messages in between", async () => {
    const { bus, destination, seen } = fixture(configuration, listenerCount);
    const expected: unknown[] = [];
    const send = (payload: unknown, among?: string): void => {
      if (among === undefined) void destination.send(payload);
      else store.run(among, () => void destination.send(payload));
      expected.push([payload, among]);
    };
    const thousands = async (text: string): Promise<void> => {
      for (let number = 0; number < 2 * MESSAGES_BETWEEN_LOOKS; number += 1)
        send(`${text} ${number}`);
      await untilQuiet(bus);
    };
    for (const round of ["first", "second", "third"]) {
      await thousands(`${round}, off`);
      send(`${round}, on`, round);
      await untilQuiet(bus);
      await thousands(`${round}, on`);
      send(`${round}, still on`, round);
      await untilQuiet(bus);
      store.disable();
      // Not one message lies between the last in a context and the next.
      send(`${round}, off again`);
      send(`${round}, on again`, `${round} again`);
      await untilQuiet(bus);
      store.disable();
    }
    const wrong = timesListeners(expected).filter(
      (pair, at) => JSON.stringify(seen[at]) !== JSON.stringify(pair),
    );
    expect(wrong.slice(0, 5)).toEqual([]);
    expect(seen).toHaveLength(expected.length * listenerCount);
  });

  test("listener - a message that waited while the storage was switched off and on keeps its store", async () => {
    const { bus, destination, seen } = fixture(configuration, listenerCount);
    destination.pause();
    store.run("sender", () => void destination.send("a"));
    void destination.send("none");
    store.disable();
    void destination.send("none, off");
    store.run("resumes", () => destination.resume());
    await untilQuiet(bus);
    expect(seen).toEqual(
      timesListeners([
        ["a", "sender"],
        ["none", undefined],
        ["none, off", undefined],
      ]),
    );
  });

  test("listener - a second storage joins the first: each keeps what it had", async () => {
    const second = new AsyncLocalStorage<unknown>();
    const bus = new MessageBus();
    const destination = bus.addDestination<string>(configuration);
    const seen: unknown[] = [];
    destination.listen(({ payload }) => {
      seen.push([payload, store.getStore(), second.getStore()]);
    });
    store.run(1, () => {
      void destination.send("first only");
      second.run(2, () => void destination.send("both"));
      second.exit(() => void destination.send("out of the second"));
    });
    second.run(2, () => void destination.send("second only"));
    void destination.send("none");
    await untilQuiet(bus);
    second.disable();
    expect(seen).toEqual([
      ["first only", 1, undefined],
      ["both", 1, 2],
      ["out of the second", 1, undefined],
      ["second only", undefined, 2],
      ["none", undefined, undefined],
    ]);
  });
});

describe("context: a worker that goes on in the wake of a listener's end", () => {
  test("listener - an asynchronous one's store does not reach the next message", async () => {
    const bus = new MessageBus();
    const destination = bus.addDestination<string>(serial("acme/a"));
    const gate = new GateListener<string>();
    const seen: unknown[] = [];
    destination.listen((message, context) => {
      seen.push([message.payload, store.getStore()]);
      return gate.receive(message, context);
    });
    store.run("sender", () => void destination.send("in a context"));
    void destination.send("without one");
    store.run("another", () => void destination.send("in another"));
    await gate.entered(1);
    store.run("opens", () => gate.open());
    await untilQuiet(bus);
    expect(seen).toEqual([
      ["in a context", "sender"],
      ["without one", undefined],
      ["in another", "another"],
    ]);
  });

  test("request - the reply's listeners and the requester are each in their own", async () => {
    const bus = new MessageBus();
    const destination = bus.addDestination<string>(serial("acme/a"));
    destination.listen(async () => {
      await turns(1);
      return store.getStore() ?? "none";
    });
    const ask = async (): Promise<unknown> => [await destination.request("?"), store.getStore()];
    const replies = await Promise.all([
      ask(),
      store.run("one", ask),
      ask(),
      store.run("other", ask),
    ]);
    expect(replies).toEqual([
      ["none", undefined],
      ["one", "one"],
      ["none", undefined],
      ["other", "other"],
    ]);
  });

  test("queue - messages that were diverted, or moved by a replacement, keep their senders' stores", async () => {
    const bus = new MessageBus();
    const destination = bus.addDestination<string>(serial("acme/a"));
    const recorder = new Recorder<string>();
    const seen: unknown[] = [];
    destination.listen((message: Message<string>) => {
      seen.push([message.payload, store.getStore()]);
      recorder.receive(message);
    });
    const full = bus.addDestination<string>(
      serial("acme/full", { maximumQueueSize: 1, rejectedExecutionHandler: divertTo("acme/a") }),
    );
    full.listen(() => {});
    full.pause();
    void full.send("fills it");
    destination.pause();
    store.run("sender", () => void destination.send("in a context"));
    store.run("diverted", () => void full.send("diverted in a context"));
    void destination.send("without one");
    void full.send("diverted without one");
    store.run("replaces", () => {
      bus.replaceDestination(parallel("acme/a", { workersMaxSize: 1 }));
      destination.resume();
    });
    await recorder.count(4);
    expect(seen).toEqual([
      ["in a context", "sender"],
      ["diverted in a context", "diverted"],
      ["without one", undefined],
      ["diverted without one", undefined],
    ]);
  });
});
