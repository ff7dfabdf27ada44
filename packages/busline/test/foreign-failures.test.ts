import {
  type Clock,
  DestinationConfiguration,
  FifoQueue,
  InvalidConfigurationError,
  InvalidMessageError,
  MessageBus,
  waitForSpace,
} from "busline";
import { GateListener, ManualClock, Recorder, untilQuiet } from "busline/testing";
import { describe, expect, test } from "vitest";
import { expectBalance } from "./property/ledger.ts";

const serial = DestinationConfiguration.createSerialDestinationConfiguration;
const LONGEST_MS = 2 ** 31 - 1;

function revoked(): never {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy as never;
}

describe("foreign objects that fail when they are looked at", () => {
  test("bus - an event listener that cannot be read is refused", () => {
    const bus = new MessageBus();
    expect(() => bus.addMessageBusEventListener(revoked())).toThrow(InvalidConfigurationError);
  });

  test("send - a signal that cannot be read is refused", () => {
    const bus = new MessageBus();
    const destination = bus.addDestination(serial("acme/work"));
    expect(() => destination.send(1, { signal: revoked() })).toThrow(InvalidConfigurationError);
  });

  test("events - a result whose then cannot be read is left alone", () => {
    const bus = new MessageBus();
    // oxlint-disable-next-line unicorn/no-thenable -- what must not be done is what is tested
    const unreadable = Object.defineProperty({}, "then", {
      get() {
        throw new Error("no");
      },
    });
    bus.addMessageBusEventListener({ destinationAdded: () => unreadable as never });
    expect(bus.addDestination(serial("acme/work")).name).toBe("acme/work");
  });

  test("schema - one that gives no result refuses the message", () => {
    const bus = new MessageBus();
    const schema = { "~standard": { version: 1, vendor: "none", validate: () => undefined } };
    const destination = bus.addDestination(serial("acme/work", { schema: schema as never }));
    expect(() => destination.send(1)).toThrow(InvalidMessageError);
    expectBalance(destination.statistics);
  });

  test("queue - one of the user's own that takes nothing in has refused it to the sender", () => {
    class Full extends FifoQueue {
      override add(): void {
        throw new RangeError("full up");
      }
    }
    const bus = new MessageBus({
      destinationTypes: {
        full: () => ({ workerPer: "message", createQueue: () => new Full() }),
      },
    });
    const destination = bus.addDestination(new DestinationConfiguration("full", "acme/full"));
    destination.listen(() => {});
    expect(() => destination.send(1)).toThrow("full up");
    expect(destination.statistics.rejectedMessageCount).toBe(1);
    expectBalance(destination.statistics);
  });

  test("listener - an error whose stack cannot be made a text is told of all the same", async () => {
    const warnings: Error[] = [];
    const note = (warning: Error): void => void warnings.push(warning);
    process.on("warning", note);
    const bus = new MessageBus();
    const destination = bus.addDestination<number>(serial("acme/work"));
    destination.listen(({ payload }) => {
      if (payload === 1) throw Object.assign(new Error("odd"), { stack: Object.create(null) });
    });
    for (const number of [1, 2]) void destination.send(number);
    await untilQuiet(bus);
    await turns();
    process.off("warning", note);
    expect(warnings.map(({ message }) => message)).toEqual([
      'A listener of "acme/work" failed: (the thrown value cannot be printed)',
    ]);
    expect(destination.statistics).toMatchObject({
      failedMessageCount: 1,
      deliveredMessageCount: 1,
    });
  });

  test("clock - one that fails in the middle of a turn is reported, and the turn is repeated", async () => {
    class Moody extends ManualClock implements Clock {
      readings = 0;
      override monotonicNow(): number {
        this.readings += 1;
        if (this.readings === 2) throw new Error("stopped");
        return super.monotonicNow();
      }
    }
    const logged: string[] = [];
    const bus = new MessageBus({
      clock: new Moody(),
      logger: { error: (_details, text) => void logged.push(text) },
    });
    const destination = bus.addDestination<number>(serial("acme/work"));
    const recorder = new Recorder<number>();
    destination.listen(recorder);
    for (const number of [1, 2, 3]) void destination.send(number);
    expect(await recorder.count(3)).toEqual([1, 2, 3]);
    expect(logged).toEqual(["A destination's turn failed"]);
  });
});

describe("what comes late", () => {
  test("handler - one that fails after its wait has succeeded has taken the message", async () => {
    const bus = new MessageBus();
    const destination = bus.addDestination<number>(
      serial("acme/full", {
        maximumQueueSize: 1,
        rejectedExecutionHandler: async (rejection) => {
          await waitForSpace()(rejection);
          throw new Error("too late");
        },
      }),
    );
    const gate = new GateListener<number>();
    destination.listen(gate);
    for (const number of [1, 2]) void destination.send(number);
    const sent = destination.send(3);
    gate.open();
    await expect(sent).rejects.toThrow("too late");
    await untilQuiet(bus);
    expect(destination.statistics).toMatchObject({
      sentMessageCount: 3,
      deliveredMessageCount: 3,
      rejectedMessageCount: 0,
    });
  });

  test("request - of two replies that are checked at the same time the first wins", async () => {
    const bus = new MessageBus();
    const schema = {
      "~standard": {
        version: 1,
        vendor: "slow",
        validate: async (value: unknown) => ({ value }),
      },
    } as const;
    const destination = bus.addDestination<string, string>(
      serial("acme/asked", { replySchema: schema }),
    );
    destination.listen(({ responseDestinationName, responseId }) => {
      for (const reply of ["first", "second"]) {
        void bus.send(responseDestinationName as string, reply, {
          responseId: responseId as string,
        });
      }
    });
    await expect(destination.request("?")).resolves.toBe("first");
  });

  test("request - an asynchronous listener's reply is waited for while it is checked", async () => {
    const bus = new MessageBus();
    const schema = {
      "~standard": { version: 1, vendor: "slow", validate: async () => ({ value: "checked" }) },
    } as const;
    const destination = bus.addDestination<string, string>(
      serial("acme/asked", { replySchema: schema }),
    );
    destination.listen(async ({ payload }) => payload);
    await expect(destination.request("?")).resolves.toBe("checked");
    await untilQuiet(bus);
    expect(destination.statistics.deliveredMessageCount).toBe(1);
  });

  test("process - a message that waits for longer than a timer can is still held", async () => {
    const clock = new ManualClock();
    const bus = new MessageBus({ clock });
    const destination = bus.addDestination<number>(serial("acme/work"));
    const recorder = new Recorder<number>();
    destination.listen(recorder);
    destination.pause();
    void destination.send(1);
    await turns();
    const { timerCount } = clock;
    expect(timerCount).toBe(1);
    clock.advance(LONGEST_MS);
    expect(clock.timerCount).toBe(timerCount);
    destination.resume();
    expect(await recorder.count(1)).toEqual([1]);
    await bus.close();
    expect(clock.timerCount).toBe(0);
  });

  test("drain - a listener long taken for synchronous may send on after all, and others with it", async () => {
    const bus = new MessageBus();
    const learned = bus.addDestination<number>(
      DestinationConfiguration.createSynchronousDestinationConfiguration("acme/learned"),
    );
    const next = bus.addDestination<string>(serial("acme/next"));
    const recorder = new Recorder<string>();
    next.listen(recorder);
    const opened = new Recorder();
    learned.listen(({ payload }) => {
      if (payload < 1_000) return undefined;
      return opened.count(1).then(() => next.send("sent on"));
    });
    for (let number = 0; number < 1_000; number += 1) void learned.send(number);
    const last = learned.send(1_000);
    const drained = bus.drain();
    void next.send("nobody can tell");
    opened.receive("now" as never);
    await Promise.all([last, drained]);
    expect(recorder.payloads).toEqual(["nobody can tell", "sent on"]);
    expect(() => next.send("refused")).toThrow(expect.objectContaining({ code: "BUSLINE_CLOSED" }));
  });
});

async function turns(): Promise<void> {
  const bus = new MessageBus();
  await untilQuiet(bus);
  await untilQuiet(bus);
}
