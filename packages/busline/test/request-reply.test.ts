import {
  DestinationConfiguration,
  DestinationNames,
  type Message,
  MessageBus,
  NoListenerError,
  UnknownDestinationError,
} from "busline";
import { GateListener, ManualClock, Recorder, untilQuiet } from "busline/testing";
import { describe, expect, test } from "vitest";

const NAME = "acme/echo";
const TYPES = ["parallel", "serial", "synchronous"] as const;

function busWith(destinationType: string): MessageBus {
  const bus = new MessageBus({ clock: new ManualClock() });
  bus.addDestination(new DestinationConfiguration(destinationType, NAME));
  return bus;
}

/** Replies the long way: with a message to where the request says. */
function replyByMessage(bus: MessageBus, { responseDestinationName, responseId }: Message): void {
  if (responseDestinationName === undefined || responseId === undefined) {
    throw new Error("nobody asks");
  }
  void bus.send(responseDestinationName, "by message", { responseId });
}

describe.each(TYPES)("a %s destination", (destinationType) => {
  test("reply - is the value that a listener returns", async () => {
    const bus = busWith(destinationType);
    bus.listen(NAME, ({ payload }) => `plain ${String(payload)}`);

    await expect(bus.request(NAME, "a")).resolves.toBe("plain a");
  });

  test("reply - is the value that a listener promises", async () => {
    const bus = busWith(destinationType);
    const gate = new GateListener();
    bus.listen(NAME, gate);

    const reply = bus.request(NAME, "a");
    await gate.entered(1);
    gate.release("promised");

    await expect(reply).resolves.toBe("promised");
  });

  test("reply - is what a listener gives to context.reply, before it has ended", async () => {
    const bus = busWith(destinationType);
    const gate = new GateListener();
    bus.listen(NAME, (message, context) => {
      context.reply("early");
      return gate.receive(message, context);
    });

    await expect(bus.request(NAME, "a")).resolves.toBe("early");
    expect(gate.held).toHaveLength(1);
    gate.open();
  });

  test("reply - is a message to responseDestinationName with the responseId", async () => {
    const bus = busWith(destinationType);
    bus.listen(NAME, (message) => replyByMessage(bus, message));

    await expect(bus.request(NAME, "a")).resolves.toBe("by message");
  });

  test.each([null, false, 0, "", Number.NaN])("reply - %s is a reply", async (value) => {
    const bus = busWith(destinationType);
    bus.listen(NAME, () => value);

    await expect(bus.request(NAME, "a")).resolves.toBe(value);
  });

  test("reply - undefined is none: the next listener's value is the reply", async () => {
    const bus = busWith(destinationType);
    bus.listen(NAME, () => {});
    bus.listen(NAME, async () => {});
    bus.listen(NAME, () => "third");

    await expect(bus.request(NAME, "a")).resolves.toBe("third");
  });

  test("reply - the first wins, the others are counted as late", async () => {
    const bus = busWith(destinationType);
    bus.listen(NAME, () => "first");
    bus.listen(NAME, () => "second");
    bus.listen(NAME, async () => "third");

    await expect(bus.request(NAME, "a")).resolves.toBe("first");
    await untilQuiet(bus);
    expect(bus.statistics.lateReplyCount).toBe(2);
  });

  test("reply - one listener may reply twice: the second is late and harms nobody", async () => {
    const bus = busWith(destinationType);
    bus.listen(NAME, (message, context) => {
      context.reply("reply");
      replyByMessage(bus, message);
      return "returned";
    });

    await expect(bus.request(NAME, "a")).resolves.toBe("reply");
    await untilQuiet(bus);
    expect(bus.statistics.lateReplyCount).toBe(2);
    expect(bus.getDestination(NAME)?.statistics).toMatchObject({ deliveredMessageCount: 1 });
  });

  test("request - without a listener fails at once with NoListenerError", async () => {
    const bus = busWith(destinationType);

    await expect(bus.request(NAME, "a")).rejects.toThrow(NoListenerError);
    await expect(bus.request(NAME, "a")).rejects.toMatchObject({
      code: "BUSLINE_NO_LISTENER",
      destinationName: NAME,
    });
    expect(bus.getDestination(NAME)?.statistics.undeliveredMessageCount).toBe(2);
  });

  test("request - carries headers, id and key, and where to reply", async () => {
    const bus = busWith(destinationType);
    const recorder = new Recorder();
    bus.listen(NAME, recorder);
    bus.listen(NAME, () => "done");

    await bus.request(NAME, "a", { headers: { tenant: "7" }, id: "mine", key: "k" });
    await recorder.count(1);
    const [message] = recorder.messages;
    expect(message).toMatchObject({ id: "mine", key: "k", payload: "a" });
    expect(message?.headers["tenant"]).toBe("7");
    expect(message?.responseDestinationName).toBe(DestinationNames.MESSAGE_BUS_DEFAULT_RESPONSE);
    expect(message?.responseId).toEqual(expect.any(String));
  });

  test("send - with responseDestinationName, the returned value is sent there", async () => {
    const bus = busWith(destinationType);
    const answers = new Recorder();
    bus.addDestination(new DestinationConfiguration("serial", "acme/answers"));
    bus.listen("acme/answers", answers);
    bus.listen(NAME, ({ payload }) => `answer to ${String(payload)}`);

    await bus.send(NAME, "a", { responseDestinationName: "acme/answers", responseId: "42" });

    await expect(answers.count(1)).resolves.toEqual(["answer to a"]);
    expect(answers.messages[0]).toMatchObject({
      destinationName: "acme/answers",
      responseId: "42",
    });
  });

  test("send - without responseDestinationName, a returned value goes nowhere", async () => {
    const bus = busWith(destinationType);
    bus.listen(NAME, (_message, context) => {
      context.reply("ignored");
      return "ignored too";
    });

    await bus.send(NAME, "a");
    await untilQuiet(bus);

    expect(bus.getDestination(NAME)?.statistics.deliveredMessageCount).toBe(1);
    expect(bus.statistics).toMatchObject({ sentMessageCount: 1, lateReplyCount: 0 });
  });

  test("send - an unknown responseDestinationName is the listener's failure", async () => {
    const told: unknown[] = [];
    const bus = new MessageBus({ onError: (error) => void told.push(error) });
    bus.addDestination(new DestinationConfiguration(destinationType, NAME));
    bus.listen(NAME, async () => "answer");

    // A synchronous destination tells its sender too.
    await Promise.resolve(bus.send(NAME, "a", { responseDestinationName: "acme/nowhere" })).catch(
      () => {},
    );
    await untilQuiet(bus);

    expect(told).toEqual([expect.any(UnknownDestinationError)]);
    expect(bus.getDestination(NAME)?.statistics.failedMessageCount).toBe(1);
  });
});

describe("request", () => {
  test("request - to an unknown destination rejects, and does not throw", async () => {
    const reply = new MessageBus().request("acme/nowhere", "a");

    await expect(reply).rejects.toThrow(UnknownDestinationError);
  });

  test.each(["parallel", "serial"])(
    "request - a hundred queued ones at a %s destination each get their own reply",
    async (destinationType) => {
      const bus = busWith(destinationType);
      const waiting: (() => void)[] = [];
      // Every third ends late, so that replies overtake each other where workers may.
      bus.listen<string>(NAME, async ({ payload }) => {
        if (Number(payload) % 3 === 0) await new Promise<void>((end) => waiting.push(end));
        return `reply to ${String(payload)}`;
      });
      const requests = Array.from({ length: 100 }, (_, n) => bus.request(NAME, n));
      let isDone = false;
      const all = Promise.all(requests).finally(() => {
        isDone = true;
      });
      while (!isDone) {
        await new Promise<void>((resume) => {
          setImmediate(resume);
        });
        waiting.pop()?.();
      }

      expect(await all).toEqual(Array.from({ length: 100 }, (_, n) => `reply to ${n}`));
      expect(bus.statistics).toMatchObject({ pendingRequestCount: 0, lateReplyCount: 0 });
    },
  );

  test("request - a reply to nobody's responseId is counted as late", async () => {
    const bus = new MessageBus();

    await bus.send(DestinationNames.MESSAGE_BUS_DEFAULT_RESPONSE, 1, { responseId: "unknown" });
    await bus.send(DestinationNames.MESSAGE_BUS_DEFAULT_RESPONSE, 1);

    expect(bus.statistics.lateReplyCount).toBe(2);
  });

  test("request - a reply may still come as a message after all listeners have ended", async () => {
    const bus = busWith("parallel");
    const recorder = new Recorder();
    bus.listen(NAME, recorder);

    const reply = bus.request(NAME, "a");
    await recorder.count(1);
    await untilQuiet(bus);
    recorder.messages.forEach((message) => replyByMessage(bus, message));

    await expect(reply).resolves.toBe("by message");
  });

  test("request - whose listeners all left while it waited fails with NoListenerError", async () => {
    const bus = busWith("serial");
    const registration = bus.listen(NAME, () => "never");
    bus.getDestination(NAME)?.pause();

    const reply = bus.request(NAME, "a");
    registration.unregister();
    bus.getDestination(NAME)?.resume();

    await expect(reply).rejects.toThrow(NoListenerError);
  });

  test("request - through the destination's handle is the same", async () => {
    const bus = new MessageBus();
    const doubled = bus.addDestination<number, number>(
      DestinationConfiguration.createParallelDestinationConfiguration("acme/doubled"),
    );
    doubled.listen(({ payload }) => payload * 2);

    await expect(doubled.request(21)).resolves.toBe(42);
  });
});
