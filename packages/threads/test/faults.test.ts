import {
  type Destination,
  type DestinationAttributes,
  DestinationConfiguration,
  InvalidConfigurationError,
  InvalidMessageError,
  ListenerNotLoadedError,
  ListenerTimeoutError,
  MessageBus,
  WorkerLostError,
} from "busline";
import { ManualClock } from "busline/testing";
import { afterEach, describe, expect, test } from "vitest";
import { moduleListener, threads, travellingContext } from "../src/index.ts";
import type { Command } from "./listeners/obedient.ts";
import { SharedSignal } from "./shared-signal.ts";

const OBEDIENT = new URL("./listeners/obedient.ts", import.meta.url);
const listenerAt = (name: string): URL => new URL(`./listeners/${name}`, import.meta.url);
const { createSerialDestinationConfiguration: serial } = DestinationConfiguration;
const { createParallelDestinationConfiguration: parallel } = DestinationConfiguration;

const buses: MessageBus[] = [];
const told: unknown[] = [];

afterEach(async () => {
  told.length = 0;
  await Promise.all(buses.splice(0).map((bus) => bus.close()));
});

function busWith(clock = new ManualClock()): MessageBus {
  const bus = new MessageBus({ clock, onError: (error) => void told.push(error) });
  buses.push(bus);
  return bus;
}

function serialDestination(
  attributes: DestinationAttributes = {},
  clock = new ManualClock(),
): Destination<Command> {
  const bus = busWith(clock);
  const destination = bus.addDestination<Command>(
    serial("acme/work", { workers: threads(), ...attributes }),
  );
  destination.listen(moduleListener(OBEDIENT, { resourceLimits: { maxOldGenerationSizeMb: 32 } }));
  return destination;
}

/** What a request failed with, and whether the next message found a thread again. */
async function outcomeOf(
  destination: Destination<Command>,
  command: Command,
): Promise<{ readonly cause: unknown; readonly next: unknown }> {
  const failed = destination.request(command).then(
    () => undefined,
    ({ cause }: { readonly cause: unknown }) => cause,
  );
  const next = destination.request({ action: "return", value: "next" });
  return { cause: await failed, next: await next };
}

describe("a thread that dies with a message in hand", () => {
  test.each([0, 3])("listener - it calls process.exit(%i)", async (code) => {
    const destination = serialDestination();
    const { cause, next } = await outcomeOf(destination, { action: "exit", code });
    expect(cause).toBeInstanceOf(WorkerLostError);
    expect(cause).toMatchObject({ code: "BUSLINE_WORKER_LOST", exitCode: code });
    expect(next).toBe("next");
    expect(destination.statistics).toMatchObject({
      failedMessageCount: 1,
      deliveredMessageCount: 1,
    });
  });

  test.each(["throw outside", "reject outside"] as const)(
    "listener - what nobody caught is the cause (%s)",
    async (action) => {
      const destination = serialDestination();
      const { cause, next } = await outcomeOf(destination, { action });
      expect(cause).toBeInstanceOf(WorkerLostError);
      expect((cause as Error).cause).toMatchObject({ message: "outside" });
      expect(next).toBe("next");
    },
  );

  test("listener - it takes more memory than resourceLimits allow", async () => {
    const destination = serialDestination();
    const { cause, next } = await outcomeOf(destination, { action: "exhaust memory" });
    expect(cause).toBeInstanceOf(WorkerLostError);
    expect((cause as Error).cause).toMatchObject({ code: "ERR_WORKER_OUT_OF_MEMORY" });
    expect(next).toBe("next");
  });

  test("listener - an endless loop is ended after listenerTimeoutMs, and its neighbour goes on", async () => {
    const clock = new ManualClock();
    const bus = busWith(clock);
    const destination = bus.addDestination<Command>(
      parallel("acme/work", { workers: threads(), workersMaxSize: 2, listenerTimeoutMs: 100 }),
    );
    destination.listen(moduleListener(OBEDIENT));
    // Its module is loaded there, so its time runs from the moment at which it is posted.
    await destination.request({ action: "return", value: 0 });
    const [loops, holds, gate] = [new SharedSignal(), new SharedSignal(), new SharedSignal()];
    const looping = destination
      .request({ action: "loop", begun: loops.buffer })
      .catch(({ cause }: { readonly cause: unknown }) => cause);
    await loops.reaches(1);
    clock.advance(60);
    const held = destination.request({ action: "hold", begun: holds.buffer, gate: gate.buffer });
    await holds.reaches(1);
    clock.advance(50);
    expect(await looping).toBeInstanceOf(ListenerTimeoutError);
    expect(await looping).toMatchObject({ code: "BUSLINE_LISTENER_TIMEOUT", timeoutMs: 100 });
    gate.add();
    expect(await held).toBe("held");
  });

  test("destination - a serial one keeps its order through all of it", async () => {
    const destination = serialDestination();
    const commands: Command[] = [
      { action: "exit", code: 1 },
      { action: "return", value: 1 },
      { action: "throw outside" },
      { action: "return", value: 2 },
      { action: "throw" },
      { action: "return", value: 3 },
      { action: "exhaust memory" },
      { action: "return", value: 4 },
    ];
    const ended: unknown[] = [];
    const all = commands.map((command) =>
      destination.request(command).then(
        (value) => ended.push(value),
        ({ cause }: { readonly cause: { readonly code?: string } }) => ended.push(cause.code),
      ),
    );
    await Promise.all(all);
    const lost = "BUSLINE_WORKER_LOST";
    expect(ended).toEqual([lost, 1, lost, 2, "ACME_ORDER", 3, lost, 4]);
    expect(destination.statistics).toMatchObject({
      failedMessageCount: 4,
      deliveredMessageCount: 4,
    });
  });

  test("error hook - it is told of a lost worker with message and listener", async () => {
    const destination = serialDestination();
    void destination.send({ action: "exit", code: 2 });
    await buses[0]?.drain();
    expect(told).toHaveLength(1);
    expect(told[0]).toBeInstanceOf(WorkerLostError);
  });
});

describe("what cannot cross", () => {
  test.each([
    ["a function", { callback: () => {} }, "callback: a function cannot be copied"],
    ["a symbol deep inside", { a: [{ b: Symbol("s") }] }, "a.0.b: a symbol cannot be copied"],
    ["a promise", { later: Promise.resolve() }, "later: #<Promise> could not be cloned."],
  ])("send - %s is refused, with its place", (_, value, text) => {
    const destination = serialDestination();
    const send = (): unknown => destination.send({ action: "return", value });
    expect(send).toThrow(InvalidMessageError);
    expect(send).toThrow(
      `The payload cannot be copied to the threads of "acme/work": value.${text}`,
    );
    expect(destination.statistics).toMatchObject({ sentMessageCount: 2, rejectedMessageCount: 2 });
  });

  test("listener - a reply that cannot be copied is its failure", async () => {
    const bus = busWith();
    const destination = bus.addDestination<number>(serial("acme/work", { workers: threads() }));
    destination.listen(moduleListener(listenerAt("uncopied.ts")));
    await expect(destination.request(1)).rejects.toMatchObject({
      code: "BUSLINE_LISTENER_FAILED",
      cause: {
        code: "BUSLINE_INVALID_MESSAGE",
        part: "reply",
        message:
          'The reply cannot be copied out of the threads of "acme/work": done: a function cannot be copied',
      },
    });
    await expect(destination.request(2)).rejects.toMatchObject({
      cause: {
        name: "TypeError",
        message: "The reply cannot be copied out of the thread: done: a function cannot be copied",
      },
    });
    expect(await destination.request(0)).toBe("copied");
  });

  test("context - what it holds and cannot be copied is refused at send, with its place", async () => {
    const workers = threads({ contexts: ["trace"] });
    const destination = busWith().addDestination<Command>(serial("acme/work", { workers }));
    destination.listen(moduleListener(OBEDIENT));
    const send = (): unknown =>
      travellingContext("trace").run({ id: 1, end: () => {} }, () =>
        destination.send({ action: "return", value: 1 }),
      );
    expect(send).toThrow(InvalidMessageError);
    expect(send).toThrow(
      'The payload is sent in a context that cannot be copied to the threads of "acme/work": trace.end: a function cannot be copied',
    );
    expect(destination.statistics).toMatchObject({ sentMessageCount: 2, rejectedMessageCount: 2 });
  });

  test.each([
    [
      "twice",
      (bytes: Uint8Array) => [bytes.buffer],
      "number 1 of what its transfer names has been moved already",
    ],
    [
      "as a view",
      (bytes: Uint8Array) => [bytes],
      "number 1 of what its transfer names is a view, and only its buffer can be moved",
    ],
    [
      "by a mistake",
      () => {
        throw new TypeError("no such field");
      },
      "its transfer failed: no such field",
    ],
    [
      "by an object that cannot be moved",
      () => [{}],
      'cannot be copied to the threads of "acme/work"',
    ],
    ["by a word", () => ["bytes"], "number 1 of what its transfer names cannot be moved"],
  ] as const)(
    "transfer - what is named %s is refused, with the reason",
    (how, transfer, problem) => {
      const destination = busWith().addDestination<Uint8Array>(
        serial("acme/work", { workers: threads() }),
      );
      destination.listen(moduleListener(OBEDIENT, { transfer: transfer as never }));
      const bytes = new Uint8Array(8);
      if (how === "twice") void destination.send(bytes);
      expect(() => destination.send(bytes)).toThrow(problem);
    },
  );
});

describe("modules", () => {
  const destinationWith = (attributes: DestinationAttributes = {}): Destination =>
    busWith().addDestination(serial("acme/work", { workers: threads(), ...attributes }));

  test("listen - a plain function is refused: threads share none", () => {
    const destination = destinationWith();
    expect(() => destination.listen(() => {})).toThrow(InvalidConfigurationError);
    expect(() => destination.listen(() => {})).toThrow("a moduleListener");
    expect(destination.statistics.listeners).toEqual([]);
  });

  test("listen - a module that is not there is refused, with its path", () => {
    const destination = destinationWith();
    const missing = moduleListener(listenerAt("missing.ts"));
    expect(() => destination.listen(missing)).toThrow(ListenerNotLoadedError);
    expect(() => destination.listen(missing)).toThrow("missing.ts does not exist");
  });

  test("addDestination - a listener that came before and cannot run on threads: nothing is added", () => {
    const bus = busWith();
    bus.listen("acme/work", () => {});
    expect(() => bus.addDestination(serial("acme/work", { workers: threads() }))).toThrow(
      InvalidConfigurationError,
    );
    expect(bus.hasDestination("acme/work")).toBe(false);
    bus.addDestination(serial("acme/work"));
    expect(bus.hasListener("acme/work")).toBe(true);
  });

  test.each([
    ["fails", "broken.ts", {}, "could not be loaded: broken on purpose", "TypeError"],
    [
      "has no such export",
      "obedient.ts",
      { exportName: "other" },
      'exports no listener as "other"',
      undefined,
    ],
  ])(
    "request - a module that %s fails at once, with the cause",
    async (_, file, options, text, causeName) => {
      const destination = destinationWith();
      destination.listen(moduleListener(listenerAt(file), options));
      const cause: unknown = await destination
        .request(1)
        .catch((error: { readonly cause: unknown }) => error.cause);
      expect(cause).toBeInstanceOf(ListenerNotLoadedError);
      expect((cause as Error).message).toContain(file);
      expect((cause as Error).message).toContain(text);
      expect((cause as { readonly cause?: Error }).cause?.name).toBe(causeName);
    },
  );

  test("request - a module that never finishes loading is given up after loadTimeoutMs", async () => {
    const clock = new ManualClock();
    const bus = busWith(clock);
    const destination = bus.addDestination(
      serial("acme/work", { workers: threads({ loadTimeoutMs: 500 }) }),
    );
    destination.listen(moduleListener(listenerAt("endless.ts")));
    const asked = destination.request(1, { timeoutMs: 60_000 });
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(500);
    await expect(asked).rejects.toMatchObject({
      cause: { code: "BUSLINE_LISTENER_NOT_LOADED" },
    });
  });
});
