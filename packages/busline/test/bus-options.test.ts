import {
  DestinationConfiguration,
  FifoQueue,
  InvalidConfigurationError,
  MessageBus,
  type MessageBusOptions,
} from "busline";
import { GateListener, ManualClock, Recorder, untilQuiet } from "busline/testing";
import { describe, expect, test } from "vitest";

const NAME = "acme/work";
const serial = new DestinationConfiguration("serial", NAME);

const turn = (): Promise<void> =>
  new Promise((resume) => {
    setImmediate(resume);
  });

describe("bad values", () => {
  const factory = (): object => ({ workerPer: "message" });
  const clock = new ManualClock();

  test.each<[string, unknown]>([
    ["onError", "log it"],
    ["onError", null],
    ["logger", {}],
    ["logger", { error: "text" }],
    ["logger", null],
    ["logger", "console"],
    ["destinationTypes", "acme/priority"],
    ["destinationTypes", null],
    ["closeDeadlineMs", -1],
    ["closeDeadlineMs", Number.NaN],
    ["closeDeadlineMs", Infinity],
    ["closeDeadlineMs", 2 ** 31],
    ["closeDeadlineMs", "10000"],
    ["deliveriesPerTurn", 0],
    ["deliveriesPerTurn", 1.5],
    ["deliveriesPerTurn", Infinity],
    ["deliveriesPerTurn", "1024"],
    ["clock", {}],
    ["clock", Date],
    ["clock", { now: () => clock.now(), monotonicNow: () => clock.monotonicNow() }],
    ["clock", Object.assign(new ManualClock(), { endOfRun: 5 })],
  ])("bus - option %s: %o is refused by name", (attribute, value) => {
    const make = (): MessageBus => new MessageBus({ [attribute]: value });

    expect(make).toThrow(InvalidConfigurationError);
    expect(make).toThrow(
      expect.objectContaining({ attribute, code: "BUSLINE_INVALID_CONFIGURATION" }),
    );
  });

  test.each(["parallel", "serial", "synchronous"])(
    "bus - the built-in type %s cannot be replaced",
    (name) => {
      const make = (): MessageBus =>
        new MessageBus({
          destinationTypes: { [name]: factory } as MessageBusOptions["destinationTypes"] & object,
        });

      expect(make).toThrow(expect.objectContaining({ attribute: name }));
    },
  );

  test("bus - a destination type that is no function is refused by its name", () => {
    const options = { destinationTypes: { priority: {} } } as unknown as MessageBusOptions;

    expect(() => new MessageBus(options)).toThrow(
      expect.objectContaining({ attribute: "priority", allowed: "a function" }),
    );
  });

  test("bus - a misspelt option is refused, and the known ones are listed", () => {
    const options = { onErorr: () => {} } as MessageBusOptions;

    expect(() => new MessageBus(options)).toThrow(/onErorr must be absent \(known: onError, /);
  });

  test.each([null, 5, "options"])("bus - %s instead of options is refused", (options) => {
    expect(() => new MessageBus(options as unknown as MessageBusOptions)).toThrow(
      InvalidConfigurationError,
    );
  });

  test("bus - an option of undefined is its default", async () => {
    const options: object = { onError: undefined, clock: undefined, logger: undefined };
    const bus = new MessageBus(options);
    bus.addDestination(serial);
    bus.listen(NAME, () => "reply");

    await expect(bus.request(NAME, "a")).resolves.toBe("reply");
  });
});

describe("defaults and effects", () => {
  test.each([
    ["by default", {}, 10_000],
    ["given", { closeDeadlineMs: 70 }, 70],
    ["0", { closeDeadlineMs: 0 }, 0],
  ])(
    "bus - closeDeadlineMs %s bounds close and removeDestination",
    async (_, options, deadlineMs) => {
      for (const end of ["close", "removeDestination"] as const) {
        const clock = new ManualClock();
        const bus = new MessageBus({ ...options, clock });
        bus.addDestination(serial);
        const gate = new GateListener();
        bus.listen(NAME, gate);
        void bus.send(NAME, "a");
        await gate.entered(1);
        let isEnded = false;
        const ending = end === "close" ? bus.close() : bus.removeDestination(NAME);
        void ending.then(() => {
          isEnded = true;
        });
        if (deadlineMs > 0) clock.advance(deadlineMs - 1);
        await turn();
        expect(isEnded).toBe(false);
        clock.advance(Math.min(1, deadlineMs));
        await expect(ending).resolves.toMatchObject({ interrupted: [{ payload: "a" }] });
        gate.open();
      }
    },
  );

  test.each([
    ["by default", {}, 1_024],
    ["given", { deliveriesPerTurn: 10 }, 10],
    ["1", { deliveriesPerTurn: 1 }, 1],
  ])(
    "bus - deliveriesPerTurn %s bounds what starts before others have their turn",
    async (_, options, most) => {
      const bus = new MessageBus({ ...options, clock: new ManualClock() });
      bus.addDestination(new DestinationConfiguration("parallel", NAME));
      const recorder = new Recorder();
      bus.listen(NAME, recorder);
      for (let n = 0; n < 3 * most; n += 1) void bus.send(NAME, n);
      await Promise.resolve();
      expect(recorder.payloads).toHaveLength(most);
      await turn();
      expect(recorder.payloads).toHaveLength(2 * most);
      await untilQuiet(bus);
      expect(recorder.payloads).toHaveLength(3 * most);
    },
  );

  test("bus - destinationTypes: a type of one's own is made with its configuration", async () => {
    const asked: unknown[] = [];
    const bus = new MessageBus({
      destinationTypes: {
        "acme-fifo": (configuration) => {
          asked.push(configuration);
          return { createQueue: () => new FifoQueue(), workerPer: "message" };
        },
      },
    });
    const configuration = new DestinationConfiguration("acme-fifo", NAME);
    bus.addDestination(configuration);
    const recorder = new Recorder();
    bus.listen(NAME, recorder);
    void bus.send(NAME, "a");

    await expect(recorder.count(1)).resolves.toEqual(["a"]);
    expect(asked).toEqual([configuration]);
    expect(bus.getDestination(NAME)?.statistics.destinationType).toBe("acme-fifo");
  });

  test("bus - destinationTypes: an unknown type is refused with the list of the known", () => {
    const bus = new MessageBus({
      destinationTypes: { "acme-own": () => ({ workerPer: "message" }) },
    });

    expect(() => bus.addDestination(new DestinationConfiguration("unknown", NAME))).toThrow(
      /parallel, serial, keyed, dead-letter, synchronous, acme-own/,
    );
  });

  test("bus - clock: all time comes from it", async () => {
    const clock = new ManualClock({ startAt: 42 });
    const bus = new MessageBus({ clock });
    bus.addDestination(serial);
    const recorder = new Recorder();
    bus.listen(NAME, recorder);
    void bus.send(NAME, "a");
    await recorder.count(1);

    expect(recorder.messages[0]?.sentAt).toBe(42);
  });

  test("bus - options are read once: later changes have no effect", async () => {
    const told: string[] = [];
    const options = { onError: (): void => void told.push("first") };
    const bus = new MessageBus(options);
    options.onError = () => void told.push("second");
    bus.addDestination(serial);
    bus.listen(NAME, () => {
      throw new Error("no");
    });
    void bus.send(NAME, "a");
    await untilQuiet(bus);

    expect(told).toEqual(["first"]);
  });
});
