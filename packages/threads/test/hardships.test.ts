import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { AbortError, type Destination, DestinationConfiguration, MessageBus } from "busline";
import { ManualClock } from "busline/testing";
import { afterEach, describe, expect, test, vi } from "vitest";
import { moduleListener, type ModuleListenerOptions, threads } from "../src/index.ts";
import type { Command } from "./listeners/obedient.ts";
import { SharedSignal } from "./shared-signal.ts";

// Each of these once hung, lost a message, or ended the process.

const { createSerialDestinationConfiguration: serial } = DestinationConfiguration;
const { createParallelDestinationConfiguration: parallel } = DestinationConfiguration;
const ODD = new URL("./listeners/odd.ts", import.meta.url);
const OBEDIENT = new URL("./listeners/obedient.ts", import.meta.url);
const odd = (exportName: string, options: ModuleListenerOptions<never> = {}) =>
  moduleListener(ODD, { exportName, ...options });

const buses: MessageBus[] = [];

afterEach(async () => {
  vi.useRealTimers();
  await Promise.all(buses.splice(0).map((bus) => bus.close()));
});

function newBus(options: ConstructorParameters<typeof MessageBus>[0] = {}): MessageBus {
  const bus = new MessageBus({ onError: () => {}, ...options });
  buses.push(bus);
  return bus;
}

/** So many messages tell that a listener is quick: from then on it is sent more than one, and tells of many ends at once. */
async function makeKnownAsQuick(destination: Destination<Command>): Promise<void> {
  for (let value = 0; value < 40; value += 1)
    await destination.request({ action: "return", value });
}

const causeOf = ({ cause }: { readonly cause: unknown }): unknown => cause;

describe("what cannot be read on the other side", () => {
  test("listener - returns what the main thread cannot read: only its message fails", async () => {
    const destination = newBus().addDestination<number>(serial("acme/a", { workers: threads() }));
    destination.listen(odd("returnsDeep"));
    const all = [0, 200_000, 0, 0].map((levels) => destination.request(levels).catch(causeOf));
    const [first, second, ...others] = await Promise.all(all);
    expect([first, ...others]).toEqual(["fine", "fine", "fine"]);
    expect(second).toMatchObject({ code: "BUSLINE_INVALID_MESSAGE", part: "reply" });
  });

  test("send - what the thread cannot read: only its message fails, and order is kept", async () => {
    // With a larger stack than its threads the process can write what they cannot read.
    const source = `
      import { DestinationConfiguration, MessageBus } from "busline";
      import { moduleListener, threads } from "@busline/threads";
      import { deep } from ${JSON.stringify(ODD.href)};
      const bus = new MessageBus({ onError: () => {} });
      const destination = bus.addDestination(
        DestinationConfiguration.createSerialDestinationConfiguration("acme/a", { workers: threads() }),
      );
      const options = { exportName: "returnsDeep", resourceLimits: { stackSizeMb: 0.5 } };
      destination.listen(moduleListener(${JSON.stringify(ODD.href)}, options));
      // Known to be quick, several are posted together.
      for (let left = 40; left > 0; left -= 1) await destination.request(0);
      const all = [0, 0, deep(5_000), 0, 0].map((payload, at) =>
        destination.request(payload).then(
          () => console.log(at, "fine"),
          ({ cause }) => console.log(at, cause.name),
        ),
      );
      await Promise.all(all);
      await bus.close();`;
    const lines = (await outputOf(source, "--stack-size=3900")).trimEnd().split("\n");
    expect(lines).toContain("2 RangeError");
    expect(lines.filter((line) => line !== "2 RangeError")).toEqual([
      "0 fine",
      "1 fine",
      "3 fine",
      "4 fine",
    ]);
  });

  test("listener - one that takes the clock away stops nothing", async () => {
    const destination = newBus().addDestination(serial("acme/a", { workers: threads() }));
    destination.listen(odd("stopsTheClock"));
    const all = Array.from({ length: 60 }, () => destination.request(1));
    expect(new Set(await Promise.all(all))).toEqual(new Set(["done"]));
  });

  test("transfer - with a quick listener on several threads nothing is moved twice", async () => {
    const destination = newBus().addDestination(
      parallel("acme/a", { workers: threads(), workersMaxSize: 2 }),
    );
    const transfer = ({ bytes }: { readonly bytes: Uint8Array<ArrayBuffer> }) => [bytes.buffer];
    destination.listen(odd("length", { transfer }));
    for (let round = 0; round < 3; round += 1) {
      const all = Array.from({ length: 200 }, () =>
        destination.request({ bytes: new Uint8Array(8) }),
      );
      expect(new Set(await Promise.all(all))).toEqual(new Set([8]));
    }
  });
});

describe("aborts and timers", () => {
  test("signal - aborted before a second listener's turn, it is aborted there", async () => {
    const bus = newBus();
    const destination = bus.addDestination<Command>(serial("acme/a", { workers: threads() }));
    const begun = new SharedSignal();
    const gate = new SharedSignal();
    destination.listen(moduleListener(OBEDIENT));
    destination.listen(odd("wasAborted"));
    const reports: unknown[] = [];
    const controller = new AbortController();
    bus.addDestination(serial("acme/replies"));
    bus.listen("acme/replies", ({ payload }) => void reports.push(payload));
    void destination.send(
      { action: "hold", begun: begun.buffer, gate: gate.buffer },
      { signal: controller.signal, responseDestinationName: "acme/replies" },
    );
    await begun.reaches(1);
    controller.abort();
    gate.add();
    await bus.drain();
    expect(reports).toEqual(["held", true]);
  });

  test("listenerTimeoutMs - a main thread that is held up does not end who has ended long ago", async () => {
    const clock = new ManualClock();
    const destination = newBus({ clock }).addDestination<Command>(
      serial("acme/a", { workers: threads(), listenerTimeoutMs: 100 }),
    );
    destination.listen(moduleListener(OBEDIENT));
    await makeKnownAsQuick(destination);
    const begun = new SharedSignal();
    const gate = new SharedSignal();
    const next = new SharedSignal();
    const nextGate = new SharedSignal();
    const held = destination.request({ action: "hold", begun: begun.buffer, gate: gate.buffer });
    const last = destination.request({
      action: "hold",
      begun: next.buffer,
      gate: nextGate.buffer,
    });
    await begun.reaches(1);
    gate.add();
    // When the thread begins with the next one, it has told of the first one's end, and nobody here has read it.
    Atomics.wait(new Int32Array(next.buffer), 0, 0);
    clock.advance(100);
    expect(await held).toBe("held");
    nextGate.add();
    expect(await last).toBe("held");
  });

  test("listener - an end is told also where all that came after it has been taken back", async () => {
    // Nobody looks without a call.
    vi.useFakeTimers({ toFake: ["setTimeout"] });
    const destination = newBus().addDestination<Command>(serial("acme/a", { workers: threads() }));
    destination.listen(moduleListener(OBEDIENT));
    await makeKnownAsQuick(destination);
    const begun = new SharedSignal();
    const gate = new SharedSignal();
    const controller = new AbortController();
    const held = destination.request({
      action: "hold",
      begun: begun.buffer,
      gate: gate.buffer,
      value: 1,
    });
    const { signal } = controller;
    const withdrawn = destination.request({ action: "return", value: 2 }, { signal });
    await begun.reaches(1);
    controller.abort();
    await expect(withdrawn).rejects.toBeInstanceOf(AbortError);
    gate.add();
    expect(await held).toBe(1);
  });

  test("listener - the ends before one that takes long are told while it goes on", async () => {
    // Threads go on by themselves, also where the bus's time stands still.
    const bus = newBus({ clock: new ManualClock() });
    const destination = bus.addDestination<Command>(serial("acme/a", { workers: threads() }));
    destination.listen(moduleListener(OBEDIENT));
    await makeKnownAsQuick(destination);
    const begun = new SharedSignal();
    const gate = new SharedSignal();
    const quick = destination.request({ action: "return", value: 40 });
    const held = destination.request({ action: "hold", begun: begun.buffer, gate: gate.buffer });
    await begun.reaches(1);
    expect(await quick).toBe(40);
    gate.add();
    expect(await held).toBe("held");
  });
});

describe("ends", () => {
  test("process - a message whose thread dies is booked before the process ends", async () => {
    const source = `
      import { AbortError, DestinationConfiguration, MessageBus } from "busline";
      import { moduleListener, threads } from "@busline/threads";
      const bus = new MessageBus({ onError: (error) => console.log(error.code) });
      const destination = bus.addDestination(
        DestinationConfiguration.createSerialDestinationConfiguration("acme/a", { workers: threads() }),
      );
      destination.listen(moduleListener(${JSON.stringify(ODD.href)}, { exportName: "exits" }));
      void destination.send(1);
      void destination.send(2);
      process.on("exit", () => console.log(destination.statistics.failedMessageCount));`;
    expect(await outputOf(source)).toBe("BUSLINE_WORKER_LOST\nBUSLINE_WORKER_LOST\n2\n");
  });

  test("process - what listeners have printed is there when their bus has been closed", async () => {
    const source = `
      import { DestinationConfiguration, MessageBus } from "busline";
      import { moduleListener, threads } from "@busline/threads";
      const bus = new MessageBus();
      const destination = bus.addDestination(
        DestinationConfiguration.createSerialDestinationConfiguration("acme/a", { workers: threads() }),
      );
      destination.listen(moduleListener(${JSON.stringify(ODD.href)}, { exportName: "prints" }));
      for (let number = 0; number < 200; number += 1) void destination.send(number);
      await bus.drain();
      await bus.close();`;
    const lines = (await outputOf(source)).trimEnd().split("\n");
    expect(lines).toEqual(Array.from({ length: 2_000 }, (_, at) => `${Math.floor(at / 10)}`));
  });

  test("close - by force: whose module is still being loaded has not begun", async () => {
    const clock = new ManualClock();
    const bus = newBus({ clock });
    const destination = bus.addDestination<number>(
      parallel("acme/a", { workers: threads(), workersMaxSize: 2 }),
    );
    destination.listen(moduleListener(new URL("./listeners/endless.ts", import.meta.url)));
    for (let left = 4; left > 0; left -= 1) void destination.send(left);
    const closing = bus.close({ deadlineMs: 20 });
    clock.advance(20);
    expect(await closing).toMatchObject({ undelivered: { length: 4 }, interrupted: [] });
    expect(destination.statistics).toMatchObject({
      discardedMessageCount: 4,
      failedMessageCount: 0,
      activeMessageCount: 0,
    });
  });

  test("module - one that ends its thread as it is loaded fails its messages, one after another", async () => {
    const destination = newBus().addDestination<number>(serial("acme/a", { workers: threads() }));
    destination.listen(moduleListener(new URL("./listeners/leaving.ts", import.meta.url)));
    const all = [1, 2].map((value) => destination.request(value).catch(causeOf));
    expect(await Promise.all(all)).toMatchObject([
      { code: "BUSLINE_WORKER_LOST", exitCode: 4 },
      { code: "BUSLINE_WORKER_LOST", exitCode: 4 },
    ]);
  });

  test("reply - after its listener's end it is lost, and the logger is told of whose it was", async () => {
    const told: string[] = [];
    const logger = {
      error: ({ err }: { readonly err?: unknown }, text: string): void => {
        told.push(`${text}: ${String(err)}`);
      },
    };
    const bus = newBus({ logger });
    const destination = bus.addDestination<number>(serial("acme/a", { workers: threads() }));
    destination.listen(odd("repliesLate"));
    const asked = destination.request(1, { id: "first" }).catch((error: unknown) => error);
    // Its thread is asked for what comes behind the late reply.
    expect(await destination.request(2)).toBe("replied");
    expect(told).toEqual([
      'A listener of "acme/a" replied in its thread after it had ended: Error: Its reply to the message first is lost',
    ]);
    await bus.close({ deadlineMs: 0 });
    await asked;
  });

  test("close - by force: what waited at a thread is discarded, and nobody is told of a failure", async () => {
    const clock = new ManualClock();
    const told: unknown[] = [];
    const bus = newBus({ clock, onError: (error) => void told.push(error) });
    const destination = bus.addDestination<Command>(serial("acme/a", { workers: threads() }));
    destination.listen(moduleListener(OBEDIENT));
    await makeKnownAsQuick(destination);
    const begun = new SharedSignal();
    void destination.send({ action: "loop", begun: begun.buffer });
    for (let value = 0; value < 20; value += 1) void destination.send({ action: "return", value });
    await begun.reaches(1);
    const closing = bus.close({ deadlineMs: 10 });
    clock.advance(10);
    await closing;
    expect(destination.statistics).toMatchObject({
      deliveredMessageCount: 40,
      failedMessageCount: 1,
      discardedMessageCount: 20,
      activeMessageCount: 0,
      pendingMessageCount: 0,
    });
    expect(told).toMatchObject([{ code: "BUSLINE_WORKER_LOST" }]);
  });

  test("replaceDestination - the last one leaves a shared pool: what it has in hand is finished", async () => {
    const bus = newBus();
    const workers = threads({ pool: "left", poolMaxSize: 1 });
    const destination = bus.addDestination<Command>(serial("acme/a", { workers }));
    destination.listen(moduleListener(OBEDIENT));
    const all = [1, 2, 3].map((value) => destination.request({ action: "return", value }));
    bus.replaceDestination(serial("acme/a"));
    expect(await Promise.all(all)).toEqual([1, 2, 3]);
  });

  test("close - by force, in a shared pool and after a replacement: each ends its own", async () => {
    const clock = new ManualClock();
    const bus = newBus({ clock });
    const other = newBus();
    const workers = threads({ pool: "forced", poolMaxSize: 1 });
    const destination = bus.addDestination<Command>(serial("acme/a", { workers }));
    const next = other.addDestination<Command>(serial("acme/a", { workers }));
    for (const one of [destination, next]) one.listen(moduleListener(OBEDIENT));
    const begun = new SharedSignal();
    void destination.send({ action: "loop", begun: begun.buffer });
    await begun.reaches(1);
    const asked = next.request({ action: "return", value: "other" });
    // The loop goes on at workers that the destination has given up.
    bus.replaceDestination(serial("acme/a", { workers, listenerTimeoutMs: 60_000 }));
    const closing = bus.close({ deadlineMs: 10 });
    clock.advance(10);
    expect((await closing).interrupted).toHaveLength(1);
    expect(destination.statistics.activeMessageCount).toBe(0);
    expect(await asked).toBe("other");
  });
});

/** What a program prints, run in a process of its own. */
function outputOf(source: string, ...options: readonly string[]): Promise<string> {
  const flags = [
    ...options,
    "--import",
    "tsx",
    "--conditions=@busline/source",
    "--input-type=module",
  ];
  const cwd = fileURLToPath(new URL("..", import.meta.url));
  return new Promise((resolve) => {
    execFile(process.execPath, [...flags, "--eval", source], { cwd, timeout: 20_000 }, (_, out) =>
      resolve(out),
    );
  });
}
