import { DestinationConfiguration, MessageBus } from "busline";
import { GateListener, ManualClock, Recorder, SteppedBus, untilQuiet } from "busline/testing";
import { describe, expect, test } from "vitest";

const NAME = "acme/orders";

function busWith(destinationType: string): MessageBus {
  const bus = new MessageBus();
  bus.addDestination(new DestinationConfiguration(destinationType, NAME));
  return bus;
}

describe("ManualClock", () => {
  test("manual clock - stands still until it is advanced", () => {
    const clock = new ManualClock({ startAt: 5_000 });
    expect([clock.now(), clock.monotonicNow()]).toEqual([5_000, 0]);
    clock.advance(250);
    expect([clock.now(), clock.monotonicNow()]).toEqual([5_250, 250]);
    expect(new ManualClock().now()).toBe(0);
  });

  test("manual clock - timers call back in their order, each at its own moment", () => {
    const clock = new ManualClock();
    const calls: string[] = [];
    const start = (delayMs: number, name: string): void => {
      clock.startTimer(delayMs, () => calls.push(`${name} at ${clock.monotonicNow()}`));
    };
    start(30, "late");
    start(10, "early");
    start(10, "early too");
    start(0, "now");
    clock.advance(9);
    expect(calls).toEqual(["now at 0"]);
    clock.advance(100);

    expect(calls.slice(1)).toEqual(["early at 10", "early too at 10", "late at 30"]);
    expect(clock.monotonicNow()).toBe(109);
  });

  test("manual clock - a timer that is started by a timer falls due in the same advance", () => {
    const clock = new ManualClock();
    const calls: number[] = [];
    const again = (): void => {
      calls.push(clock.monotonicNow());
      clock.startTimer(10, again);
    };
    clock.startTimer(10, again);
    clock.advance(35);

    expect(calls).toEqual([10, 20, 30]);
    expect(clock.timerCount).toBe(1);
  });

  test("manual clock - counts timers until they call back or are cancelled", () => {
    const clock = new ManualClock();
    let isCalled = false;
    const timer = clock.startTimer(10, () => {
      isCalled = true;
    });
    clock.startTimer(5, () => {});
    expect(clock.timerCount).toBe(2);
    clock.advance(5);
    expect(clock.timerCount).toBe(1);
    timer.ref();
    timer.unref();
    timer.cancel();
    timer.cancel();
    clock.advance(100);

    expect([clock.timerCount, isCalled]).toEqual([0, false]);
  });

  test.each([-1, Number.NaN, Infinity])("manual clock - %s is no step", (ms) => {
    const clock = new ManualClock();
    expect(() => clock.advance(ms)).toThrow(RangeError);
    expect(clock.now()).toBe(0);
  });

  test("manual clock - stamps the messages of its bus; listeners run as ever", async () => {
    const clock = new ManualClock({ startAt: 1_700_000_000_000 });
    const bus = new MessageBus({ clock });
    bus.addDestination(new DestinationConfiguration("parallel", NAME));
    const recorder = new Recorder();
    bus.listen(NAME, recorder);
    clock.advance(1);
    void bus.send(NAME, "a");
    await recorder.count(1);

    expect(recorder.messages[0]?.sentAt).toBe(1_700_000_000_001);
  });
});

describe("Recorder", () => {
  test("recorder - keeps messages in the order of their coming and waits for a count", async () => {
    const bus = busWith("serial");
    const recorder = new Recorder();
    bus.listen(NAME, recorder);
    const three = recorder.count(3);
    for (const payload of ["a", "b", "c"]) void bus.send(NAME, payload);

    await expect(three).resolves.toEqual(["a", "b", "c"]);
    expect(recorder.messages.map(({ destinationName }) => destinationName)).toEqual([
      NAME,
      NAME,
      NAME,
    ]);
    // What has come already need not come again.
    await expect(recorder.count(2)).resolves.toEqual(["a", "b", "c"]);
    await expect(recorder.count(0)).resolves.toHaveLength(3);
  });

  test("recorder - a count that is not reached stays open", async () => {
    const bus = busWith("serial");
    const recorder = new Recorder();
    bus.listen(NAME, recorder);
    let isReached = false;
    void recorder.count(2).then(() => {
      isReached = true;
    });
    void bus.send(NAME, "a");
    await recorder.count(1);
    await untilQuiet(bus);
    expect(isReached).toBe(false);
    void bus.send(NAME, "b");
    await recorder.count(2);
    await untilQuiet(bus);
    expect(isReached).toBe(true);
  });

  test("recorder - replies nothing: another listener may", async () => {
    const bus = busWith("serial");
    bus.listen(NAME, new Recorder());
    bus.listen(NAME, () => "reply");

    await expect(bus.request(NAME, "a")).resolves.toBe("reply");
  });
});

describe("GateListener", () => {
  test("gate - keeps messages running until they are released, the oldest first", async () => {
    const bus = busWith("parallel");
    const gate = new GateListener();
    bus.listen(NAME, gate);
    const replies = ["a", "b"].map((payload) => bus.request(NAME, payload));
    await gate.entered(2);
    expect(gate.held.map(({ payload }) => payload)).toEqual(["a", "b"]);
    expect(bus.getDestination(NAME)?.statistics.activeMessageCount).toBe(2);
    expect(gate.release("for a")).toBe(true);
    expect(gate.held.map(({ payload }) => payload)).toEqual(["b"]);
    expect(gate.release("for b")).toBe(true);

    await expect(Promise.all(replies)).resolves.toEqual(["for a", "for b"]);
    expect(gate.release()).toBe(false);
    expect(gate.contexts).toHaveLength(2);
  });

  test("gate - lets the oldest fail", async () => {
    const bus = busWith("serial");
    const gate = new GateListener();
    bus.listen(NAME, gate);
    const failure = bus.request(NAME, "a");
    expect(gate.fail(new Error("nobody yet"))).toBe(false);
    await gate.entered(1);
    const cause = new Error("no");
    expect(gate.fail(cause)).toBe(true);

    await expect(failure).rejects.toMatchObject({ code: "BUSLINE_LISTENER_FAILED", cause });
  });

  test("gate - once open, lets everything through, but still counts it", async () => {
    const bus = busWith("serial");
    const gate = new GateListener();
    bus.listen(NAME, gate);
    void bus.send(NAME, "held");
    void bus.send(NAME, "waiting");
    await gate.entered(1);
    gate.open();
    void bus.send(NAME, "later");
    await gate.entered(3);
    await untilQuiet(bus);

    expect(gate.held).toEqual([]);
    expect(bus.getDestination(NAME)?.statistics.deliveredMessageCount).toBe(3);
  });

  test("gate - hands out the contexts, so that a test can watch signals", async () => {
    const clock = new ManualClock();
    const bus = new MessageBus({ clock });
    bus.addDestination(new DestinationConfiguration("serial", NAME));
    const gate = new GateListener();
    bus.listen(NAME, gate);
    const reply = bus.request(NAME, "a", { timeoutMs: 10 });
    reply.catch(() => {});
    await gate.entered(1);
    const signal = gate.contexts[0]?.signal;
    clock.advance(10);

    expect(signal?.aborted).toBe(true);
    gate.open();
  });
});

describe("SteppedBus", () => {
  test("stepped bus - accepts at once, delivers from queues only in steps", async () => {
    const bus = new SteppedBus();
    bus.addDestination(new DestinationConfiguration("serial", NAME));
    const recorder = new Recorder();
    bus.listen(NAME, recorder);
    for (const payload of ["a", "b", "c"]) void bus.send(NAME, payload);
    await new Promise<void>((resume) => {
      setImmediate(resume);
    });
    expect(recorder.payloads).toEqual([]);
    expect(bus.step()).toBe(1);
    expect(recorder.payloads).toEqual(["a"]);
    expect(bus.step(2)).toBe(2);
    expect(recorder.payloads).toEqual(["a", "b", "c"]);
    expect(bus.step(10)).toBe(0);
  });

  test("stepped bus - starts fewer than asked for where fewer are ready", () => {
    const bus = new SteppedBus();
    bus.addDestination(new DestinationConfiguration("parallel", NAME));
    const recorder = new Recorder();
    bus.listen(NAME, recorder);
    void bus.send(NAME, "a");
    void bus.send(NAME, "b");

    expect(bus.step(0)).toBe(0);
    expect(bus.step(100)).toBe(2);
    expect(recorder.payloads).toEqual(["a", "b"]);
  });

  test("stepped bus - each listener of a message is a step of its own", () => {
    const bus = new SteppedBus();
    bus.addDestination(new DestinationConfiguration("parallel", NAME));
    const [first, second] = [new Recorder(), new Recorder()];
    bus.listen(NAME, first);
    bus.listen(NAME, second);
    void bus.send(NAME, "a");

    expect(bus.step()).toBe(1);
    expect([first.payloads.length, second.payloads.length]).toEqual([1, 0]);
    expect(bus.step()).toBe(1);
    expect(second.payloads).toEqual(["a"]);
  });

  test("stepped bus - a synchronous destination delivers in the sender's turn, as ever", () => {
    const bus = new SteppedBus();
    bus.addDestination(new DestinationConfiguration("synchronous", NAME));
    const recorder = new Recorder();
    bus.listen(NAME, recorder);
    void bus.send(NAME, "a");

    expect(recorder.payloads).toEqual(["a"]);
    expect(bus.step()).toBe(0);
  });

  test("stepped bus - a listener that ends does not start the next message by itself", async () => {
    const bus = new SteppedBus();
    bus.addDestination(new DestinationConfiguration("serial", NAME));
    const gate = new GateListener();
    bus.listen(NAME, gate);
    void bus.send(NAME, "a");
    void bus.send(NAME, "b");
    expect(bus.step(2)).toBe(1);
    gate.release();
    await new Promise<void>((resume) => {
      setImmediate(resume);
    });
    expect(gate.contexts).toHaveLength(1);
    expect(bus.step()).toBe(1);
    expect(gate.held.map(({ payload }) => payload)).toEqual(["b"]);
    gate.open();
  });

  test("stepped bus - its time is manual too", async () => {
    const bus = new SteppedBus({ closeDeadlineMs: 5 });
    bus.addDestination(new DestinationConfiguration("serial", NAME));
    bus.listen(NAME, () => {});
    void bus.send(NAME, "a");
    const reply = bus.request(NAME, "b", { timeoutMs: 10 });
    reply.catch(() => {});
    bus.clock.advance(10);
    await expect(reply).rejects.toMatchObject({ code: "BUSLINE_REQUEST_TIMEOUT" });
    const closing = bus.close();
    bus.clock.advance(5);

    await expect(closing).resolves.toMatchObject({ undelivered: [{ payload: "a" }] });
  });
});

describe("untilQuiet", () => {
  test("until quiet - waits for what waits and for what runs, through every chain", async () => {
    const bus = busWith("serial");
    const received: unknown[] = [];
    bus.listen(NAME, async ({ payload }) => {
      received.push(payload);
      await Promise.resolve();
      if (Number(payload) > 0) void bus.send(NAME, Number(payload) - 1);
    });
    void bus.send(NAME, 5);
    await untilQuiet(bus);

    expect(received).toEqual([5, 4, 3, 2, 1, 0]);
  });

  test("until quiet - does not resolve while a message runs", async () => {
    const bus = busWith("parallel");
    const gate = new GateListener();
    bus.listen(NAME, gate);
    void bus.send(NAME, "a");
    await gate.entered(1);
    let isQuiet = false;
    const quiet = untilQuiet(bus).then(() => {
      isQuiet = true;
    });
    await untilQuiet(new MessageBus());
    expect(isQuiet).toBe(false);
    gate.open();
    await quiet;
    expect(bus.statistics.deliveredMessageCount).toBe(1);
  });
});
