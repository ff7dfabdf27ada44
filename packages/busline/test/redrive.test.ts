import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { describe, expect, test } from "vitest";
import {
  DestinationConfiguration,
  type DestinationAttributes,
  MessageBus,
  type StandardSchema,
  waitForSpace,
} from "busline";
import { GateListener, ManualClock, Recorder, untilQuiet } from "busline/testing";
import { ledgerOf } from "./ledger.ts";
import { outcomeOf, turns } from "./outcome-of.ts";
import { runScript } from "./run-script.ts";

const { createDeadLetterDestinationConfiguration: deadLetters } = DestinationConfiguration;
const { createParallelDestinationConfiguration: parallel } = DestinationConfiguration;

function busWith(
  own: DestinationAttributes = {},
  dead: { readonly maximumQueueSize?: number } = {},
) {
  const clock = new ManualClock();
  const bus = new MessageBus({ clock, onError: () => {} });
  const kept = bus.addDestination(deadLetters("acme/dead", dead));
  const orders = bus.addDestination<unknown>(
    parallel("acme/orders", { deadLetter: "acme/dead", ...own }),
  );
  return { bus, clock, kept, letters: bus.deadLetters("acme/dead"), orders };
}

/** Fails as long as it is broken, and keeps what it was given. */
class Fragile {
  isBroken = true;
  readonly seen: unknown[] = [];

  receive({ payload }: { readonly payload: unknown }): void {
    this.seen.push(payload);
    if (this.isBroken) throw new Error("broken");
  }
}

/** A schema that makes of a text a number, asynchronously if asked. */
function numbers(isLater: boolean): StandardSchema<unknown, number> {
  return {
    "~standard": {
      version: 1,
      vendor: "acme",
      validate: (value) => {
        const result =
          typeof value === "string"
            ? { value: Number(value) }
            : { issues: [{ message: "a text is wanted" }] };
        return isLater ? Promise.resolve(result) : result;
      },
    },
  };
}

describe("redrive", () => {
  test("capacity - letters that fail again find their own places, also where there is no other", async () => {
    const { bus, kept, letters, orders } = busWith({}, { maximumQueueSize: 2 });
    orders.listen(new Fragile());
    for (const payload of ["a", "b"]) void orders.send(payload);
    await untilQuiet(bus);
    expect(await letters.redrive()).toEqual({ redrivenCount: 2, refused: [] });
    await untilQuiet(bus);
    expect(letters.list().map(({ payload }) => payload)).toEqual(["a", "b"]);
    expect(ledgerOf(kept)).toEqual({ sent: 4, pending: 2, diverted: 2 });
    expect(ledgerOf(orders)).toEqual({ sent: 4, deadLettered: 4 });
    await bus.close();
  });

  test("listeners - of several with one name only the one that failed gets it again", async () => {
    const { bus, letters, orders } = busWith();
    const [fine, fragile] = [new Fragile(), new Fragile()];
    fine.isBroken = false;
    for (const listener of [fine, fragile]) orders.listen(listener);
    void orders.send("a");
    await untilQuiet(bus);
    fragile.isBroken = false;
    await letters.redrive();
    await untilQuiet(bus);
    expect(fine.seen).toEqual(["a"]);
    expect(fragile.seen).toEqual(["a", "a"]);
    await bus.close();
  });

  test("listeners - one that was registered anew gets it by its name, whatever that is", async () => {
    const { bus, letters, orders } = busWith();
    const fragile = new Fragile();
    const name = "100 %, or more";
    const registration = orders.listen(fragile, { name });
    void orders.send("a");
    await untilQuiet(bus);
    registration.unregister();
    fragile.isBroken = false;
    orders.listen(fragile, { name });
    expect(letters.list()[0]?.listeners).toEqual([name]);
    expect(letters.list({ listener: name })).toHaveLength(1);
    await letters.redrive();
    await untilQuiet(bus);
    expect(fragile.seen).toEqual(["a", "a"]);
    await bus.close();
  });

  test.each([false, true])(
    "schema - what it has made of a payload is not given to it again (asynchronous: %s)",
    async (isLater) => {
      const { bus, letters, orders } = busWith({ schema: numbers(isLater) });
      const [fine, fragile] = [new Fragile(), new Fragile()];
      fine.isBroken = false;
      orders.listen(fine, { name: "fine" });
      orders.listen(fragile, { name: "fragile" });
      await orders.send("7");
      await untilQuiet(bus);
      fragile.isBroken = false;
      expect(await letters.redrive()).toEqual({ redrivenCount: 1, refused: [] });
      await untilQuiet(bus);
      expect([fine.seen, fragile.seen]).toEqual([[7], [7, 7]]);
      await bus.close();
    },
  );

  test("schema - that of another destination checks the payload", async () => {
    const { bus, letters, orders } = busWith();
    orders.listen(new Fragile());
    void orders.send(7);
    await untilQuiet(bus);
    bus.addDestination(parallel("acme/numbers", { schema: numbers(false) }));
    bus.listen("acme/numbers", new Recorder());
    const { refused } = await letters.redrive(undefined, { destinationName: "acme/numbers" });
    expect(refused).toMatchObject([{ error: { code: "BUSLINE_INVALID_MESSAGE" } }]);
    await bus.close();
  });

  test("diagnostics - somebody who observes changes nothing", async () => {
    const { bus, letters, orders } = busWith();
    const [fine, fragile] = [new Fragile(), new Fragile()];
    fine.isBroken = false;
    orders.listen(fine, { name: "fine" });
    orders.listen(fragile, { name: "fragile" });
    void orders.send("a");
    await untilQuiet(bus);
    fragile.isBroken = false;
    const observed: unknown[] = [];
    const observer = (trace: unknown): void => void observed.push(trace);
    subscribe("tracing:busline.send:start", observer);
    await letters.redrive();
    unsubscribe("tracing:busline.send:start", observer);
    await untilQuiet(bus);
    expect(observed).toHaveLength(1);
    expect(fine.seen).toEqual(["a"]);
    await bus.close();
  });

  test("synchronous - a letter that was delivered there has been taken, whatever its listeners throw", async () => {
    const { bus, letters, orders } = busWith();
    orders.listen(new Fragile());
    void orders.send("a");
    await untilQuiet(bus);
    bus.addDestination(
      DestinationConfiguration.createSynchronousDestinationConfiguration("acme/now"),
    );
    const recorder = new Recorder();
    bus.listen("acme/now", recorder);
    bus.listen("acme/now", new Fragile());
    const report = await letters.redrive(undefined, { destinationName: "acme/now" });
    expect(report).toEqual({ redrivenCount: 1, refused: [] });
    expect(recorder.payloads).toEqual(["a"]);
    expect(letters.size).toBe(0);
    await bus.close();
  });

  /** Two letters, of which the first waits for room at its origin. */
  async function waiting() {
    const world = busWith({ maximumQueueSize: 1, workersMaxSize: 1, workersCoreSize: 1 });
    const { bus, orders } = world;
    const fragile = new Fragile();
    orders.listen(fragile);
    for (const payload of ["a", "b"]) {
      void orders.send(payload, { id: payload });
      await untilQuiet(bus);
    }
    fragile.isBroken = false;
    bus.replaceDestination(
      parallel("acme/orders", {
        maximumQueueSize: 1,
        workersMaxSize: 1,
        workersCoreSize: 1,
        rejectedExecutionHandler: waitForSpace(),
      }),
    );
    orders.pause();
    void orders.send("in the way");
    return { ...world, fragile };
  }

  test("delete, purge - a letter that is on its way is neither here nor lost", async () => {
    const { bus, kept, letters, orders, fragile } = await waiting();
    const redriven = letters.redrive();
    await turns();
    expect(ledgerOf(kept)).toEqual({ sent: 2, active: 1, pending: 1 });
    expect(letters.size).toBe(1);
    expect(letters.get("a")).toBeUndefined();
    expect(kept.purge()).toBe(1);
    orders.resume();
    expect(await redriven).toEqual({ redrivenCount: 1, refused: [] });
    await untilQuiet(bus);
    expect(fragile.seen).toEqual(["a", "b", "in the way", "a"]);
    expect(ledgerOf(kept)).toEqual({ sent: 2, discarded: 1, diverted: 1 });
    await bus.close();
  });

  test("close - a letter that is on its way at the deadline is in the report of the redrive, and only there", async () => {
    const { bus, clock, kept, letters, orders } = await waiting();
    orders.purge();
    const held = new GateListener();
    orders.listen(held);
    orders.resume();
    void orders.send("runs");
    await held.entered(1);
    void orders.send("waits");
    const redriven = letters.redrive();
    await turns();
    const closed = bus.close({ deadlineMs: 10 });
    clock.advance(10);
    const { undelivered } = await closed;
    expect((await redriven).refused).toMatchObject([
      { letter: { id: "a" }, error: { code: "BUSLINE_CLOSED" } },
      { letter: { id: "b" }, error: { code: "BUSLINE_CLOSED" } },
    ]);
    expect(undelivered.map(({ payload }) => payload)).toEqual(["b", "waits"]);
    expect(ledgerOf(kept)).toEqual({ sent: 2, discarded: 2 });
    held.open();
  });

  test("close - a redrive that waits for its turn ends at once", async () => {
    const { bus, letters, orders } = busWith();
    const fragile = new Fragile();
    orders.listen(fragile);
    for (const payload of ["a", "b"]) void orders.send(payload);
    await untilQuiet(bus);
    const redriven = letters.redrive(undefined, { perSecond: 1 });
    await turns();
    await bus.close();
    expect(await redriven).toMatchObject({
      redrivenCount: 1,
      refused: [{ letter: { payload: "b" }, error: { code: "BUSLINE_CLOSED" } }],
    });
  });

  test("signal - ends a wait for the next turn at once", async () => {
    const { bus, clock, letters, orders } = busWith();
    orders.listen(new Fragile());
    for (const payload of ["a", "b"]) void orders.send(payload);
    await untilQuiet(bus);
    const controller = new AbortController();
    const outcome = outcomeOf(() =>
      letters.redrive(undefined, { perSecond: 0.01, signal: controller.signal }),
    );
    await turns();
    controller.abort();
    expect(await outcome).toBe("BUSLINE_ABORTED");
    expect(clock.now()).toBe(0);
    await bus.close();
  });

  test(
    "process - lives on as long as a redrive waits for its turns",
    { timeout: 30_000 },
    async () => {
      const { exit, lines } = await runScript(`
      import { DestinationConfiguration, MessageBus } from "busline";
      const bus = new MessageBus();
      bus.addDestination(
        DestinationConfiguration.createDeadLetterDestinationConfiguration("acme/dead"),
      );
      bus.addDestination(
        DestinationConfiguration.createParallelDestinationConfiguration("acme/a"),
      );
      bus.listen("acme/a", ({ payload }) => console.log(payload));
      for (const payload of [1, 2, 3]) bus.send("acme/dead", payload);
      const { redrivenCount } = await bus
        .deadLetters("acme/dead")
        .redrive(undefined, { perSecond: 50, destinationName: "acme/a" });
      console.log(redrivenCount, "redriven");`);
      expect({ exit, lines }).toEqual({ exit: 0, lines: ["1", "2", "3", "3 redriven"] });
    },
  );

  test("replaceDestination - what keeps messages goes on keeping them, as long as there are any", async () => {
    const { bus, kept, letters, orders } = busWith();
    orders.listen(new Fragile());
    void orders.send("a");
    await untilQuiet(bus);
    const refused = expect.objectContaining({ code: "BUSLINE_INVALID_CONFIGURATION" });
    expect(() => bus.replaceDestination(parallel("acme/dead"))).toThrow(refused);
    bus.replaceDestination(deadLetters("acme/dead", { maximumQueueSize: 5 }));
    expect(letters.size).toBe(1);
    letters.delete();
    bus.replaceDestination(parallel("acme/dead"));
    expect(() => bus.deadLetters("acme/dead")).toThrow(refused);
    kept.listen(new Recorder());
    kept.pause();
    void kept.send("waits");
    expect(() => bus.replaceDestination(deadLetters("acme/dead"))).toThrow(refused);
    await bus.close();
  });
});
