import { DestinationConfiguration, MessageBus } from "busline";
import { GateListener, ManualClock, Recorder, untilQuiet } from "busline/testing";
import { describe, expect, test } from "vitest";
import { CLOSED, expectSettled, fixture, turn, watched } from "./closing-fixture.ts";

describe("drain", () => {
  test("drain - finishes what was accepted, then resolves", async () => {
    const { bus, work, gate } = fixture();
    for (const payload of ["a", "b", "c"]) void work.send(payload);
    const drained = bus.drain();
    const state = watched(drained);
    for (let entered = 1; entered <= 3; entered += 1) {
      await gate.entered(entered);
      await turn();
      expect(state.isSettled).toBe(false);
      gate.release();
    }
    await drained;

    expect(work.statistics.deliveredMessageCount).toBe(3);
    expectSettled(bus.statistics);
  });

  test("drain - with nothing accepted resolves at once", async () => {
    await expect(new MessageBus().drain()).resolves.toBeUndefined();
  });

  test("drain - is idempotent, also while it goes on", async () => {
    const { bus, work, gate } = fixture();
    void work.send("a");
    const both = Promise.all([bus.drain(), bus.drain()]);
    await gate.entered(1);
    gate.open();
    await both;
    await bus.drain();

    expect(work.statistics.deliveredMessageCount).toBe(1);
  });

  test("drain - refuses new messages from outside, meanwhile and afterwards", async () => {
    const { bus, work, gate } = fixture();
    void work.send("a");
    await gate.entered(1);
    const drained = bus.drain();

    expect(() => work.send("new")).toThrow(CLOSED);
    const requests = [work.request("new"), work.request("new", { mode: "direct" })];
    const refused = Promise.allSettled(requests);
    // Counted before they are awaited: what had been let in would never be answered.
    expect(work.statistics.rejectedMessageCount).toBe(3);
    expect((await refused).map((outcome) => "reason" in outcome && outcome.reason)).toEqual([
      CLOSED,
      CLOSED,
    ]);
    gate.open();
    await drained;
    expect(() => work.send("new")).toThrow(CLOSED);

    expect(work.statistics).toMatchObject({ deliveredMessageCount: 1, rejectedMessageCount: 4 });
    expectSettled(bus.statistics);
  });

  test("drain - resumes a paused destination", async () => {
    const { bus, work, gate } = fixture();
    gate.open();
    work.pause();
    void work.send("a");
    await turn();
    expect(gate.contexts).toHaveLength(0);
    await bus.drain();

    expect(gate.contexts).toHaveLength(1);
    expect(work.isPaused).toBe(false);
  });

  test("drain - a running listener's own request is answered, and its own reply arrives", async () => {
    const { bus, work, gate } = fixture();
    const echo = bus.addDestination<string>(new DestinationConfiguration("parallel", "acme/echo"));
    echo.listen(async ({ payload }) => payload);
    work.listen(async () => echo.request("asked"));
    const reply = work.request("a");
    await gate.entered(1);
    const drained = bus.drain();
    gate.open();

    await expect(reply).resolves.toBe("asked");
    await drained;
  });

  test("drain - a reply by message passes, also from outside a listener", async () => {
    const { bus, work, gate } = fixture();
    const asked = new Recorder();
    bus.addDestination(new DestinationConfiguration("synchronous", "acme/asked"));
    bus.listen("acme/asked", asked);
    const reply = bus.request("acme/asked", "a");
    reply.catch(() => {});
    void work.send("keeps the drain going");
    await gate.entered(1);
    const drained = bus.drain();
    const { responseDestinationName = "", responseId = "" } = asked.messages[0] ?? {};

    await bus.send(responseDestinationName, "from outside", { responseId });

    await expect(reply).resolves.toBe("from outside");
    gate.open();
    await drained;
  });
});

describe("sends of running listeners while draining", () => {
  /** A listener at `acme/first` that waits for the drain and then sends to `acme/second`. */
  function chain(): {
    bus: MessageBus;
    second: Recorder;
    gate: GateListener;
  } {
    const bus = new MessageBus({ clock: new ManualClock() });
    const second = new Recorder();
    const gate = new GateListener();
    bus.addDestination(new DestinationConfiguration("parallel", "acme/first"));
    bus.addDestination(new DestinationConfiguration("serial", "acme/second"));
    bus.addDestination(new DestinationConfiguration("synchronous", "acme/through"));
    bus.listen("acme/second", second);
    return { bus, second, gate };
  }

  test("drain - accepts what a listener sends in its own turn", async () => {
    const { bus, second } = chain();
    let drained: Promise<void> | undefined;
    bus.listen("acme/first", ({ payload }) => {
      drained = bus.drain();
      void bus.send("acme/second", payload);
    });
    void bus.send("acme/first", "a");
    await untilQuiet(bus);
    await drained;

    expect(second.payloads).toEqual(["a"]);
  });

  test("drain - accepts what a listener sends after an await", async () => {
    const { bus, second, gate } = chain();
    bus.listen("acme/first", async (message, context) => {
      await gate.receive(message, context);
      void bus.send("acme/second", message.payload);
    });
    void bus.send("acme/first", "a");
    await gate.entered(1);
    const drained = bus.drain();
    gate.open();
    await drained;

    expect(second.payloads).toEqual(["a"]);
  });

  test("drain - accepts what a listener sends after an await, also if it has returned plainly before", async () => {
    const { bus, second, gate } = chain();
    bus.listen("acme/first", (message, context) => {
      if (message.payload === "plain") return;
      return gate.receive(message, context).then(() => {
        void bus.send("acme/second", message.payload);
      });
    });
    void bus.send("acme/first", "plain");
    await untilQuiet(bus);
    void bus.send("acme/first", "a");
    await gate.entered(1);
    const drained = bus.drain();
    gate.open();
    await drained;

    expect(second.payloads).toEqual(["a"]);
    expect(bus.statistics.failedMessageCount).toBe(0);
  });

  test.each(["in its own turn", "after an await"])(
    "drain - accepts what is sent %s through a synchronous destination",
    async (when) => {
      const { bus, second, gate } = chain();
      bus.listen("acme/through", ({ payload }) => {
        if (when === "in its own turn") return bus.send("acme/second", payload);
        return Promise.resolve().then(() => bus.send("acme/second", payload));
      });
      bus.listen("acme/first", async (message, context) => {
        await gate.receive(message, context);
        await bus.send("acme/through", message.payload);
        // Back in the outer listener, which still runs.
        void bus.send("acme/second", "afterwards");
      });
      void bus.send("acme/first", "a");
      await gate.entered(1);
      const drained = bus.drain();
      gate.open();
      await drained;

      expect(second.payloads).toEqual(["a", "afterwards"]);
    },
  );

  test("drain - accepts a chain of any length, each link sent by the one before", async () => {
    const { bus } = chain();
    const received: number[] = [];
    bus.addDestination(new DestinationConfiguration("parallel", "acme/countdown"));
    bus.listen<string>("acme/countdown", async ({ payload }) => {
      received.push(Number(payload));
      if (Number(payload) > 0) void bus.send("acme/countdown", Number(payload) - 1);
    });
    void bus.send("acme/countdown", 50);
    await bus.drain();

    expect(received).toHaveLength(51);
  });

  test("drain - refuses what a listener has left running after its end", async () => {
    const { bus, second, gate } = chain();
    const leftover = new GateListener();
    let refused: unknown;
    bus.listen("acme/first", async (message, context) => {
      void leftover.receive(message, context).then(() => {
        try {
          void bus.send("acme/second", "too late");
        } catch (error) {
          refused = error;
        }
      });
    });
    bus.listen("acme/first", gate);
    void bus.send("acme/first", "a");
    await Promise.all([leftover.entered(1), gate.entered(1)]);
    const drained = bus.drain();
    await turn();
    leftover.open();
    await turn();
    expect(refused).toEqual(CLOSED);
    gate.open();
    await drained;

    expect(second.payloads).toEqual([]);
  });
});
