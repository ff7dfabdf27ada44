import { expect, test } from "vitest";
import {
  type Destination,
  abort,
  DestinationConfiguration,
  divertTo,
  InvalidConfigurationError,
  waitForSpace,
} from "busline";
import { GateListener, Recorder, untilQuiet } from "busline/testing";
import { fullDestination } from "./full-destination.ts";
import { ledgerOf } from "./ledger.ts";
import { outcomeOf, turns } from "./outcome-of.ts";

const { createSerialDestinationConfiguration: serial } = DestinationConfiguration;
const { createSynchronousDestinationConfiguration: synchronous } = DestinationConfiguration;

test.each(["parallel", "serial"] as const)(
  "queue - %s hands a message on: diverted here, sent there",
  async (type) => {
    const { bus, destination, discarded } = await fullDestination(type, divertTo("acme/overflow"));
    const overflow: Destination<string> = bus.addDestination(serial("acme/overflow"));
    const recorder = new Recorder<string>();
    overflow.listen(recorder);
    expect(
      destination.send("new", { id: "own-id", headers: { from: "here" }, key: "k" }),
    ).toBeUndefined();
    expect(ledgerOf(destination)).toEqual({ sent: 3, active: 1, pending: 1, diverted: 1 });
    expect(ledgerOf(overflow)).toEqual({ sent: 1, active: 1 });
    await recorder.count(1);
    expect(recorder.messages[0]).toMatchObject({
      id: "own-id",
      key: "k",
      headers: { from: "here" },
      payload: "new",
      destinationName: "acme/overflow",
    });
    expect(ledgerOf(overflow)).toEqual({ sent: 1, delivered: 1 });
    expect(discarded).toEqual([]);
  },
);

test("queue - a diverted request is answered by the other destination", async () => {
  const { bus, destination } = await fullDestination("serial", divertTo("acme/overflow"));
  bus.addDestination(serial("acme/overflow")).listen(({ payload }) => `${String(payload)}!`);
  expect(await destination.request("asked")).toBe("asked!");
});

test("queue - what the other destination does with it is what the sender sees", async () => {
  const { bus, destination } = await fullDestination("serial", divertTo("acme/overflow"));
  const overflow: Destination<string> = bus.addDestination(
    serial("acme/overflow", { maximumQueueSize: 1, rejectedExecutionHandler: waitForSpace() }),
  );
  const gate = new GateListener<string>();
  overflow.listen(gate);
  for (const payload of ["a", "b"]) void destination.send(payload);
  let isAccepted = false;
  const sending = Promise.resolve(destination.send("c")).then(() => (isAccepted = true));
  await turns();
  expect(isAccepted).toBe(false);
  // Nothing is counted before it is decided.
  expect(ledgerOf(destination)).toMatchObject({ sent: 4, diverted: 2 });
  gate.release();
  await sending;
  expect(ledgerOf(destination)).toMatchObject({ sent: 5, diverted: 3 });
  expect(ledgerOf(overflow)).toMatchObject({ sent: 3, delivered: 1 });

  bus.replaceDestination(
    serial("acme/overflow", { maximumQueueSize: 1, rejectedExecutionHandler: abort }),
  );
  expect(await outcomeOf(() => destination.send("d"))).toBe("BUSLINE_QUEUE_FULL");
  ledgerOf(destination);
  ledgerOf(overflow);
});

test("queue - a message that the other destination took in is diverted, also when its listener fails", async () => {
  const { bus, destination } = await fullDestination("serial", divertTo("acme/overflow"));
  const overflow: Destination<string> = bus.addDestination(synchronous("acme/overflow"));
  overflow.listen(() => {
    throw "no";
  });
  expect(await outcomeOf(() => destination.send("new"))).toBe("no");
  // Rejected means that nobody has received it; here somebody has.
  expect(ledgerOf(overflow)).toEqual({ sent: 1, failed: 1 });
  expect(ledgerOf(destination)).toEqual({ sent: 3, active: 1, pending: 1, diverted: 1 });
});

test("queue - a loop of diversions is refused, to itself and over others", async () => {
  const itself = await fullDestination("serial", divertTo("acme/full"));
  expect(await outcomeOf(() => itself.destination.send("new"))).toBe("BUSLINE_DIVERSION_LOOP");
  expect(ledgerOf(itself.destination)).toMatchObject({ sent: 3, rejected: 1 });

  const { bus, destination, gate } = await fullDestination("serial", divertTo("acme/second"));
  for (const [name, next] of [
    ["acme/second", "acme/third"],
    ["acme/third", "acme/full"],
  ] as const) {
    const other: Destination<string> = bus.addDestination(
      serial(name, { maximumQueueSize: 1, rejectedExecutionHandler: divertTo(next) }),
    );
    other.listen(gate);
    void other.send("fill");
    void other.send("fill");
  }
  expect(await outcomeOf(() => destination.send("new"))).toBe("BUSLINE_DIVERSION_LOOP");
  expect(await outcomeOf(() => destination.request("new"))).toBe("BUSLINE_DIVERSION_LOOP");
  for (const each of bus.destinations) ledgerOf(each);
  gate.open();
  await untilQuiet(bus);
  expect(gate.contexts.map(({ destination: { name } }) => name)).toHaveLength(6);
});

test("queue - an unknown destination is an error to the sender, a bad name one at once", async () => {
  const { destination } = await fullDestination("serial", divertTo("acme/nowhere"));
  expect(await outcomeOf(() => destination.send("new"))).toBe("BUSLINE_UNKNOWN_DESTINATION");
  expect(ledgerOf(destination)).toMatchObject({ sent: 3, rejected: 1 });
  expect(() => divertTo("")).toThrow(InvalidConfigurationError);
});

test("queue - a destination that is being removed diverts what comes late", async () => {
  const { bus, destination, gate } = await fullDestination("serial", divertTo("acme/overflow"));
  const recorder = new Recorder<string>();
  bus.addDestination(serial("acme/overflow")).listen(recorder);
  const removal = bus.removeDestination("acme/full");
  void destination.send("late");
  expect(await recorder.count(1)).toEqual(["late"]);
  gate.open();
  expect(await removal).toEqual({ undelivered: [], interrupted: [] });
});
