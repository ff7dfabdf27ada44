import {
  abort,
  type DestinationAttributes,
  DestinationConfiguration,
  discard,
  InvalidConfigurationError,
  MessageBus,
} from "busline";
import { Recorder } from "busline/testing";
import { describe, expect, test } from "vitest";

const QUEUE_ATTRIBUTES = [
  ["maximumQueueSize", 5],
  ["rejectedExecutionHandler", discard],
  ["workersCoreSize", 1],
  ["workersMaxSize", 1],
  ["workersIdleTimeoutMs", 5],
] as const;

/** What a caller without types may pass. */
function parallel(attributes: unknown): DestinationConfiguration {
  return new DestinationConfiguration("parallel", "acme/a", attributes as DestinationAttributes);
}

function refusalOf(action: () => unknown): InvalidConfigurationError {
  try {
    action();
  } catch (error) {
    if (error instanceof InvalidConfigurationError) return error;
    throw error;
  }
  throw new Error("Nothing was refused.");
}

describe("configuration - contract 7 and 8: type, name and attributes", () => {
  test("configuration - each creator says what the constructor says", () => {
    const attributes = { maximumQueueSize: 7 };
    expect(
      DestinationConfiguration.createParallelDestinationConfiguration("acme/a", attributes),
    ).toStrictEqual(new DestinationConfiguration("parallel", "acme/a", attributes));
    expect(
      DestinationConfiguration.createSerialDestinationConfiguration("acme/a", attributes),
    ).toStrictEqual(new DestinationConfiguration("serial", "acme/a", attributes));
    expect(
      DestinationConfiguration.createSynchronousDestinationConfiguration("acme/a"),
    ).toStrictEqual(new DestinationConfiguration("synchronous", "acme/a"));
  });

  test.each([
    ["parallel", { core: 2, max: 5 }],
    ["serial", { core: 1, max: 1 }],
    ["acme/own-type", { core: 2, max: 5 }],
  ])("configuration - %s has the documented defaults", (type, { core, max }) => {
    const configuration = new DestinationConfiguration(type, "acme/a");
    expect(Object.fromEntries(Object.entries(configuration))).toStrictEqual({
      destinationType: type,
      destinationName: "acme/a",
      maximumQueueSize: 100_000,
      rejectedExecutionHandler: abort,
      workersCoreSize: core,
      workersMaxSize: max,
      workersIdleTimeoutMs: 60_000,
      workers: undefined,
      listenerTimeoutMs: undefined,
      retry: undefined,
      deadLetter: undefined,
      durable: false,
      deduplicationWindowMs: undefined,
      deduplicationWindowSize: undefined,
      maximumMessagesInMemory: undefined,
      priorityLevels: undefined,
      schema: undefined,
      replySchema: undefined,
    });
  });

  test("configuration - synchronous has neither queue nor workers", () => {
    const configuration =
      DestinationConfiguration.createSynchronousDestinationConfiguration("acme/a");
    for (const [attribute] of QUEUE_ATTRIBUTES) expect(configuration[attribute]).toBeUndefined();
  });

  test("configuration - every attribute is read back under its own name", () => {
    const attributes = {
      maximumQueueSize: Infinity,
      rejectedExecutionHandler: discard,
      workersCoreSize: 3,
      workersMaxSize: 4,
      workersIdleTimeoutMs: 2 ** 31 - 1,
    };
    expect(parallel(attributes)).toMatchObject(attributes);
    expect(parallel({ maximumQueueSize: 1, workersIdleTimeoutMs: 0 })).toMatchObject({
      maximumQueueSize: 1,
      workersIdleTimeoutMs: 0,
    });
  });

  test.each<[DestinationAttributes, number, number]>([
    [{}, 2, 5],
    [{ workersCoreSize: 0 }, 0, 5],
    [{ workersCoreSize: 5 }, 5, 5],
    [{ workersCoreSize: 7 }, 7, 7],
    [{ workersMaxSize: 1 }, 1, 1],
    [{ workersMaxSize: 2 }, 2, 2],
    [{ workersMaxSize: 9 }, 2, 9],
    [{ workersCoreSize: 0, workersMaxSize: 1 }, 0, 1],
    [{ workersCoreSize: 3, workersMaxSize: 3 }, 3, 3],
  ])("configuration - the default that was not given gives way: %j", (given, core, max) => {
    expect(parallel(given)).toMatchObject({ workersCoreSize: core, workersMaxSize: max });
  });

  test("configuration - an attribute of undefined is one that was not given", () => {
    const given = { maximumQueueSize: undefined, workersCoreSize: undefined, workersMaxSize: 1 };
    expect(parallel(given)).toMatchObject({
      maximumQueueSize: 100_000,
      workersCoreSize: 1,
      workersMaxSize: 1,
    });
  });

  test("configuration - a core of -0 is one of 0", () => {
    expect(parallel({ workersCoreSize: -0 }).workersCoreSize).toBe(0);
  });

  test("configuration - a core of 0 starts without workers and still delivers", async () => {
    const bus = new MessageBus();
    const destination = bus.addDestination(parallel({ workersCoreSize: 0, workersMaxSize: 1 }));
    const recorder = new Recorder();
    destination.listen(recorder);
    expect(destination.statistics).toMatchObject({ workersCoreSize: 0, currentWorkerCount: 0 });
    void destination.send("one");
    expect(destination.statistics.currentWorkerCount).toBe(1);
    expect(await recorder.count(1)).toEqual(["one"]);
    await bus.close();
  });
});

describe("configuration - what is refused", () => {
  test("configuration - a core above max names both", () => {
    const refusal = refusalOf(() => parallel({ workersCoreSize: 4, workersMaxSize: 3 }));
    expect(refusal.attribute).toBe("workersCoreSize");
    expect(refusal.message).toContain("workersMaxSize");
    expect(refusal.message).toContain("3");
    expect(refusal.message).toContain("4");
  });

  test.each([
    ["workersCoreSize", 0],
    ["workersCoreSize", 2],
    ["workersMaxSize", 2],
  ] as const)("configuration - serial refuses %s %d", (attribute, value) => {
    const refusal = refusalOf(() =>
      DestinationConfiguration.createSerialDestinationConfiguration("acme/a", {
        [attribute]: value,
      }),
    );
    expect(refusal).toMatchObject({ attribute, value, code: "BUSLINE_INVALID_CONFIGURATION" });
  });

  test("configuration - serial accepts the one size that it has", () => {
    const sizes = { workersCoreSize: 1, workersMaxSize: 1 };
    expect(
      DestinationConfiguration.createSerialDestinationConfiguration("acme/a", sizes),
    ).toMatchObject(sizes);
  });

  test.each(QUEUE_ATTRIBUTES)("configuration - synchronous refuses %s", (attribute, value) => {
    const refusal = refusalOf(
      () =>
        new DestinationConfiguration("synchronous", "acme/a", {
          [attribute]: value,
        }),
    );
    expect(refusal.attribute).toBe(attribute);
  });

  // Each attribute with everything that is not allowed there.
  const noNumbers = ["5", "", null, true, {}, [1], 5n, () => 5, Symbol("five"), new Date(5)];
  const bad: Record<string, readonly unknown[]> = {
    maximumQueueSize: [...noNumbers, NaN, -Infinity, -1, 0, 0.5, 1.5, 2 ** 53],
    workersCoreSize: [...noNumbers, NaN, Infinity, -Infinity, -1, 0.5, 2 ** 53],
    workersMaxSize: [...noNumbers, NaN, Infinity, -Infinity, -1, 0, 1.5, 2 ** 53],
    workersIdleTimeoutMs: [...noNumbers, NaN, Infinity, -Infinity, -1, 2 ** 31],
    rejectedExecutionHandler: ["abort", null, 1, {}, { handle: abort }],
    schema: [null, 1, "string", {}, { "~standard": null }, { "~standard": {} }],
    replySchema: [null, 1, "string", {}, { "~standard": { validate: "no" } }],
  };
  test.each(
    Object.entries(bad).flatMap(([attribute, values]) =>
      values.map((value) => ({ attribute, value })),
    ),
  )("configuration - refuses $attribute $value", ({ attribute, value }) => {
    const refusal = refusalOf(() => parallel({ [attribute]: value }));
    expect(refusal.attribute).toBe(attribute);
    expect(refusal.value).toBe(value);
    expect(refusal.message).toContain(attribute);
    expect(refusal.message).toContain(refusal.allowed);
    expect(refusal.message).toContain("acme/a");
  });

  test("configuration - the error's text shows a number, a text and nothing of an object", () => {
    expect(refusalOf(() => parallel({ maximumQueueSize: NaN })).message).toContain("NaN");
    expect(refusalOf(() => parallel({ maximumQueueSize: "5" })).message).toContain('"5"');
    const hostile = {
      toString: () => {
        throw new Error("printed");
      },
      secret: "s3cret",
    };
    const refusal = refusalOf(() => parallel({ maximumQueueSize: hostile }));
    expect(refusal.message).toContain("an object");
    expect(JSON.stringify(refusal)).not.toContain("s3cret");
  });

  test("configuration - an unknown attribute is named, and the known ones are listed", () => {
    const refusal = refusalOf(() => parallel({ maxQueueSize: 5 }));
    expect(refusal.attribute).toBe("maxQueueSize");
    for (const [known] of QUEUE_ATTRIBUTES) expect(refusal.allowed).toContain(known);
    expect(() => parallel({ [Symbol("maximumQueueSize")]: 5 })).toThrow(InvalidConfigurationError);
    // Names that every object inherits are not known attributes either.
    for (const name of ["__proto__", "constructor", "toString"]) {
      const given: unknown = JSON.parse(`{ ${JSON.stringify(name)}: 1 }`);
      expect(refusalOf(() => parallel(given)).attribute).toBe(name);
    }
  });

  test.each([5, "x", null, true, () => ({})])(
    "configuration - attributes of %s are refused",
    (attributes) => {
      expect(() => parallel(attributes)).toThrow(InvalidConfigurationError);
    },
  );

  test.each([undefined, null, "", 5, {}, Symbol("parallel")])(
    "configuration - a type of %s is refused",
    (type) => {
      const refusal = refusalOf(() => new DestinationConfiguration(type as string, "acme/a"));
      expect(refusal.attribute).toBe("destinationType");
    },
  );
});
