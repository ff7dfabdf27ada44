import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { DestinationConfiguration, ListenerFailedError, MessageBus } from "busline";
import { GateListener, untilQuiet } from "busline/testing";
import { describe, expect, test } from "vitest";

/*
 * A listener that has run 1,000 times in the same way is called in a shorter way from then on. Nobody may see a
 * difference: here each has run so often before the run that counts.
 */
const OFTEN = 1_200;
const { createParallelDestinationConfiguration: parallel } = DestinationConfiguration;
const { createSerialDestinationConfiguration: serial } = DestinationConfiguration;
const { createSynchronousDestinationConfiguration: synchronous } = DestinationConfiguration;

async function sendOften(bus: MessageBus, name: string): Promise<void> {
  for (let number = 0; number < OFTEN; number += 1) void bus.send(name, number);
  await untilQuiet(bus);
}

function isLast({ payload }: { readonly payload: unknown }): boolean {
  return payload === "last";
}

describe.each([
  ["parallel", parallel("acme/a")],
  ["serial", serial("acme/a")],
  ["synchronous", synchronous("acme/a")],
] as const)("a listener of a %s destination that is well known", (_, configuration) => {
  test("request - its values are replies", async () => {
    const bus = new MessageBus();
    const destination = bus.addDestination<number, number>(configuration as never);
    destination.listen(({ payload }) => payload * 2);
    await sendOften(bus, "acme/a");
    for (let number = 0; number < 20; number += 1) {
      expect(await destination.request(number)).toBe(number * 2);
    }
    expect(destination.statistics).toMatchObject({
      deliveredMessageCount: OFTEN + 20,
      listeners: [{ deliveredCount: OFTEN + 20 }],
    });
    const answers = bus.getDestination("liferay/message_bus/default_response")?.statistics;
    expect(answers).toMatchObject({ sentMessageCount: 20, deliveredMessageCount: 20 });
  });

  test("request - a value that takes time to be checked is awaited", async () => {
    const bus = new MessageBus();
    const replySchema = {
      "~standard": {
        version: 1,
        vendor: "acme",
        validate: async (value: unknown) =>
          value === "bad"
            ? { issues: [{ message: "bad" }] }
            : { value: `checked ${String(value)}` },
      },
    } as const;
    const { destinationType, destinationName } = configuration;
    const destination = bus.addDestination<string, string>(
      new DestinationConfiguration(destinationType, destinationName, { replySchema }) as never,
    );
    destination.listen((message) => (typeof message.payload === "string" ? message.payload : ""));
    await sendOften(bus, "acme/a");
    expect(await destination.request("good")).toBe("checked good");
    await expect(destination.request("bad")).rejects.toThrow(ListenerFailedError);
    expect(destination.statistics).toMatchObject({ failedMessageCount: 1, activeMessageCount: 0 });
  });

  test("failure - is counted and told as ever, and the others run", async () => {
    const told: unknown[] = [];
    const bus = new MessageBus({
      onError: (error, { listenerName }) => void told.push([error, listenerName]),
    });
    const destination = bus.addDestination<unknown>(configuration as never);
    const ran: string[] = [];
    destination.listen((message) => void (isLast(message) && ran.push("one")), { name: "one" });
    destination.listen(
      (message) => {
        if (isLast(message)) throw new RangeError("two");
      },
      { name: "two" },
    );
    destination.listen(
      async (message) => {
        if (isLast(message)) throw new RangeError("three");
      },
      { name: "three" },
    );
    destination.listen((message) => void (isLast(message) && ran.push("four")), { name: "four" });
    await sendOften(bus, "acme/a");
    await Promise.resolve(destination.send("last")).catch(() => {});
    await untilQuiet(bus);
    expect(ran).toEqual(["one", "four"]);
    expect(told).toEqual([
      [new RangeError("two"), "two"],
      [new RangeError("three"), "three"],
    ]);
    expect(destination.statistics).toMatchObject({
      deliveredMessageCount: OFTEN,
      failedMessageCount: 1,
      listeners: [
        { deliveredCount: OFTEN + 1, failedCount: 0 },
        { deliveredCount: OFTEN, failedCount: 1 },
        { deliveredCount: OFTEN, failedCount: 1 },
        { deliveredCount: OFTEN + 1, failedCount: 0 },
      ],
    });
  });

  test("promise - one that is returned after all is awaited, observed or not", async () => {
    const bus = new MessageBus();
    const destination = bus.addDestination<unknown>(configuration as never);
    const gate = new GateListener();
    destination.listen((message, context) =>
      isLast(message) ? gate.receive(message, context) : undefined,
    );
    await sendOften(bus, "acme/a");
    const observer = (): void => {};
    subscribe("tracing:busline.deliver:start", observer);
    const first = destination.send("last");
    await gate.entered(1);
    unsubscribe("tracing:busline.deliver:start", observer);
    expect(destination.statistics).toMatchObject({ activeMessageCount: 1 });
    gate.open();
    await first;
    await untilQuiet(bus);
    expect(destination.statistics).toMatchObject({ deliveredMessageCount: OFTEN + 1 });
  });

  test("close - one that goes on past the deadline is interrupted and reported", async () => {
    const bus = new MessageBus();
    const destination = bus.addDestination<unknown>(configuration as never);
    const gate = new GateListener();
    let signal: AbortSignal | undefined;
    destination.listen(async (message, context) => {
      if (!isLast(message)) return;
      ({ signal } = context);
      await gate.receive(message, context);
    });
    await sendOften(bus, "acme/a");
    const sent = Promise.resolve(destination.send("last")).catch(() => {});
    await gate.entered(1);
    const report = await bus.close({ deadlineMs: 0 });
    expect(report.interrupted.map(({ payload }) => payload)).toEqual(["last"]);
    expect(signal?.aborted).toBe(true);
    gate.open();
    await sent;
  });

  test("signal - of a sender who gives up reaches it", async () => {
    const bus = new MessageBus();
    const destination = bus.addDestination<unknown>(configuration as never);
    const gate = new GateListener();
    destination.listen(async (message, context) => {
      if (isLast(message)) await gate.receive(message, context);
    });
    await sendOften(bus, "acme/a");
    const controller = new AbortController();
    const sent = destination.send("last", { signal: controller.signal });
    await gate.entered(1);
    controller.abort();
    expect(gate.contexts[0]?.signal.aborted).toBe(true);
    gate.open();
    await sent;
    await bus.close();
  });

  test("unregistered - it is not called any more, though the message was sent before", async () => {
    const bus = new MessageBus();
    const destination = bus.addDestination<unknown>(configuration as never);
    const ran: string[] = [];
    destination.listen((message) => {
      if (isLast(message)) registration.unregister();
    });
    const registration = destination.listen((message) => void (isLast(message) && ran.push("no")));
    await sendOften(bus, "acme/a");
    void destination.send("last");
    await untilQuiet(bus);
    expect(ran).toEqual([]);
    expect(destination.statistics).toMatchObject({ deliveredMessageCount: OFTEN + 1 });
  });
});
