import { describe, expect, test } from "vitest";
import { DestinationConfiguration, MessageBus } from "busline";
import { GateListener, ManualClock, SteppedBus, untilQuiet } from "busline/testing";
import { ledgerOf } from "./ledger.ts";
import { turns } from "./outcome-of.ts";

const { createParallelDestinationConfiguration: parallel } = DestinationConfiguration;
const { createSerialDestinationConfiguration: serial } = DestinationConfiguration;

/** A starved event loop would never end the test; so endless work ends by itself, far too late. */
const FAR_TOO_LATE = 500_000;

describe("a long queue gives way", () => {
  test.each([
    ["serial", serial("acme/a")],
    ["parallel", parallel("acme/a")],
  ])(
    "dispatcher - %s starts no more than deliveriesPerTurn in one turn",
    async (_, configuration) => {
      const bus = new MessageBus({ deliveriesPerTurn: 100, clock: new ManualClock() });
      const destination = bus.addDestination(configuration);
      let deliveredCount = 0;
      destination.listen(() => void (deliveredCount += 1));
      for (let number = 0; number < 2_000; number += 1) void destination.send(number);
      const perTurn: number[] = [];
      while (deliveredCount < 2_000) {
        const before = deliveredCount;
        await turns(1);
        perTurn.push(deliveredCount - before);
      }
      // The first reading holds two turns: the end of the sender's own, and the one after it.
      expect(perTurn[0]).toBeLessThanOrEqual(200);
      expect(Math.max(...perTurn.slice(1))).toBeLessThanOrEqual(100);
      // Neither does it dawdle.
      expect(perTurn.length).toBeLessThanOrEqual(20);
    },
  );

  test("dispatcher - slow listeners give way after 4 ms, however few have started", async () => {
    const clock = new ManualClock();
    const bus = new MessageBus({ clock });
    const destination = bus.addDestination(serial("acme/a"));
    let deliveredCount = 0;
    destination.listen(() => {
      deliveredCount += 1;
      clock.advance(2);
    });
    for (let number = 0; number < 100; number += 1) void destination.send(number);
    const perTurn: number[] = [];
    while (deliveredCount < 100) {
      const before = deliveredCount;
      await turns(1);
      perTurn.push(deliveredCount - before);
    }
    expect(perTurn[0]).toBeLessThanOrEqual(6);
    expect(Math.max(...perTurn.slice(1))).toBeLessThanOrEqual(3);
    expect(perTurn.length).toBeLessThanOrEqual(50);
  });

  test("dispatcher - a second destination is served in between, not behind", async () => {
    const bus = new MessageBus();
    const long = bus.addDestination(serial("acme/long"));
    const short = bus.addDestination(serial("acme/short"));
    let longCount = 0;
    let before: number | undefined;
    long.listen(() => void (longCount += 1));
    short.listen(() => void (before = longCount));
    for (let number = 0; number < 20_000; number += 1) void long.send(number);
    void short.send("short");
    await untilQuiet(bus);
    expect(longCount).toBe(20_000);
    expect(before).toBeLessThanOrEqual(64);
  });

  test("dispatcher - busy destinations take turns, one delivery each where one is all there is", () => {
    const bus = new SteppedBus();
    const order: string[] = [];
    for (const name of ["acme/a", "acme/b", "acme/c"]) {
      const destination = bus.addDestination(serial(name));
      destination.listen(({ destinationName }) => void order.push(destinationName));
      for (let number = 0; number < 50; number += 1) void destination.send(number);
    }
    expect(bus.step(30)).toBe(30);
    for (const name of ["acme/a", "acme/b", "acme/c"]) {
      expect(order.filter((other) => other === name)).toHaveLength(10);
    }
    for (let at = 3; at < order.length; at += 1) expect(order[at]).toBe(order[at - 3]);
  });

  test("dispatcher - in one turn of the loop a busy destination starts at most 64 before the next", async () => {
    const bus = new MessageBus({ clock: new ManualClock() });
    const order: string[] = [];
    const names = ["acme/a", "acme/b"];
    for (const name of names) {
      const destination = bus.addDestination(serial(name));
      destination.listen(({ destinationName }) => void order.push(destinationName));
      for (let number = 0; number < 1_000; number += 1) void destination.send(number);
    }
    await untilQuiet(bus);
    let longestRun = 0;
    let run = 0;
    for (const [at, name] of order.slice(0, 1_900).entries()) {
      run = name === order[at - 1] ? run + 1 : 1;
      longestRun = Math.max(longestRun, run);
    }
    expect(longestRun).toBeLessThanOrEqual(64);
  });
});

describe("endless work lets everything else have its turn", () => {
  /** Waits for a turn of each kind that a starved loop would not give; tells how much was done meanwhile. */
  async function everyKindOfTurn(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve));
    // A timer, to see that its phase of the loop is reached: its length proves nothing and costs nothing.
    await new Promise<void>((resolve) => {
      setTimeout(resolve, 0);
    });
    await new Promise<void>((resolve) => setImmediate(resolve));
  }

  test.each([
    ["a plain listener", false],
    ["an asynchronous listener", true],
  ])("dispatcher - %s that sends to itself for ever", async (_, isAsync) => {
    const bus = new MessageBus();
    const destination = bus.addDestination<number>(serial("acme/a"));
    let count = 0;
    let isOver = false;
    const goOn = (): void => {
      count += 1;
      if (!isOver && count < FAR_TOO_LATE) void destination.send(count);
    };
    destination.listen(isAsync ? async () => goOn() : goOn);
    void destination.send(0);
    await everyKindOfTurn();
    isOver = true;
    expect(count).toBeLessThan(FAR_TOO_LATE);
    expect(count).toBeGreaterThan(1);
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toEqual({ sent: count, delivered: count });
  });

  test("dispatcher - promises that play ping-pong over two destinations", async () => {
    const bus = new MessageBus();
    const ping = bus.addDestination<number>(parallel("acme/ping"));
    const pong = bus.addDestination<number>(parallel("acme/pong"));
    let count = 0;
    let isOver = false;
    for (const [here, there] of [
      [ping, pong],
      [pong, ping],
    ] as const) {
      here.listen(async () => {
        await Promise.resolve();
        count += 1;
        if (!isOver && count < FAR_TOO_LATE) void there.send(count);
      });
    }
    for (let ball = 0; ball < 5; ball += 1) void ping.send(ball);
    await everyKindOfTurn();
    isOver = true;
    expect(count).toBeLessThan(FAR_TOO_LATE);
    await untilQuiet(bus);
    ledgerOf(bus);
  });

  test("dispatcher - messages that each come alone, after the last one has ended", async () => {
    const bus = new MessageBus();
    const destination = bus.addDestination<number>(serial("acme/a"));
    let count = 0;
    let isOver = false;
    const sendNext = (): void => {
      if (!isOver && count < FAR_TOO_LATE) void destination.send(count);
    };
    destination.listen(() => {
      count += 1;
      // Two promises later the run that delivered it has ended, too.
      void Promise.resolve()
        .then(() => undefined)
        .then(sendNext);
    });
    sendNext();
    await everyKindOfTurn();
    isOver = true;
    expect(count).toBeLessThan(FAR_TOO_LATE);
    expect(count).toBeGreaterThan(1);
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toEqual({ sent: count, delivered: count });
  });

  test("dispatcher - listeners that ask each other for ever", async () => {
    const bus = new MessageBus();
    const one = bus.addDestination<number, number>(serial("acme/one"));
    one.listen(({ payload }) => payload + 1);
    let isOver = false;
    let count = 0;
    const asking = (async () => {
      while (!isOver && count < FAR_TOO_LATE / 10) count = await one.request(count);
    })();
    await everyKindOfTurn();
    isOver = true;
    await asking;
    expect(count).toBeLessThan(FAR_TOO_LATE / 10);
  });
});

describe("messages that come alone", () => {
  class CountingClock extends ManualClock {
    breathCount = 0;

    override atNextTurn(callback: () => void): void {
      this.breathCount += 1;
      super.atNextTurn(callback);
    }
  }

  test("dispatcher - takes a breath when half of what may start in one turn has started, or half of the time is over", async () => {
    const clock = new CountingClock();
    const bus = new MessageBus({ clock, deliveriesPerTurn: 1_000 });
    const destination = bus.addDestination<number>(serial("acme/a"));
    destination.listen(() => {});
    const breathsAfter = async (count: number): Promise<number> => {
      const before = clock.breathCount;
      for (let left = count; left > 0; left -= 1) {
        void destination.send(left);
        await turns(1);
      }
      return clock.breathCount - before;
    };
    // How many have started is looked at after 64 of them, at most.
    expect(await breathsAfter(500 - 2 * 64)).toBe(0);
    expect(await breathsAfter(3 * 64)).toBe(1);
    expect(await breathsAfter(64)).toBe(0);
    clock.advance(3);
    expect(await breathsAfter(2 * 64)).toBe(1);
    ledgerOf(destination);
  });

  test("dispatcher - starts all that come after a long time at once, though the last turn's time is over", async () => {
    const clock = new ManualClock();
    const bus = new MessageBus({ clock });
    const destination = bus.addDestination<number>(serial("acme/a"));
    const received: number[] = [];
    destination.listen(({ payload }) => void received.push(payload));
    void destination.send(0);
    await turns();
    clock.advance(1_000);
    for (let number = 1; number <= 10; number += 1) void destination.send(number);
    await Promise.resolve();
    expect(received).toHaveLength(11);
  });

  test("dispatcher - takes a breath for work at one of many destinations that had some before", async () => {
    const clock = new CountingClock();
    const bus = new MessageBus({ clock });
    const listener = new GateListener<number>();
    const destinations = Array.from({ length: 20 }, (_, at) => {
      const destination = bus.addDestination<number>(serial(`acme/${at}`));
      destination.listen((message, context) =>
        message.payload === 0 ? undefined : listener.receive(message, context),
      );
      return destination;
    });
    for (const destination of destinations) {
      void destination.send(0);
      await turns(1);
    }
    expect(clock.breathCount).toBe(0);
    void destinations[0]?.send(1);
    await turns(1);
    expect(clock.breathCount).toBe(1);
    listener.open();
    await untilQuiet(bus);
  });

  test("dispatcher - takes a breath while a listener goes on", async () => {
    const clock = new CountingClock();
    const bus = new MessageBus({ clock });
    const destination = bus.addDestination<number>(serial("acme/a"));
    const listener = new GateListener<number>();
    destination.listen(listener);
    void destination.send(1);
    await turns();
    expect(clock.breathCount).toBe(1);
    listener.open();
    await untilQuiet(bus);
  });
});

test(
  "dispatcher - a listener that sends to itself 1,000,000 times does not overflow the stack",
  { timeout: 60_000 },
  async () => {
    const bus = new MessageBus();
    const destination = bus.addDestination<number>(serial("acme/a"));
    const million = 1_000_000;
    const last = new Promise<number>((resolve) => {
      destination.listen(({ payload }) => {
        if (payload < million) void destination.send(payload + 1);
        else resolve(payload);
      });
    });
    void destination.send(1);
    expect(await last).toBe(million);
    await turns();
    expect(ledgerOf(destination)).toEqual({ sent: million, delivered: million });
  },
);
