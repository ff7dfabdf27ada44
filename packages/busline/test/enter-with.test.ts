import { AsyncLocalStorage } from "node:async_hooks";
import { DestinationConfiguration, MessageBus } from "busline";
import { untilQuiet } from "busline/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { forgetHooks } from "./forget-hooks.ts";
import { turns } from "./outcome-of.ts";
import { runScript } from "./run-script.ts";

const { createParallelDestinationConfiguration: parallel } = DestinationConfiguration;
const { createSerialDestinationConfiguration: serial } = DestinationConfiguration;

// Each test has a storage of its own, so that what leaks out of one is not taken for a leak in the next. None is on when
// a test begins, and that has been found out: see `sender-context.test.ts`.
let store: AsyncLocalStorage<string>;
beforeEach(async () => {
  store = new AsyncLocalStorage();
  await forgetHooks();
});
afterEach(async () => {
  store.disable();
  await turns(1);
});

describe.each([
  ["serial, one listener", serial("acme/a"), 1],
  ["serial, several listeners", serial("acme/a"), 3],
  ["two workers, one listener", parallel("acme/a", { workersMaxSize: 2 }), 1],
  ["two workers, several listeners", parallel("acme/a", { workersMaxSize: 2 }), 3],
] as const)("a listener that enters with a store: %s", (_, configuration, listenerCount) => {
  /** For each message, what its first listener saw. */
  function entering(goesOn: boolean): {
    bus: MessageBus;
    send: (payload: number) => void;
    seen: unknown[];
  } {
    const bus = new MessageBus();
    const destination = bus.addDestination<number>(configuration);
    const seen: unknown[] = [];
    for (let number = 1; number <= listenerCount; number += 1) {
      const isFirst = number === 1;
      destination.listen(({ payload }) => {
        if (isFirst) seen.push([payload, store.getStore()]);
        store.enterWith(`entered with at ${payload}`);
        if (!goesOn) return undefined;
        return turns(1).then(() => store.enterWith(`entered with later at ${payload}`));
      });
    }
    return { bus, send: (payload) => void destination.send(payload), seen };
  }

  test.each([
    ["a synchronous one", false],
    ["an asynchronous one", true],
  ])("listener - %s does not lend its store to the next message", async (__, goesOn) => {
    const { bus, send, seen } = entering(goesOn);
    for (const payload of [1, 2]) send(payload);
    store.run("sender", () => send(3));
    for (const payload of [4, 5]) send(payload);
    await untilQuiet(bus);
    const stores = new Map([[3, "sender"]]);
    expect(seen).toEqual([1, 2, 3, 4, 5].map((payload) => [payload, stores.get(payload)]));
  });

  test.each([
    ["a synchronous one", false],
    ["an asynchronous one", true],
  ])(
    "listener - %s that is known does not lend its store to the next of the same sender",
    async (__, goesOn) => {
      const { bus, send, seen } = entering(goesOn);
      // So many wait that it is taken for known.
      for (let payload = 1; payload <= 100; payload += 1) send(payload);
      await untilQuiet(bus);
      seen.length = 0;
      const all = [101, 102, 103, 104, 105, 106, 107, 108];
      const senderOf = (payload: number): string | undefined => {
        if (payload <= 104) return "one";
        return payload <= 107 ? "another" : undefined;
      };
      store.run("one", () => all.slice(0, 4).forEach(send));
      store.run("another", () => all.slice(4, 7).forEach(send));
      all.slice(7).forEach(send);
      await untilQuiet(bus);
      expect(seen).toEqual(all.map((payload) => [payload, senderOf(payload)]));
    },
  );

  test.each([
    ["a synchronous one", false],
    ["an asynchronous one", true],
  ])("listener - %s does not lend its store to its sender", async (__, goesOn) => {
    const { bus, send } = entering(goesOn);
    for (const payload of [1, 2]) {
      send(payload);
      expect(store.getStore()).toBeUndefined();
      await Promise.resolve();
      expect(store.getStore()).toBeUndefined();
      await turns(1);
      expect(store.getStore()).toBeUndefined();
      await untilQuiet(bus);
      expect(store.getStore()).toBeUndefined();
    }
  });
});

// Whether a hook was ever on makes a difference, so each of these is a process of its own.
describe(
  "the first listener of a process that enters with a store",
  { timeout: 30_000, concurrent: true },
  () => {
    test.each([
      ["a single message", 0, "return"],
      ["one of many messages", 70, "return"],
      ["one of many, and fails", 70, "throw new Error()"],
      ["one of many, and goes on", 70, "return Promise.resolve()"],
    ])("listener - %s: it lends it to nobody who goes on after it", async (_, before, ending) => {
      const { exit, lines } = await runScript(`
      import { AsyncLocalStorage } from "node:async_hooks";
      import { DestinationConfiguration, MessageBus } from "busline";
      import { untilQuiet } from "busline/testing";
      const store = new AsyncLocalStorage();
      const bus = new MessageBus({ onError: () => {} });
      const destination = bus.addDestination(
        DestinationConfiguration.createSerialDestinationConfiguration("acme/a"),
      );
      const seen = [];
      destination.listen(({ payload }) => {
        if (typeof payload === "string") seen.push(payload + " " + store.getStore());
        if (payload !== "enters") return;
        store.enterWith("its store");
        ${ending};
      });
      const send = async () => {
        for (let number = 0; number < ${before}; number += 1) destination.send(number);
        destination.send("enters");
        for (let number = 0; number < ${before}; number += 1) destination.send(number);
        destination.send("last");
        await null;
        for (let wait = 0; wait < 5; wait += 1) {
          seen.push("sender " + store.getStore());
          await null;
        }
      };
      for (let number = 0; number < 2_000; number += 1) destination.send(number);
      await untilQuiet(bus);
      await new Promise((resolve) => setImmediate(() => send().then(resolve)));
      await untilQuiet(bus);
      console.log(seen.join("\\n"));`);
      expect(exit).toBe(0);
      expect(new Set(lines)).toEqual(
        new Set(["enters undefined", "last undefined", "sender undefined"]),
      );
    });
  },
);
