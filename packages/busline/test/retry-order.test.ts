import { expect, test } from "vitest";
import { GateListener } from "busline/testing";
import { ledgerOf } from "./ledger.ts";
import { turns } from "./outcome-of.ts";
import { busWith, failing } from "./retry-fixture.ts";

test("serial - a message that waits for its next attempt holds up those behind it", async () => {
  const { bus, destination, pass } = busWith("serial");
  const { calls, listener } = failing(2);
  destination.listen(listener);
  for (const payload of ["bad", "b", "c"]) void destination.send(payload);
  await pass(100);
  expect(calls).toEqual(["bad 1", "bad 2"]);
  void destination.send("d");
  await pass(200);
  expect(calls).toEqual(["bad 1", "bad 2", "bad 3", "b 1", "c 1", "d 1"]);
  expect(ledgerOf(destination)).toEqual({ sent: 4, delivered: 4 });
  await bus.close();
});

test("serial - when the one that holds up is withdrawn, those behind it go on", async () => {
  const { bus, destination, pass } = busWith("serial");
  const { calls, listener } = failing();
  destination.listen(listener);
  const controller = new AbortController();
  void destination.send("bad", { signal: controller.signal });
  void destination.send("b");
  await turns();
  controller.abort();
  await pass(0);
  expect(calls).toEqual(["bad 1", "b 1"]);
  expect(ledgerOf(destination)).toEqual({ sent: 2, delivered: 1, discarded: 1 });
  await bus.close();
});

test("parallel - others go on while a message waits for its next attempt", async () => {
  const { bus, destination, pass } = busWith("parallel", { workersMaxSize: 1 });
  const { calls, listener } = failing(1);
  destination.listen(listener);
  for (const payload of ["bad", "b", "c"]) void destination.send(payload);
  await pass(100);
  expect(calls).toEqual(["bad 1", "b 1", "c 1", "bad 2"]);
  await bus.close();
});

test("keyed - a message that waits for its next attempt holds up its key and no other", async () => {
  const { bus, destination, pass } = busWith("keyed");
  const { calls, listener } = failing(1);
  destination.listen(listener);
  void destination.send("bad", { key: "one" });
  void destination.send("second", { key: "one" });
  void destination.send("other", { key: "two" });
  await pass(99);
  expect(calls).toEqual(["bad 1", "other 1"]);
  await pass(1);
  expect(calls).toEqual(["bad 1", "other 1", "bad 2", "second 1"]);
  await bus.close();
});

test("keyed - a message that is purged, or withdrawn, while it waits for its next attempt lets its key go", async () => {
  const { bus, clock, destination, pass } = busWith("keyed", { workersMaxSize: 1 });
  const { calls, listener } = failing();
  destination.listen(listener);
  void destination.send("bad", { key: "one" });
  await turns();
  expect(destination.purge()).toBe(1);
  const controller = new AbortController();
  void destination.send("bad too", { key: "one", signal: controller.signal });
  await turns();
  // It has come back, and waits for the only worker.
  const gate = new GateListener<string>();
  const registration = destination.listen(gate);
  void destination.send("in the way", { key: "two" });
  await gate.entered(1);
  registration.unregister();
  clock.advance(100);
  controller.abort();
  void destination.send("next", { key: "one" });
  gate.open();
  await pass(0);
  expect(calls).toEqual(["bad 1", "bad too 1", "in the way 1", "next 1"]);
  expect(ledgerOf(destination)).toEqual({ sent: 4, delivered: 2, discarded: 2 });
  await bus.close();
});
