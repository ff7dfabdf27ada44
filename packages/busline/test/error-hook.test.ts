import {
  DestinationConfiguration,
  type FailureContext,
  ListenerFailedError,
  MessageBus,
  type MessageBusOptions,
} from "busline";
import { untilQuiet } from "busline/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

const NAME = "acme/failing";
const QUEUED = ["parallel", "serial"] as const;
const TYPES = [...QUEUED, "synchronous"] as const;
const failure = new Error("no");

interface CodedWarning extends Error {
  readonly code?: string;
}

/** What the process has been warned of; the real event, which comes in a later turn. */
let warnings: CodedWarning[] = [];
const warned = (warning: CodedWarning): void => void warnings.push(warning);

beforeEach(() => {
  warnings = [];
  process.on("warning", warned);
});

afterEach(() => {
  process.off("warning", warned);
});

/** Sends one message that fails, and waits until whoever is to be told has been. */
async function fail(
  options: MessageBusOptions,
  destinationType: string,
  listeners: readonly (() => unknown)[] = [failing],
): Promise<{ readonly thrown: unknown; readonly bus: MessageBus }> {
  const bus = new MessageBus(options);
  bus.addDestination(new DestinationConfiguration(destinationType, NAME));
  for (const listener of listeners) bus.listen(NAME, listener);
  let thrown: unknown;
  try {
    await bus.send(NAME, "payload");
  } catch (error) {
    thrown = error;
  }
  await untilQuiet(bus);
  await laterTurns();
  return { thrown, bus };
}

// Warnings and unhandled rejections come a turn later.
async function laterTurns(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) {
    await new Promise<void>((resume) => {
      setImmediate(resume);
    });
  }
}

function failing(): never {
  throw failure;
}

describe.each(TYPES)("a %s destination", (destinationType) => {
  test.each([
    ["throws", failing],
    ["rejects", async () => failing()],
  ])(
    "error hook - is told when a listener %s, once, with all that is known",
    async (_, listener) => {
      const told: [unknown, FailureContext][] = [];
      const { bus } = await fail(
        { onError: (error, context) => void told.push([error, context]) },
        destinationType,
        [listener],
      );

      expect(told).toHaveLength(1);
      expect(told[0]?.[0]).toBe(failure);
      expect(told[0]?.[1]).toMatchObject({
        message: { payload: "payload" },
        destination: NAME,
        listenerName: bus.getDestination(NAME)?.statistics.listeners[0]?.name,
      });
      expect(warnings).toEqual([]);
    },
  );

  test("error hook - is told of each failing listener; the others still run", async () => {
    const told: string[] = [];
    let isReached = false;
    const { bus } = await fail(
      { onError: (_error, { listenerName }) => void told.push(listenerName) },
      destinationType,
      [failing, async () => failing(), () => void (isReached = true)],
    );

    expect(told).toHaveLength(2);
    expect(isReached).toBe(true);
    expect(bus.getDestination(NAME)?.statistics.failedMessageCount).toBe(1);
  });

  test("error hook - is told also of a failure that a requester gets", async () => {
    const told: unknown[] = [];
    const bus = new MessageBus({ onError: (error) => void told.push(error) });
    bus.addDestination(new DestinationConfiguration(destinationType, NAME));
    bus.listen(NAME, failing);

    await expect(bus.request(NAME, "a")).rejects.toThrow(ListenerFailedError);
    expect(told).toEqual([failure]);
  });

  test("error hook - any thrown value reaches it as it is", async () => {
    for (const thrown of [undefined, null, 0, "text", Object.create(null) as unknown]) {
      const told: unknown[] = [];
      await fail({ onError: (error) => void told.push(error) }, destinationType, [
        () => {
          throw thrown;
        },
      ]);
      expect(told).toEqual([thrown]);
    }
  });

  test("logger - is told nothing that the requester gets", async () => {
    const logged: unknown[] = [];
    const bus = new MessageBus({ logger: { error: (details) => void logged.push(details) } });
    bus.addDestination(new DestinationConfiguration(destinationType, NAME));
    bus.listen(NAME, failing);

    await expect(bus.request(NAME, "a")).rejects.toThrow(ListenerFailedError);
    await laterTurns();
    expect(logged).toEqual([]);
    expect(warnings).toEqual([]);
  });

  test.each([
    ["before another's reply", [failing, () => "reply"]],
    ["after another's reply", [() => "reply", failing]],
  ])("logger - is told of a failure %s: no requester gets it", async (_, listeners) => {
    const logged: object[] = [];
    const bus = new MessageBus({ logger: { error: (details) => void logged.push(details) } });
    bus.addDestination(new DestinationConfiguration(destinationType, NAME));
    for (const listener of listeners) bus.listen(NAME, listener);

    await expect(bus.request(NAME, "a")).resolves.toBe("reply");
    await untilQuiet(bus);

    expect(logged).toEqual([expect.objectContaining({ err: failure })]);
  });
});

describe.each(QUEUED)("a %s destination without a hook", (destinationType) => {
  test("logger - is told instead, with details and a text", async () => {
    const logged: [object, string][] = [];
    await fail(
      { logger: { error: (details, text) => void logged.push([details, text]) } },
      destinationType,
    );

    expect(logged).toEqual([
      [
        expect.objectContaining({ err: failure, destination: NAME, listenerName: "failing" }),
        `A listener of "${NAME}" failed`,
      ],
    ]);
    expect(warnings).toEqual([]);
  });

  test("warning - exactly one is given where there is no logger either", async () => {
    await fail({}, destinationType);

    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatchObject({ name: "BuslineWarning", code: "BUSLINE_WARNING" });
    expect(warnings[0]?.message).toContain(`A listener of "${NAME}" failed: Error: no`);
  });

  test("warning - what cannot be printed harms nobody", async () => {
    await fail({}, destinationType, [
      () => {
        throw Object.create(null);
      },
    ]);

    expect(warnings[0]?.message).toContain("(the thrown value cannot be printed)");
  });

  test("logger - with a hook it is not told of listeners' failures", async () => {
    const logged: unknown[] = [];
    const told: unknown[] = [];
    await fail(
      {
        onError: (error) => void told.push(error),
        logger: { error: (details) => void logged.push(details) },
      },
      destinationType,
    );

    expect([told.length, logged.length]).toEqual([1, 0]);
  });
});

describe("a synchronous destination without a hook", () => {
  test("warning - none is given: the sender gets the error", async () => {
    const { thrown } = await fail({}, "synchronous");

    expect(thrown).toBe(failure);
    expect(warnings).toEqual([]);
  });

  test("sender - gets an AggregateError where several failed, after all have run", async () => {
    const second = new Error("second");
    let isReached = false;
    const { thrown } = await fail({}, "synchronous", [
      failing,
      async () => {
        throw second;
      },
      () => void (isReached = true),
    ]);

    expect(thrown).toBeInstanceOf(AggregateError);
    expect((thrown as AggregateError).errors).toEqual([failure, second]);
    expect(isReached).toBe(true);
  });
});

describe("hooks and loggers that fail", () => {
  const hookError = new Error("hook");

  test.each([
    [
      "a throwing hook",
      {
        onError: () => {
          throw hookError;
        },
      },
    ],
    ["a rejecting hook", { onError: async () => Promise.reject(hookError) }],
    [
      "a throwing logger",
      {
        logger: {
          error: () => {
            throw hookError;
          },
        },
      },
    ],
    ["a rejecting logger", { logger: { error: (): unknown => Promise.reject(hookError) } }],
  ] as [string, MessageBusOptions][])(
    "error hook - %s harms nobody: both errors become warnings",
    async (_, options) => {
      const unhandled: unknown[] = [];
      const escaped = (error: unknown): void => void unhandled.push(error);
      process.on("unhandledRejection", escaped);
      try {
        const { thrown, bus } = await fail(options, "serial", [failing, () => {}]);
        expect(thrown).toBeUndefined();
        expect(bus.getDestination(NAME)?.statistics).toMatchObject({
          failedMessageCount: 1,
          activeMessageCount: 0,
        });
      } finally {
        process.off("unhandledRejection", escaped);
      }

      expect(unhandled).toEqual([]);
      expect(warnings.map(({ message }) => message)).toEqual([
        expect.stringContaining("Error: no"),
        expect.stringContaining("Error: hook"),
      ]);
    },
  );

  test("error hook - one that throws does not keep the sender of a synchronous destination from the error", async () => {
    const options = {
      onError: () => {
        throw hookError;
      },
    };
    const { thrown } = await fail(options, "synchronous");

    expect(thrown).toBe(failure);
  });
});
