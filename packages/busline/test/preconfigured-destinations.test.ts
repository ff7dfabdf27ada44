import {
  DestinationConfiguration,
  DestinationNames,
  discardOldest,
  InvalidConfigurationError,
  type Message,
  MessageBus,
  type MessageStatus,
  SealedDestinationError,
} from "busline";
import { GateListener, ManualClock, Recorder, untilQuiet } from "busline/testing";
import { describe, expect, test } from "vitest";

const { HOT_DEPLOY, MESSAGE_BUS_DEFAULT_RESPONSE, MESSAGE_BUS_MESSAGE_STATUS } = DestinationNames;
const NAMES = Object.values(DestinationNames);

describe("bus - contract 6: preconfigured destinations", () => {
  test("bus - each constant stands ready on a new bus, and nothing else does", () => {
    expect(DestinationNames).toStrictEqual({
      HOT_DEPLOY: "liferay/hot_deploy",
      MESSAGE_BUS_DEFAULT_RESPONSE: "liferay/message_bus/default_response",
      MESSAGE_BUS_MESSAGE_STATUS: "liferay/message_bus/message_status",
    });
    expect(Object.isFrozen(DestinationNames)).toBe(true);
    expect(new MessageBus().destinationNames).toEqual(NAMES.toSorted());
  });

  test("bus - each is tuned for its purpose", () => {
    const bus = new MessageBus();
    const tuning = NAMES.map((name) => bus.getDestination(name)?.configuration.destinationType);
    expect(tuning).toEqual(["serial", "synchronous", "parallel"]);
    const status = bus.getDestination(MESSAGE_BUS_MESSAGE_STATUS);
    expect(status?.configuration.rejectedExecutionHandler).toBe(discardOldest);
  });

  test("bus - hot deploy carries deployment events in order, each to its end", async () => {
    const bus = new MessageBus();
    const gate = new GateListener<string>();
    bus.listen(HOT_DEPLOY, gate);
    void bus.send(HOT_DEPLOY, "first");
    void bus.send(HOT_DEPLOY, "second");
    await gate.entered(1);
    expect(gate.held.map(({ payload }) => payload)).toEqual(["first"]);
    gate.release();
    await gate.entered(2);
    expect(gate.held.map(({ payload }) => payload)).toEqual(["second"]);
    gate.open();
    await bus.close();
  });
});

describe.each(NAMES)("bus - %s is sealed", (name) => {
  const sealed = { code: "BUSLINE_SEALED_DESTINATION", destinationName: name };

  test("bus - adding over it is refused, even with its own configuration", () => {
    const bus = new MessageBus();
    const before = bus.getDestination(name);
    const configuration = DestinationConfiguration.createParallelDestinationConfiguration(name);
    expect(() => bus.addDestination(configuration)).toThrow(SealedDestinationError);
    expect(() => bus.addDestination(configuration)).toThrow(expect.objectContaining(sealed));
    expect(bus.getDestination(name)).toBe(before);
  });

  test("bus - replacing it is refused", () => {
    const bus = new MessageBus();
    const destination = bus.getDestination(name);
    const before = destination?.configuration;
    expect(() => bus.replaceDestination(new DestinationConfiguration("serial", name))).toThrow(
      expect.objectContaining(sealed),
    );
    expect(destination?.configuration).toBe(before);
  });

  test("bus - removing it is refused, with any deadline", async () => {
    const bus = new MessageBus();
    await expect(bus.removeDestination(name)).rejects.toMatchObject(sealed);
    await expect(bus.removeDestination(name, { deadlineMs: 0 })).rejects.toThrow(
      SealedDestinationError,
    );
    expect(bus.hasDestination(name)).toBe(true);
    const recorder = new Recorder();
    bus.listen(name, recorder);
    void bus.send(name, 1);
    expect(await recorder.count(1)).toEqual([1]);
  });

  test("bus - resizing it is refused, even to the size that it has", () => {
    const destination = new MessageBus().getDestination(name);
    expect(() => destination?.setWorkersSize(1, 1)).toThrow(expect.objectContaining(sealed));
    expect(() => destination?.setWorkersSize(2, 5)).toThrow(SealedDestinationError);
  });

  test("bus - the refusal says what is sealed and why", () => {
    const bus = new MessageBus();
    const replace = () => bus.replaceDestination(new DestinationConfiguration("serial", name));
    expect(replace).toThrow(/is a preconfigured destination.*cannot be replaced/);
    expect(replace).toThrow(name);
  });

  test("bus - pause, resume, purge, listen and send are allowed", async () => {
    const bus = new MessageBus();
    const destination = bus.getDestination(name);
    if (destination === undefined) throw new Error("It is not there.");
    const recorder = new Recorder();
    using registration = destination.listen(recorder);
    destination.pause();
    expect(destination.isPaused).toBe(true);
    // Where the sender's turn delivers nothing can wait.
    const waiting = name === MESSAGE_BUS_DEFAULT_RESPONSE ? [] : ["purged"];
    for (const payload of waiting) void destination.send(payload);
    expect(destination.purge()).toBe(waiting.length);
    destination.resume();
    void bus.send(name, "delivered");
    expect(await recorder.count(1)).toEqual(["delivered"]);
    registration.unregister();
    await bus.close();
  });
});

describe("reply - travels over the default response destination", () => {
  test("reply - a returned value arrives there as a message", async () => {
    const bus = new MessageBus();
    const observer = new Recorder();
    bus.listen(MESSAGE_BUS_DEFAULT_RESPONSE, observer);
    const requests: Message[] = [];
    bus.addDestination(DestinationConfiguration.createSerialDestinationConfiguration("acme/a"));
    bus.listen("acme/a", (message) => {
      requests.push(message);
      return "pong";
    });
    expect(await bus.request("acme/a", "ping")).toBe("pong");
    expect(observer.payloads).toEqual(["pong"]);
    expect(requests[0]?.responseDestinationName).toBe(MESSAGE_BUS_DEFAULT_RESPONSE);
    expect(requests[0]?.responseId).toEqual(expect.any(String));
    expect(observer.messages[0]?.responseId).toBe(requests[0]?.responseId);
    expect(bus.getDestination(MESSAGE_BUS_DEFAULT_RESPONSE)?.statistics).toMatchObject({
      sentMessageCount: 1,
      deliveredMessageCount: 1,
    });
  });

  test("reply - a message that somebody sends there by hand answers too", async () => {
    const bus = new MessageBus();
    bus.addDestination(DestinationConfiguration.createSerialDestinationConfiguration("acme/a"));
    bus.listen("acme/a", ({ responseDestinationName, responseId }) => {
      if (responseDestinationName === undefined || responseId === undefined) throw new Error("?");
      void bus.send(responseDestinationName, null, { responseId });
    });
    expect(await bus.request("acme/a", "ping")).toBeNull();
  });

  test("reply - a listener there that fails does not keep the reply from its request", async () => {
    const failures: unknown[] = [];
    const bus = new MessageBus({ onError: (error) => void failures.push(error) });
    bus.listen(MESSAGE_BUS_DEFAULT_RESPONSE, () => {
      throw new Error("rude observer");
    });
    bus.addDestination(DestinationConfiguration.createSerialDestinationConfiguration("acme/a"));
    bus.listen("acme/a", () => "pong");
    expect(await bus.request("acme/a", "ping")).toBe("pong");
    await untilQuiet(bus);
    expect(failures).not.toEqual([]);
  });
});

describe("listener - reports its status", () => {
  test("listener - success and failure are published with their duration", async () => {
    const clock = new ManualClock();
    const bus = new MessageBus({ clock, onError: () => {} });
    const statuses = new Recorder<MessageStatus>();
    bus.listen(MESSAGE_BUS_MESSAGE_STATUS, statuses);
    bus.addDestination(DestinationConfiguration.createSerialDestinationConfiguration("acme/a"));
    const gate = new GateListener();
    bus.listen("acme/a", gate, { name: "gate", reportStatus: true });
    void bus.send("acme/a", "succeeds", { id: "one" });
    void bus.send("acme/a", "fails", { id: "two" });
    await gate.entered(1);
    clock.advance(250);
    gate.release();
    await gate.entered(2);
    clock.advance(40);
    const error = new Error("no");
    gate.fail(error);
    const common = { destinationName: "acme/a", listenerName: "gate" };
    const reports = await statuses.count(2);
    expect(reports).toEqual([
      { ...common, messageId: "one", durationMs: 250, isFailure: false, error: undefined },
      { ...common, messageId: "two", durationMs: 40, isFailure: true, error },
    ]);
    expect(reports.every((report) => Object.isFrozen(report))).toBe(true);
    expect(reports[1]?.error).toBe(error);
  });

  test("listener - each listener that asked reports, for every type of destination", async () => {
    for (const type of ["parallel", "serial", "synchronous"]) {
      const bus = new MessageBus({ onError: () => {} });
      const statuses = new Recorder<MessageStatus>();
      bus.listen(MESSAGE_BUS_MESSAGE_STATUS, statuses);
      bus.addDestination(new DestinationConfiguration(type, "acme/a"));
      bus.listen("acme/a", () => {}, { name: "plain", reportStatus: true });
      bus.listen("acme/a", () => {}, { name: "silent", reportStatus: false });
      bus.listen("acme/a", () => {}, { name: "unasked" });
      bus.listen("acme/a", async () => {}, { name: "promised", reportStatus: true });
      await bus.send("acme/a", 1);
      await untilQuiet(bus);
      const names = statuses.payloads.map(({ listenerName }) => listenerName);
      expect(names.toSorted()).toEqual(["plain", "promised"]);
    }
  });

  test("listener - nobody listening for statuses harms nothing", async () => {
    const bus = new MessageBus();
    const destination = bus.addDestination(
      DestinationConfiguration.createSynchronousDestinationConfiguration("acme/a"),
    );
    destination.listen(() => {}, { reportStatus: true });
    void destination.send(1);
    expect(destination.statistics.deliveredMessageCount).toBe(1);
    expect(bus.getDestination(MESSAGE_BUS_MESSAGE_STATUS)?.statistics.undeliveredMessageCount).toBe(
      1,
    );
  });

  test("listener - a report on a report is refused", () => {
    const bus = new MessageBus();
    const options = { reportStatus: true };
    expect(() => bus.listen(MESSAGE_BUS_MESSAGE_STATUS, () => {}, options)).toThrow(
      InvalidConfigurationError,
    );
    expect(() => bus.getDestination(MESSAGE_BUS_MESSAGE_STATUS)?.listen(() => {}, options)).toThrow(
      InvalidConfigurationError,
    );
    expect(bus.hasListener(MESSAGE_BUS_MESSAGE_STATUS)).toBe(false);
  });
});
