import * as busline from "busline";
import * as testing from "busline/testing";
import { expect, test } from "vitest";

// What is listed here is promised to users. A change of these lists is a change of the public API.

const BUSLINE = [
  "AbortError",
  "AttemptsExhaustedError",
  "BusClosedError",
  "BuslineError",
  "DeadLetterError",
  "DeadLetterHeaders",
  "DestinationConfiguration",
  "DestinationNames",
  "DuplicateDestinationError",
  "FifoQueue",
  "InvalidConfigurationError",
  "InvalidMessageError",
  "ListenerFailedError",
  "ListenerNotLoadedError",
  "ListenerTimeoutError",
  "MessageBus",
  "NoListenerError",
  "OptionReader",
  "RejectedExecutionError",
  "RequestTimeoutError",
  "SealedDestinationError",
  "StoreError",
  "UnknownDestinationError",
  "WorkerLostError",
  "abort",
  "callerRuns",
  "discard",
  "discardOldest",
  "divertTo",
  "notBegun",
  "waitForSpace",
];

const TESTING = [
  "GateListener",
  "ManualClock",
  "MemoryStore",
  "Recorder",
  "SteppedBus",
  "SteppedClock",
  "storeConformance",
  "untilQuiet",
];

test("exports - busline exports what is listed", () => {
  expect(Object.keys(busline).toSorted()).toEqual(BUSLINE);
});

test("exports - busline/testing exports what is listed", () => {
  expect(Object.keys(testing).toSorted()).toEqual(TESTING);
});

test("exports - a bus of busline/testing is a bus of busline", () => {
  expect(new testing.SteppedBus()).toBeInstanceOf(busline.MessageBus);
});

test("exports - the methods of bus and destination are what is listed", () => {
  // Node 20 describes this symbol in other words than later versions.
  const nameOf = (name: PropertyKey): string =>
    name === Symbol.asyncDispose ? "@@asyncDispose" : String(name);
  const methodsOf = (type: { readonly prototype: object }): PropertyKey[] =>
    Reflect.ownKeys(type.prototype).filter((name) => name !== "constructor");
  expect(methodsOf(busline.MessageBus).map(nameOf).toSorted()).toEqual([
    "@@asyncDispose",
    "addDestination",
    "addMessageBusEventListener",
    "close",
    "deadLetters",
    "destinationNames",
    "destinations",
    "drain",
    "getDestination",
    "getSchedule",
    "hasDestination",
    "hasListener",
    "listen",
    "ready",
    "removeDestination",
    "replaceDestination",
    "request",
    "schedule",
    "schedules",
    "send",
    "statistics",
  ]);
  // The class itself is not exported: only a bus makes destinations.
  const { constructor } = new busline.MessageBus().addDestination(
    new busline.DestinationConfiguration("serial", "acme/a"),
  );
  expect(
    methodsOf(constructor as unknown as { prototype: object })
      .map(nameOf)
      .toSorted(),
  ).toEqual([
    "addDestinationEventListener",
    "configuration",
    "forgetListener",
    "isPaused",
    "listen",
    "name",
    "pause",
    "purge",
    "request",
    "resume",
    "send",
    "setWorkersSize",
    "statistics",
  ]);
});
