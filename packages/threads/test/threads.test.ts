import { availableParallelism } from "node:os";
import {
  type Destination,
  type DestinationAttributes,
  DestinationConfiguration,
  InvalidConfigurationError,
  MessageBus,
} from "busline";
import { ManualClock } from "busline/testing";
import { afterEach, describe, expect, test } from "vitest";
import {
  moduleListener,
  type ModuleListenerOptions,
  threads,
  travellingContext,
} from "../src/index.ts";
import type { Command } from "./listeners/obedient.ts";
import { SharedSignal } from "./shared-signal.ts";

const { createParallelDestinationConfiguration: parallel } = DestinationConfiguration;
const { createSerialDestinationConfiguration: serial } = DestinationConfiguration;
const listenerAt = (name: string): URL => new URL(`./listeners/${name}.ts`, import.meta.url);

const buses: MessageBus[] = [];

afterEach(async () => {
  await Promise.all(buses.splice(0).map((bus) => bus.close()));
});

function busWith(clock = new ManualClock()): MessageBus {
  const bus = new MessageBus({ clock, onError: () => {} });
  buses.push(bus);
  return bus;
}

function destinationOn(
  bus: MessageBus,
  attributes: DestinationAttributes = {},
  options: ModuleListenerOptions<never> & { readonly file?: string; readonly name?: string } = {},
): Destination {
  const { file = "whereabouts", name = "acme/work", ...others } = options;
  const destination = bus.addDestination(parallel(name, { workers: threads(), ...attributes }));
  destination.listen(moduleListener(listenerAt(file), others));
  return destination;
}

/** In which thread a message was received, while others are held in theirs. */
interface Whereabouts {
  readonly thread: number;
  readonly env: Readonly<Record<string, string>>;
  readonly argv: readonly string[];
  readonly context: unknown;
  readonly size: number;
}

async function threadsOf(destination: Destination, count: number): Promise<Set<number>> {
  const begun = new SharedSignal();
  const gate = new SharedSignal();
  const all = Array.from({ length: count }, () =>
    destination.request({ begun: begun.buffer, gate: gate.buffer }),
  );
  await begun.reaches(count);
  gate.add();
  const answers = (await Promise.all(all)) as Whereabouts[];
  return new Set(answers.map(({ thread }) => thread));
}

describe("threads", () => {
  test.each([
    ["pool", "", "a text of 1 to 255 characters"],
    ["poolMaxSize", 0, "a whole number of at least 1"],
    ["poolMaxSize", 2, "given with a pool"],
    ["contexts", "trace", "a list of texts"],
    ["loadTimeoutMs", -1, "a number of milliseconds"],
    ["size", 4, "absent (known: pool, poolMaxSize, contexts, loadTimeoutMs)"],
  ])("threads - %s: %j is refused", (name, value, allowed) => {
    expect(() => threads({ [name]: value })).toThrow(InvalidConfigurationError);
    expect(() => threads({ [name]: value })).toThrow(allowed);
  });

  test("threads - a destination without sizes has one from the start, and as many as the machine runs at once", () => {
    const destination = busWith().addDestination(parallel("acme/work", { workers: threads() }));
    expect(destination.statistics).toMatchObject({
      workersCoreSize: 1,
      workersMaxSize: availableParallelism(),
    });
    const other = busWith().addDestination(
      parallel("acme/work", { workers: threads({ pool: "sized", poolMaxSize: 7 }) }),
    );
    expect(other.statistics).toMatchObject({ workersCoreSize: 1, workersMaxSize: 7 });
  });

  test("destination - each busy worker is a thread of its own, up to the maximum", async () => {
    const destination = destinationOn(busWith(), { workersMaxSize: 3 });
    const used = await threadsOf(destination, 3);
    expect(used.size).toBe(3);
    expect(used.has(0)).toBe(false);
  });

  test("destination - it refuses exactly what exceeds workers and queue", async () => {
    const bus = busWith();
    const destination = bus.addDestination<Command>(
      parallel("acme/work", { workers: threads(), workersMaxSize: 2, maximumQueueSize: 3 }),
    );
    destination.listen(moduleListener(listenerAt("obedient")));
    // Known to be quick, it is sent more than it can work on; that counts as waiting all the same.
    await Promise.all(
      Array.from({ length: 40 }, async (_, value) => {
        await new Promise((resolve) => setImmediate(resolve));
        return destination.request({ action: "return", value }).catch(() => {});
      }),
    );
    for (let value = 0; value < 40; value += 1)
      await destination.request({ action: "return", value });
    const begun = new SharedSignal();
    const gate = new SharedSignal();
    const hold: Command = { action: "hold", begun: begun.buffer, gate: gate.buffer };
    const { rejectedMessageCount: before } = destination.statistics;
    let refused = 0;
    for (let left = 10; left > 0; left -= 1) {
      try {
        void destination.send(hold);
      } catch {
        refused += 1;
      }
    }
    expect(refused).toBe(5);
    await begun.reaches(2);
    expect(destination.statistics).toMatchObject({
      activeMessageCount: 2,
      pendingMessageCount: 3,
      activeWorkerCount: 2,
      currentWorkerCount: 2,
      rejectedMessageCount: before + 5,
    });
    gate.add();
    await bus.drain();
  });

  test("setWorkersSize - fewer or more threads, at once", async () => {
    const destination = destinationOn(busWith(), { workersMaxSize: 1 });
    expect((await threadsOf(destination, 1)).size).toBe(1);
    destination.setWorkersSize(1, 3);
    expect((await threadsOf(destination, 3)).size).toBe(3);
    destination.setWorkersSize(1, 1);
    const [only] = await threadsOf(destination, 1);
    expect(await threadsOf(destination, 1)).toEqual(new Set([only]));
  });

  test("workersIdleTimeoutMs - threads above the core size end after it, those of the core stay", async () => {
    const clock = new ManualClock();
    const destination = destinationOn(busWith(clock), {
      workersCoreSize: 1,
      workersMaxSize: 2,
      workersIdleTimeoutMs: 1_000,
    });
    const first = await threadsOf(destination, 2);
    clock.advance(1_000);
    const second = await threadsOf(destination, 2);
    const stayed = [...second].filter((thread) => first.has(thread));
    expect(stayed).toHaveLength(1);
    clock.advance(999);
    expect(await threadsOf(destination, 2)).toEqual(second);
  });

  test("pool - destinations that ask for one by name share its threads", async () => {
    const bus = busWith();
    const attributes = (): DestinationAttributes => ({
      workers: threads({ pool: "shared", poolMaxSize: 2 }),
    });
    const one = destinationOn(bus, attributes(), { name: "acme/one" });
    const other = destinationOn(bus, attributes(), { name: "acme/other" });
    const used = [...(await threadsOf(one, 2)), ...(await threadsOf(other, 2))];
    expect(new Set(used).size).toBe(2);
    expect(() =>
      bus.addDestination(
        parallel("acme/third", { workers: threads({ pool: "shared", poolMaxSize: 3 }) }),
      ),
    ).toThrow("2, as for the other destinations of this pool");
    // Whoever leaves takes nobody's threads along.
    await bus.removeDestination("acme/one");
    expect([...(await threadsOf(other, 2))].every((thread) => used.includes(thread))).toBe(true);
  });

  test("replaceDestination - from the event loop to threads and back: nothing is lost, listeners stay", async () => {
    const bus = busWith();
    const destination = bus.addDestination(serial("acme/work"));
    destination.listen(moduleListener(listenerAt("whereabouts")));
    const there = async (): Promise<boolean> =>
      ((await destination.request({})) as Whereabouts).thread > 0;
    expect(await there()).toBe(false);
    const waiting = there();
    bus.replaceDestination(serial("acme/work", { workers: threads() }));
    await waiting;
    expect(await there()).toBe(true);
    bus.replaceDestination(serial("acme/work"));
    expect(await there()).toBe(false);
    expect(destination.statistics.listeners).toMatchObject([{ deliveredCount: 4 }]);
  });

  test("replaceDestination - to threads where a listener is a plain function: refused, and all is as before", async () => {
    const bus = busWith();
    const destination = bus.addDestination<number, number>(serial("acme/work") as never);
    destination.listen(({ payload }) => payload + 1);
    expect(() => bus.replaceDestination(serial("acme/work", { workers: threads() }))).toThrow(
      InvalidConfigurationError,
    );
    expect(await destination.request(1)).toBe(2);
  });

  test("close - no thread outlives its bus, also where a listener does not end", async () => {
    const clock = new ManualClock();
    const bus = busWith(clock);
    const destination = bus.addDestination<Command>(serial("acme/work", { workers: threads() }));
    destination.listen(moduleListener(listenerAt("obedient")));
    const begun = new SharedSignal();
    void destination.send({ action: "loop", begun: begun.buffer });
    void destination.send({ action: "return", value: 1 });
    await begun.reaches(1);
    const closing = bus.close({ deadlineMs: 50 });
    clock.advance(50);
    const report = await closing;
    expect(report.interrupted).toHaveLength(1);
    expect(report.undelivered).toHaveLength(1);
    expect(destination.statistics).toMatchObject({
      activeMessageCount: 0,
      pendingMessageCount: 0,
      discardedMessageCount: 1,
    });
  });
});

describe("what a thread is given", () => {
  test("thread - no environment and no arguments but those of its listener", async () => {
    const bare = destinationOn(busWith());
    expect(await bare.request({})).toMatchObject({ env: {}, argv: [] });
    const given = destinationOn(busWith(), {}, { env: { LEVEL: "3" }, argv: ["--fast"] });
    expect(await given.request({})).toMatchObject({ env: { LEVEL: "3" }, argv: ["--fast"] });
  });

  test("contexts - those that are named travel, others do not", async () => {
    const destination = destinationOn(busWith(), {
      workers: threads({ contexts: ["trace", "absent"] }),
    });
    const ask = async (): Promise<unknown> =>
      ((await destination.request({})) as Whereabouts).context;
    expect(await ask()).toBe(null);
    const asked = travellingContext("trace").run({ id: 7 }, () =>
      travellingContext("other").run("hidden", ask),
    );
    expect(await asked).toEqual({ id: 7 });
    expect(await ask()).toBe(null);
  });

  test("transfer - what it names leaves the sender's hands at send, and is moved, not copied", async () => {
    const destination = destinationOn(
      busWith(),
      {},
      {
        transfer: ({ bytes }: { readonly bytes: Uint8Array<ArrayBuffer> }) => [bytes.buffer],
      },
    );
    const bytes = new Uint8Array(1_000);
    const asked = destination.request({ bytes });
    expect(bytes.byteLength).toBe(0);
    expect(await asked).toMatchObject({ size: 1_000 });
  });

  test("payload - without transfer it is copied, and stays what it is", async () => {
    const destination = destinationOn(busWith());
    const bytes = new Uint8Array(1_000);
    expect(await destination.request({ bytes })).toMatchObject({ size: 1_000 });
    expect(bytes.byteLength).toBe(1_000);
  });
});

describe("moduleListener", () => {
  test.each([
    ["https://example.com/a.js", {}, "url"],
    ["./a.js", {}, "url"],
    ["file:///a.js", { exportName: 5 }, "exportName"],
    ["file:///a.js", { transfer: [] }, "transfer"],
    ["file:///a.js", { env: { A: 1 } }, "env"],
    ["file:///a.js", { resourceLimits: { maxOldGenerationSizeMb: "1" } }, "resourceLimits"],
    ["file:///a.js", { resourceLimits: { maxOldGenerationSizeMB: 1 } }, "maxOldGenerationSizeMb"],
    ["file:///a.js", { argv: "--a" }, "argv"],
    ["file:///a.js", { name: "x" }, "name"],
  ])("moduleListener - %s with %j: %s is refused", (url, options, attribute) => {
    const make = (): unknown => moduleListener(url, options as ModuleListenerOptions);
    expect(make).toThrow(InvalidConfigurationError);
    expect(make).toThrow(attribute);
  });

  test("moduleListener - it is called by its file, in statistics and errors", () => {
    expect(moduleListener("file:///a/resize-picture.mjs").name).toBe("resize-picture");
    expect(moduleListener("file:///a/b.ts", { exportName: "small" }).name).toBe("b.small");
  });
});
