import {
  type DestinationAttributes,
  DestinationConfiguration,
  InvalidConfigurationError,
  MessageBus,
} from "busline";
import { afterEach, describe, expect, test } from "vitest";

function parallel(attributes: unknown): DestinationConfiguration {
  return new DestinationConfiguration("parallel", "acme/a", attributes as DestinationAttributes);
}

describe("configuration - hostile attributes", () => {
  test("configuration - a getter that throws is refused, with what it threw as cause", () => {
    const cause = new Error("no reading");
    const attributes = {
      get maximumQueueSize(): number {
        throw cause;
      },
    };
    expect(() => parallel(attributes)).toThrow(
      expect.objectContaining({
        code: "BUSLINE_INVALID_CONFIGURATION",
        attribute: "maximumQueueSize",
        cause,
      }),
    );
  });

  test("configuration - an attribute is read once: what was checked is what is kept", () => {
    let readings = 0;
    const attributes = {
      get maximumQueueSize(): number {
        readings += 1;
        return readings === 1 ? 5 : -1;
      },
    };
    expect(parallel(attributes).maximumQueueSize).toBe(5);
    expect(readings).toBe(1);
  });

  test("configuration - a Proxy is asked like any object, and may refuse to answer", () => {
    expect(parallel(new Proxy({ maximumQueueSize: 5 }, {})).maximumQueueSize).toBe(5);
    const throwing = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error("no keys");
        },
      },
    );
    expect(() => parallel(throwing)).toThrow(InvalidConfigurationError);
  });

  test("configuration - a revoked Proxy is refused as any other bad value", () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    expect(() => parallel(proxy)).toThrow(InvalidConfigurationError);
    expect(() => parallel({ schema: proxy })).toThrow(InvalidConfigurationError);
    expect(() => parallel({ maximumQueueSize: proxy })).toThrow(InvalidConfigurationError);
  });

  test("configuration - only own attributes count", () => {
    const inherited: unknown = Object.create({ maximumQueueSize: 1, unknownAttribute: 1 });
    expect(parallel(inherited).maximumQueueSize).toBe(100_000);
  });

  test("configuration - a later change of the attributes changes nothing", () => {
    const attributes = { maximumQueueSize: 5 };
    const configuration = parallel(attributes);
    attributes.maximumQueueSize = 6;
    expect(configuration.maximumQueueSize).toBe(5);
  });

  test("configuration - it is frozen", () => {
    const configuration = parallel({ maximumQueueSize: 5 });
    expect(Object.isFrozen(configuration)).toBe(true);
    expect(() => Object.assign(configuration, { maximumQueueSize: 6 })).toThrow(TypeError);
    expect(() => Object.assign(configuration, { another: 6 })).toThrow(TypeError);
    expect(configuration.maximumQueueSize).toBe(5);
  });

  test("configuration - only a real one is added or replaced", () => {
    const bus = new MessageBus();
    const lookalike: unknown = Object.assign({}, parallel({}));
    for (const given of [lookalike, undefined, null, "acme/a", {}]) {
      const configuration = given as DestinationConfiguration;
      expect(() => bus.addDestination(configuration)).toThrow(InvalidConfigurationError);
      expect(() => bus.replaceDestination(configuration)).toThrow(InvalidConfigurationError);
    }
    expect(bus.hasDestination("acme/a")).toBe(false);
  });
});

describe("configuration - a polluted Object.prototype", () => {
  const pollution = {
    maximumQueueSize: 1,
    workersCoreSize: 9,
    workersMaxSize: 9,
    rejectedExecutionHandler: () => {},
    schema: {},
    name: "polluted",
    reportStatus: true,
    closeDeadlineMs: -1,
    deadlineMs: -1,
    timeoutMs: -1,
    headers: 5,
    id: 5,
    key: 5,
    signal: 5,
  };
  const prototype = Object.prototype as Record<string, unknown>;

  afterEach(() => {
    for (const name of Object.keys(pollution)) delete prototype[name];
  });

  test("configuration - defaults stay the defaults", () => {
    for (const [name, value] of Object.entries(pollution)) prototype[name] = value;
    const configuration = parallel({});
    const read = [
      configuration.maximumQueueSize,
      configuration.workersCoreSize,
      configuration.workersMaxSize,
      configuration.schema,
    ];
    expect(read).toEqual([100_000, 2, 5, undefined]);
    expect(configuration.rejectedExecutionHandler).not.toBe(pollution.rejectedExecutionHandler);
  });

  test("configuration - so do those of bus, listen, send, request and close", async () => {
    for (const [name, value] of Object.entries(pollution)) prototype[name] = value;
    const bus = new MessageBus({});
    const destination = bus.addDestination<number, number>(
      DestinationConfiguration.createSynchronousDestinationConfiguration("acme/a"),
    );
    const ids: string[] = [];
    destination.listen(function answer(message) {
      ids.push(message.id);
      return message.payload;
    }, {});
    void destination.send(1, {});
    const reply = await destination.request(2, {});
    const { listeners } = destination.statistics;
    await bus.close({});
    expect(reply).toBe(2);
    expect(ids).toHaveLength(2);
    expect(listeners[0]?.name).toBe("answer");
  });
});
