import {
  AbortError,
  type Destination,
  DestinationConfiguration,
  InvalidConfigurationError,
  MessageBus,
  RequestTimeoutError,
} from "busline";
import { GateListener, ManualClock, Recorder, untilQuiet } from "busline/testing";
import { describe, expect, test } from "vitest";

const LONGEST = 2_147_483_647;

interface Fixture {
  readonly bus: MessageBus;
  readonly clock: ManualClock;
  readonly destination: Destination;
  readonly gate: GateListener;
}

/** One worker, so that a second message waits. */
function fixture(destinationType = "serial"): Fixture {
  const clock = new ManualClock();
  const bus = new MessageBus({ clock });
  const destination = bus.addDestination(
    new DestinationConfiguration(destinationType, "acme/slow"),
  );
  const gate = new GateListener();
  destination.listen(gate);
  return { bus, clock, destination, gate };
}

/** Notes whether a promise has settled; the real thing is asserted later. */
function watched(promise: Promise<unknown>): { isSettled: boolean } {
  const state = { isSettled: false };
  const settled = (): void => {
    state.isSettled = true;
  };
  promise.then(settled, settled);
  return state;
}

const turn = (): Promise<void> =>
  new Promise((resume) => {
    setImmediate(resume);
  });

describe("timeoutMs", () => {
  test.each([
    ["given", { timeoutMs: 250 }, 250],
    ["by default", undefined, 10_000],
  ])("timeout - comes at its exact moment: %s", async (_, options, timeoutMs) => {
    const { clock, destination } = fixture();
    const reply = destination.request("a", options);
    const state = watched(reply);

    clock.advance(timeoutMs - 1);
    await turn();
    expect(state.isSettled).toBe(false);
    clock.advance(1);

    await expect(reply).rejects.toThrow(RequestTimeoutError);
    await expect(reply).rejects.toMatchObject({
      code: "BUSLINE_REQUEST_TIMEOUT",
      destinationName: "acme/slow",
      timeoutMs,
    });
  });

  test("timeout - 0 waits for no time at all, yet a reply counts that comes before any has passed", async () => {
    const { clock, destination, gate } = fixture("synchronous");
    const late = destination.request("a", { timeoutMs: 0 });
    clock.advance(0);
    await expect(late).rejects.toThrow(RequestTimeoutError);

    gate.open();
    destination.listen(() => "at once");
    const reply = destination.request("b", { timeoutMs: 0, mode: "direct" });
    await expect(reply).resolves.toBe("at once");
  });

  test("timeout - the longest allowed one is kept", async () => {
    const { clock, destination } = fixture();
    const reply = destination.request("a", { timeoutMs: LONGEST });
    const state = watched(reply);

    clock.advance(LONGEST - 1);
    await turn();
    expect(state.isSettled).toBe(false);
    clock.advance(1);
    await expect(reply).rejects.toThrow(RequestTimeoutError);
  });

  test.each([-1, Number.NaN, Infinity, -Infinity, LONGEST + 1, "5", null])(
    "timeout - %s is refused, never taken as now",
    async (value) => {
      const { bus, destination } = fixture();
      const failure = destination.request("a", { timeoutMs: value as number });

      await expect(failure).rejects.toThrow(InvalidConfigurationError);
      await expect(failure).rejects.toMatchObject({ attribute: "timeoutMs" });
      expect(bus.statistics).toMatchObject({ sentMessageCount: 0, pendingRequestCount: 0 });
    },
  );

  test("timeout - each request has its own, whatever the order", async () => {
    const { bus, clock, destination } = fixture();
    const ended: number[] = [];
    for (const timeoutMs of [300, 100, 200, 100]) {
      destination.request("a", { timeoutMs }).catch(() => ended.push(timeoutMs));
    }
    for (const expected of [
      [100, 100],
      [100, 100, 200],
      [100, 100, 200, 300],
    ]) {
      clock.advance(100);
      await turn();
      expect(ended).toEqual(expected);
    }
    expect(bus.statistics.pendingRequestCount).toBe(0);
  });
});

describe.each([
  ["timeout", RequestTimeoutError, "timed-out"],
  ["abort", AbortError, "aborted"],
] as const)("a %s", (kind, ErrorClass, reason) => {
  /** Requests, and says how to give up. */
  function requestAndGiveUp({ clock, destination }: Fixture): [Promise<unknown>, () => void] {
    const controller = new AbortController();
    if (kind === "timeout") {
      return [destination.request("b", { timeoutMs: 100 }), () => clock.advance(100)];
    }
    const reply = destination.request("b", { signal: controller.signal });
    return [reply, () => controller.abort("reason")];
  }

  test("giving up - aborts context.signal of a running listener with the same error", async () => {
    const given = fixture();
    const [reply, giveUp] = requestAndGiveUp(given);
    await given.gate.entered(1);
    const signal = given.gate.contexts[0]?.signal;
    expect(signal?.aborted).toBe(false);
    giveUp();

    await expect(reply).rejects.toThrow(ErrorClass);
    expect(signal?.aborted).toBe(true);
    expect(signal?.reason).toBeInstanceOf(ErrorClass);
    given.gate.open();
  });

  test("giving up - context.signal is aborted also for who asks afterwards", async () => {
    const given = fixture();
    const [reply, giveUp] = requestAndGiveUp(given);
    await given.gate.entered(1);
    giveUp();

    await expect(reply).rejects.toThrow(ErrorClass);
    expect(given.gate.contexts[0]?.signal.aborted).toBe(true);
    given.gate.open();
  });

  test("giving up - withdraws a message that still waits", async () => {
    const given = fixture();
    const { bus, destination, gate } = given;
    const discarded: unknown[] = [];
    destination.addDestinationEventListener({
      messageDiscarded: (message, why) => void discarded.push([message.payload, why]),
    });
    void destination.send("a");
    await gate.entered(1);
    const [reply, giveUp] = requestAndGiveUp(given);
    expect(destination.statistics.pendingMessageCount).toBe(1);
    giveUp();

    await expect(reply).rejects.toThrow(ErrorClass);
    expect(destination.statistics).toMatchObject({
      pendingMessageCount: 0,
      discardedMessageCount: 1,
    });
    expect(discarded).toEqual([["b", reason]]);
    gate.open();
    await untilQuiet(bus);
    expect(gate.contexts).toHaveLength(1);
  });

  test("giving up - a late reply is ignored and counted", async () => {
    const given = fixture();
    const [reply, giveUp] = requestAndGiveUp(given);
    await given.gate.entered(1);
    giveUp();
    await expect(reply).rejects.toThrow(ErrorClass);
    given.gate.release("late");
    await untilQuiet(given.bus);

    expect(given.bus.statistics).toMatchObject({ lateReplyCount: 1, pendingRequestCount: 0 });
    expect(given.destination.statistics.deliveredMessageCount).toBe(1);
  });

  test("giving up - in a listener's own first turn reaches its context.signal", async () => {
    const clock = new ManualClock();
    const bus = new MessageBus({ clock });
    const destination = bus.addDestination(new DestinationConfiguration("synchronous", "acme/now"));
    const given: Fixture = { bus, clock, destination, gate: new GateListener() };
    let giveUp = (): void => {};
    let signal: AbortSignal | undefined;
    const gate = given.gate;
    destination.listen((message, context) => {
      signal = context.signal;
      giveUp();
      return gate.receive(message, context);
    });
    const controller = new AbortController();
    giveUp = () => (kind === "timeout" ? clock.advance(100) : controller.abort());
    const reply = destination.request("a", { timeoutMs: 100, signal: controller.signal });

    await expect(reply).rejects.toThrow(ErrorClass);
    expect(signal?.aborted).toBe(true);
    gate.open();
    await untilQuiet(bus);
  });

  test("giving up - while the schema still checks the payload, nothing is sent", async () => {
    const clock = new ManualClock();
    const bus = new MessageBus({ clock });
    let checked = (): void => {};
    const destination = bus.addDestination(
      DestinationConfiguration.createSerialDestinationConfiguration("acme/checked", {
        schema: {
          "~standard": {
            version: 1,
            vendor: "test",
            validate: (value) =>
              new Promise((resolve) => {
                checked = () => resolve({ value });
              }),
          },
        },
      }),
    );
    const recorder = new Recorder();
    destination.listen(recorder);
    const [reply, giveUp] = requestAndGiveUp({ bus, clock, destination, gate: new GateListener() });
    giveUp();
    await expect(reply).rejects.toThrow(ErrorClass);
    checked();
    await turn();
    await untilQuiet(bus);

    expect(recorder.payloads).toEqual([]);
  });
});

describe("signal", () => {
  test("abort - before the request: AbortError, nothing is sent", async () => {
    const { bus, destination } = fixture();
    const failure = destination.request("a", { signal: AbortSignal.abort("why") });

    await expect(failure).rejects.toThrow(AbortError);
    await expect(failure).rejects.toMatchObject({ code: "BUSLINE_ABORTED", cause: "why" });
    expect(bus.statistics).toMatchObject({ sentMessageCount: 0, pendingRequestCount: 0 });
  });

  test("abort - after the reply harms nobody", async () => {
    const { destination, gate } = fixture();
    const controller = new AbortController();
    const reply = destination.request("a", { signal: controller.signal });
    await gate.entered(1);
    gate.release("reply");
    await expect(reply).resolves.toBe("reply");
    controller.abort();

    expect(gate.contexts[0]?.signal.aborted).toBe(false);
  });
});

describe("timers", () => {
  test("timers - any number of requests needs one timer, and none is left when time has passed", async () => {
    const { bus, clock, destination, gate } = fixture("synchronous");
    const before = clock.timerCount;
    const replies = Array.from({ length: 1_000 }, () => destination.request("a"));
    expect(clock.timerCount).toBe(before + 1);
    while (gate.release("reply"));
    await Promise.all(replies);
    await turn();
    clock.advance(10_000);

    // One is kept for holding the process while somebody waits.
    expect(clock.timerCount).toBeLessThanOrEqual(before + 1);
    expect(bus.statistics.pendingRequestCount).toBe(0);
  });

  test("timers - a closed bus leaves none behind", async () => {
    const { bus, clock, destination, gate } = fixture("parallel");
    const replies = Array.from({ length: 5 }, () => destination.request("a"));
    // Five at once: more than the core size, so the pool has grown.
    await gate.entered(5);
    while (gate.release("reply"));
    await Promise.all(replies);
    await bus.close();

    expect(clock.timerCount).toBe(0);
  });
});
