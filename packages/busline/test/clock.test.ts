import { DestinationConfiguration, MessageBus, RequestTimeoutError, waitForSpace } from "busline";
import { GateListener, Recorder } from "busline/testing";
import { describe, expect, test } from "vitest";

const turn = (): Promise<void> =>
  new Promise((resume) => {
    setImmediate(resume);
  });

describe("the machine's clock", () => {
  test("clock - sentAt lies between the moments before and after the sending", async () => {
    const bus = new MessageBus();
    bus.addDestination(new DestinationConfiguration("synchronous", "acme/now"));
    const recorder = new Recorder();
    bus.listen("acme/now", recorder);
    // A new turn: the clock may be read once a turn.
    await turn();
    const before = Date.now();
    void bus.send("acme/now", "a");
    const after = Date.now();

    expect(recorder.messages[0]?.sentAt).toBeGreaterThanOrEqual(before);
    expect(recorder.messages[0]?.sentAt).toBeLessThanOrEqual(after);
  });

  test("clock - a later turn has a later sentAt", async () => {
    const bus = new MessageBus();
    bus.addDestination(new DestinationConfiguration("synchronous", "acme/now"));
    const recorder = new Recorder();
    bus.listen("acme/now", recorder);
    void bus.send("acme/now", "a");
    const first = recorder.messages[0]?.sentAt ?? Infinity;
    while (Date.now() <= first) await turn();
    await turn();
    void bus.send("acme/now", "b");

    expect(recorder.messages[1]?.sentAt).toBeGreaterThan(first);
  });

  test("clock - a request times out by real time, and not early", async () => {
    const bus = new MessageBus();
    bus.addDestination(new DestinationConfiguration("parallel", "acme/slow"));
    const gate = new GateListener();
    bus.listen("acme/slow", gate);
    const startedAt = performance.now();

    await expect(bus.request("acme/slow", "a", { timeoutMs: 5 })).rejects.toThrow(
      RequestTimeoutError,
    );
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(5);
    gate.open();
    await expect(bus.close()).resolves.toMatchObject({ interrupted: [] });
  });

  test("clock - a request's time counts from the end of the run that made it, however long that takes", async () => {
    const { bus, gate } = slowDestination();
    const requests = [5, 5, 10].map((timeoutMs) =>
      endOf(bus.request("acme/slow", 1, { timeoutMs })),
    );
    // A timer that had been started with the request would have run out long before.
    blockThread(30);
    const runEndedAt = performance.now();
    const ends = await Promise.all(requests);
    expect(ends.map(({ error }) => error)).toEqual([TIMED_OUT, TIMED_OUT, TIMED_OUT]);
    const [first = 0, second = 0, third = 0] = ends.map(({ at }) => at - runEndedAt);
    for (const elapsed of [first, second]) expect(elapsed).toBeGreaterThanOrEqual(5);
    expect(third).toBeGreaterThanOrEqual(10);
    gate.open();
    await bus.close();
  });

  test("clock - a later run has a later end: its requests do not expire with those of the run before", async () => {
    const { bus, gate } = slowDestination();
    const first = endOf(bus.request("acme/slow", 1, { timeoutMs: 10 }));
    await turn();
    blockThread(6);
    const second = endOf(bus.request("acme/slow", 2, { timeoutMs: 10 }));
    blockThread(6);
    const runEndedAt = performance.now();
    // When this run ends the first one's time is up, the second one's has just begun.
    expect((await first).error).toEqual(TIMED_OUT);
    const { error, at } = await second;
    expect(error).toEqual(TIMED_OUT);
    expect(at - runEndedAt).toBeGreaterThanOrEqual(10);
    gate.open();
    await bus.close();
  });

  test("clock - a sender's wait for room counts in the same way", async () => {
    const bus = new MessageBus();
    const full = bus.addDestination(
      DestinationConfiguration.createSerialDestinationConfiguration("acme/full", {
        maximumQueueSize: 1,
        rejectedExecutionHandler: waitForSpace({ timeoutMs: 5 }),
      }),
    );
    const gate = new GateListener();
    full.listen(gate);
    for (const payload of [1, 2]) void full.send(payload);
    const waiting = endOf(full.send(3) as Promise<void>);
    blockThread(20);
    const runEndedAt = performance.now();
    const { error, at } = await waiting;
    expect(error).toMatchObject({ code: "BUSLINE_WAIT_TIMEOUT" });
    expect(at - runEndedAt).toBeGreaterThanOrEqual(5);
    gate.open();
    await bus.close();
  });
});

const TIMED_OUT: unknown = expect.any(RequestTimeoutError);

function slowDestination(): { bus: MessageBus; gate: GateListener } {
  const bus = new MessageBus();
  bus.addDestination(new DestinationConfiguration("parallel", "acme/slow"));
  const gate = new GateListener();
  bus.listen("acme/slow", gate);
  return { bus, gate };
}

/** With what, and when, a promise is rejected. */
async function endOf(promise: Promise<unknown>): Promise<{ error: unknown; at: number }> {
  try {
    await promise;
  } catch (error) {
    return { error, at: performance.now() };
  }
  throw new Error("It was not rejected.");
}

/** Code that takes this long without a break. */
function blockThread(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}
