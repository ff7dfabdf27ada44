import * as busline from "busline";
import {
  AbortError,
  AttemptsExhaustedError,
  BusClosedError,
  BuslineError,
  DestinationConfiguration,
  DeadLetterError,
  DuplicateDestinationError,
  InvalidConfigurationError,
  InvalidMessageError,
  ListenerFailedError,
  ListenerNotLoadedError,
  ListenerTimeoutError,
  MessageBus,
  NoListenerError,
  RejectedExecutionError,
  RequestTimeoutError,
  SealedDestinationError,
  StoreError,
  UnknownDestinationError,
  WorkerLostError,
} from "busline";
import { describe, expect, test, vi } from "vitest";
// Not public: the page of the documentation is made from it.
import { errorCatalogue } from "../src/errors/error-catalogue.ts";

/** One of each class, with a cause where it takes one. */
const cause = new Error("the cause");
const errors: readonly BuslineError[] = [
  new BuslineError("BUSLINE_REJECTION_SETTLED", "acted twice", { cause }),
  new AbortError("acme/a", cause),
  new AttemptsExhaustedError("acme/a", 5),
  new BusClosedError("listen"),
  new DeadLetterError("acme/a", "unreadable", { cause }),
  new DuplicateDestinationError("acme/a"),
  new InvalidConfigurationError({ where: "x", attribute: "y", value: 1, allowed: "2" }, { cause }),
  new InvalidMessageError("acme/a", "payload", [{ message: "is odd" }], { cause }),
  new ListenerFailedError("acme/a", cause),
  new ListenerNotLoadedError("file:///a.js", "could not be loaded", { cause }),
  new ListenerTimeoutError("acme/a", 5),
  new NoListenerError("acme/a"),
  new RejectedExecutionError("BUSLINE_QUEUE_FULL", "acme/a", { cause }),
  new RequestTimeoutError("acme/a", 5),
  new SealedDestinationError("acme/a", "removed"),
  new StoreError("BUSLINE_STORE_FAILED", "./data", "has no room left", { cause }),
  new UnknownDestinationError("acme/a"),
  new WorkerLostError("acme/a", 1, { cause }),
];

type ErrorClass = abstract new (...parameters: never[]) => BuslineError;

/** All error classes that the package exports. */
const classes = Object.entries(busline).filter(([name]) => name.endsWith("Error")) as [
  string,
  ErrorClass,
][];

describe("errors - one family", () => {
  test("errors - this file has one of each class", () => {
    expect(errors.map(({ name }) => name).toSorted()).toEqual(
      classes.map(([name]) => name).toSorted(),
    );
  });

  test.each(errors.map((error) => [error.name, error] as const))(
    "errors - %s: its name is its class's, its code stands in the catalogue",
    (name, error) => {
      expect(error.constructor.name).toBe(name);
      expect(Object.hasOwn(error, "name")).toBe(false);
      expect(errorCatalogue[error.code].errorClass).toBe(name);
      expect(error).toBeInstanceOf(Error);
      expect(error).toBeInstanceOf(BuslineError);
      expect(String(error)).toBe(`${name}: ${error.message}`);
      expect(error.stack).toContain(name);
    },
  );

  test("errors - every code of the catalogue belongs to a class, and each class has one", () => {
    const known = new Set(classes.map(([name]) => name));
    const named = Object.values(errorCatalogue).map(({ errorClass }) => errorClass);
    expect(new Set(named)).toEqual(known);
    for (const [code, { meaning }] of Object.entries(errorCatalogue)) {
      expect(code).toMatch(/^BUSLINE_[A-Z_]+$/);
      expect(meaning).toMatch(/\.$/);
    }
  });

  test("errors - each is an instance of its own class and of no sibling", () => {
    for (const error of errors) {
      const own = classes.filter(([, errorClass]) => error instanceof errorClass);
      const expected = new Set(["BuslineError", error.name]);
      expect(new Set(own.map(([name]) => name))).toEqual(expected);
    }
  });

  test("errors - the cause is kept where there is one, and absent where there is none", () => {
    const withCause = errors.filter((error) => Object.hasOwn(error, "cause"));
    expect(withCause.every((error) => error.cause === cause)).toBe(true);
    expect(withCause.map(({ name }) => name)).toEqual([
      "BuslineError",
      "AbortError",
      "DeadLetterError",
      "InvalidConfigurationError",
      "InvalidMessageError",
      "ListenerFailedError",
      "ListenerNotLoadedError",
      "RejectedExecutionError",
      "StoreError",
      "WorkerLostError",
    ]);
    expect(Object.hasOwn(new RejectedExecutionError("BUSLINE_CLOSED", "acme/a"), "cause")).toBe(
      false,
    );
    // A listener may throw nothing at all: that is a cause too.
    expect(Object.hasOwn(new ListenerFailedError("acme/a", undefined), "cause")).toBe(true);
  });

  test("errors - nothing else is one", () => {
    const lookalike = { name: "BuslineError", code: "BUSLINE_CLOSED", message: "" };
    const others = [
      new Error("x"),
      new TypeError("x"),
      lookalike,
      Object.create(null),
      null,
      5,
      "x",
    ];
    for (const other of others) expect(other instanceof BuslineError).toBe(false);
    expect(errors[0] instanceof AbortError).toBe(false);
  });
});

describe("errors - a user's own subclasses", () => {
  class TooLate extends RequestTimeoutError {}
  class TooEarly extends RequestTimeoutError {}

  test("errors - a subclass is one of the family, but the family is none of it", () => {
    const late = new TooLate("acme/a", 5);
    expect(late).toBeInstanceOf(TooLate);
    expect(late).toBeInstanceOf(RequestTimeoutError);
    expect(late).toBeInstanceOf(BuslineError);
    expect(late).not.toBeInstanceOf(TooEarly);
    expect(late).not.toBeInstanceOf(AbortError);
    expect(new RequestTimeoutError("acme/a", 5)).not.toBeInstanceOf(TooLate);
    expect(new BuslineError("BUSLINE_CLOSED", "x")).not.toBeInstanceOf(TooLate);
  });
});

describe("errors - two installed copies", () => {
  test("errors - instanceof knows the other copy's", async () => {
    vi.resetModules();
    const copy = await import("busline");
    expect(copy.BuslineError).not.toBe(BuslineError);
    const theirs = new copy.RejectedExecutionError("BUSLINE_QUEUE_FULL", "acme/a");
    expect(theirs instanceof RejectedExecutionError).toBe(true);
    expect(theirs instanceof BuslineError).toBe(true);
    expect(theirs instanceof AbortError).toBe(false);
    for (const error of errors) {
      const known = Object.entries(copy).filter(
        ([name, exported]) => name.endsWith("Error") && error instanceof (exported as ErrorClass),
      );
      expect(new Set(known.map(([name]) => name))).toEqual(new Set(["BuslineError", error.name]));
    }
    class Own extends RequestTimeoutError {}
    expect(new copy.RequestTimeoutError("acme/a", 5) instanceof Own).toBe(false);
    expect(new Own("acme/a", 5) instanceof copy.RequestTimeoutError).toBe(true);
  });
});

describe("errors - tell no secrets", () => {
  const SECRET = "s3cret";

  /** Every text that an error shows, with its cause left out: that is the listener's own. */
  function shown(error: unknown): string {
    const { message, stack, cause: _cause, ...rest } = error as Error;
    return [message, stack, JSON.stringify(rest)].join("\n");
  }

  async function failureOf(action: () => unknown): Promise<unknown> {
    try {
      await action();
    } catch (error) {
      return error;
    }
    throw new Error("Nothing failed.");
  }

  const payload = { password: SECRET, toString: () => SECRET, toJSON: () => SECRET };
  const options = { headers: { authorization: SECRET } };

  const failures: Record<string, (bus: MessageBus) => unknown> = {
    "an unknown destination": (bus) => bus.send("acme/none", payload, options),
    "no listener": (bus) => bus.request("acme/none-listens", payload, options),
    "a full queue": (bus) => {
      bus.getDestination("acme/full")?.pause();
      void bus.send("acme/full", payload, options);
      return bus.send("acme/full", payload, options);
    },
    "a failing listener": (bus) => bus.request("acme/fails", payload, options),
    "a timeout": (bus) => bus.request("acme/silent", payload, { ...options, timeoutMs: 0 }),
    "an abort": (bus) =>
      bus.send("acme/silent", payload, { ...options, signal: AbortSignal.abort() }),
    "a closed destination": async (bus) => {
      await bus.close();
      void bus.send("acme/silent", payload, options);
    },
    "a payload that its schema refuses": (bus) => bus.send("acme/schema", payload, options),
    "a bad option beside": (bus) => bus.send("acme/silent", payload, { ...options, id: "" }),
    "a header that is no text": (bus) =>
      bus.send("acme/silent", payload, {
        headers: { authorization: [SECRET] as unknown as string },
      }),
    "too many characters of headers": (bus) =>
      bus.send("acme/silent", payload, { headers: { authorization: SECRET.repeat(2_000) } }),
  };

  test.each(Object.entries(failures))("errors - %s", async (_, fail) => {
    const bus = new MessageBus({ onError: () => {} });
    const add = (name: string, attributes = {}): void =>
      void bus.addDestination(new DestinationConfiguration("serial", name, attributes));
    for (const name of ["acme/none-listens", "acme/fails", "acme/silent"]) add(name);
    add("acme/full", { maximumQueueSize: 1 });
    const validate = () => ({ issues: [{ message: "is not a number", path: ["password"] }] });
    add("acme/schema", { schema: { "~standard": { version: 1, vendor: "test", validate } } });
    for (const name of ["acme/full", "acme/silent", "acme/schema"]) bus.listen(name, () => {});
    bus.listen("acme/fails", () => {
      throw new Error("no");
    });
    const error = await failureOf(() => fail(bus));
    expect(error).toBeInstanceOf(BuslineError);
    expect(shown(error)).not.toContain(SECRET);
  });

  test("errors - a header that is a number is a header all the same", async () => {
    const bus = new MessageBus();
    const headers = { pin: 482_917 as unknown as string };
    const error = await failureOf(() => bus.send("liferay/hot_deploy", 1, { headers }));
    expect(error).toBeInstanceOf(InvalidConfigurationError);
    expect(shown(error)).toContain("pin");
    expect(shown(error)).not.toContain("482917");
  });
});
