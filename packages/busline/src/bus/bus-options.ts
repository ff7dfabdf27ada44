import type { Clock } from "../clock/clock.ts";
import { SystemClock } from "../clock/system-clock.ts";
import type { DestinationTypeFactory } from "../destination/destination-type.ts";
import type { ErrorHook, Logger } from "../diagnostics/failure-reporter.ts";
import { InvalidConfigurationError } from "../errors/invalid-configuration-error.ts";
import type { MessageStore } from "../store/message-store.ts";
import { OptionReader } from "../validation/option-reader.ts";
import { builtInDestinationTypes } from "./built-in-destination-types.ts";

/** How a bus is made. */
export interface MessageBusOptions {
  /**
   * Told of every listener's failure, with its message, destination and listener name. Default: none; the `logger` is
   * told instead, or without one a `process.emitWarning` is given, unless the sender or requester gets the error.
   */
  readonly onError?: ErrorHook;
  /** Anything with an `error(details, text)` method, such as `console` or pino. Default: none. */
  readonly logger?: Logger;
  /** Destination types of your own, by name. Default: none beside parallel, serial and synchronous. */
  readonly destinationTypes?: Readonly<Record<string, DestinationTypeFactory>>;
  /** How long `close` and `removeDestination` finish what was accepted, in milliseconds. Default: 10,000. */
  readonly closeDeadlineMs?: number;
  /**
   * How many deliveries the bus may start in one turn of the event loop, at least 1. After that, or after 4 ms, timers
   * and I/O have their turn. Default: 1,024.
   */
  readonly deliveriesPerTurn?: number;
  /** Where durable destinations keep their messages, such as `lmdbStore` of `@busline/store-lmdb`. Default: none. */
  readonly store?: MessageStore;
  /** Time and turns; a test passes a manual one. Default: those of the machine. */
  readonly clock?: Clock;
}

/** Options that have been checked. */
export interface CheckedBusOptions {
  readonly onError: ErrorHook | undefined;
  readonly logger: Logger | undefined;
  readonly destinationTypes: ReadonlyMap<string, DestinationTypeFactory>;
  readonly closeDeadlineMs: number;
  readonly deliveriesPerTurn: number;
  readonly store: MessageStore | undefined;
  readonly clock: Clock;
}

const WHERE = "MessageBus";
const DEFAULT_CLOSE_DEADLINE_MS = 10_000;
const DEFAULT_DELIVERIES_PER_TURN = 1_024;
const STORE_METHODS = ["open", "get", "read", "count", "commit", "close"] as const;
const CLOCK_METHODS = ["now", "monotonicNow", "startTimer", "atEndOfRun", "atNextTurn"] as const;

/** @throws {InvalidConfigurationError} */
export function checkBusOptions(options: MessageBusOptions | undefined): CheckedBusOptions {
  const reader = new OptionReader(WHERE, options, [
    "onError",
    "logger",
    "destinationTypes",
    "closeDeadlineMs",
    "deliveriesPerTurn",
    "store",
    "clock",
  ]);
  return {
    onError: reader.function<ErrorHook>("onError"),
    logger: reader.objectWith<Logger>("logger", ["error"]),
    destinationTypes: readDestinationTypes(reader.any("destinationTypes")),
    closeDeadlineMs: reader.duration("closeDeadlineMs") ?? DEFAULT_CLOSE_DEADLINE_MS,
    deliveriesPerTurn: reader.wholeNumber("deliveriesPerTurn", 1) ?? DEFAULT_DELIVERIES_PER_TURN,
    store: reader.objectWith<MessageStore>("store", STORE_METHODS),
    clock: readClock(reader),
  };
}

function readClock(reader: OptionReader): Clock {
  const clock = reader.objectWith<Clock>("clock", CLOCK_METHODS);
  if (clock === undefined) return new SystemClock();
  const { endOfRun } = clock as Partial<Record<"endOfRun", unknown>>;
  if (endOfRun === undefined || typeof endOfRun === "function") return clock;
  return reader.refuse("clock", "an object whose endOfRun, if it has one, is a method");
}

function readDestinationTypes(given: unknown): ReadonlyMap<string, DestinationTypeFactory> {
  const types = new Map<string, DestinationTypeFactory>(builtInDestinationTypes);
  if (given === undefined) return types;
  const where = `${WHERE} option destinationTypes`;
  // A Map would be read as an object without properties: its types would be missing without a word.
  if (typeof given !== "object" || given === null || given instanceof Map) {
    throw new InvalidConfigurationError({
      where: WHERE,
      attribute: "destinationTypes",
      value: given,
      allowed: "an object of factories by type name",
    });
  }
  const names = Object.keys(given);
  const reader = new OptionReader(where, given, names);
  for (const name of names) {
    if (types.has(name)) reader.refuse(name, "absent: a built-in type cannot be replaced");
    const factory = reader.function<DestinationTypeFactory>(name);
    if (factory !== undefined) types.set(name, factory);
  }
  return types;
}
