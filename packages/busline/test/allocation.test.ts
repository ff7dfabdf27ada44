import { createHook } from "node:async_hooks";
import { DestinationConfiguration, MessageBus } from "busline";
import { Recorder } from "busline/testing";
import { describe, expect, test } from "vitest";

const MESSAGES = 10_000;
/** What the test's own waiting makes, one run of the queue, and a look in every so many whether hooks are still on. */
const FEW = 100;

describe("promises", () => {
  test("worker - a synchronous listener behind a queue costs no promise per message", async () => {
    for (const type of ["parallel", "serial"]) {
      const bus = new MessageBus();
      const destination = bus.addDestination<number>(
        new DestinationConfiguration(type, "acme/quick"),
      );
      const recorder = new Recorder<number>();
      destination.listen(recorder);
      void destination.send(-1);
      await recorder.count(1);
      const promises = await promisesMadeBy(async () => {
        for (let number = 0; number < MESSAGES; number += 1) void destination.send(number);
        await recorder.count(MESSAGES + 1);
      });
      expect(promises).toBeLessThan(FEW);
    }
  });

  test("send - a synchronous listener in the sender's turn costs no promise per message", async () => {
    const bus = new MessageBus();
    const destination = bus.addDestination<number>(
      DestinationConfiguration.createSynchronousDestinationConfiguration("acme/inline"),
    );
    let received = 0;
    destination.listen(() => {
      received += 1;
    });
    const promises = await promisesMadeBy(async () => {
      for (let number = 0; number < MESSAGES; number += 1) void destination.send(number);
    });
    expect(received).toBe(MESSAGES);
    expect(promises).toBeLessThan(FEW);
  });

  test("send - a request costs promises, so the count can tell", async () => {
    const bus = new MessageBus();
    const destination = bus.addDestination<number, number>(
      DestinationConfiguration.createParallelDestinationConfiguration("acme/asked"),
    );
    destination.listen(({ payload }) => payload);
    const promises = await promisesMadeBy(async () => {
      for (let number = 0; number < 100; number += 1) await destination.request(number);
    });
    expect(promises).toBeGreaterThanOrEqual(100);
  });
});

async function promisesMadeBy(work: () => Promise<void>): Promise<number> {
  let count = 0;
  const hook = createHook({
    init(_id, type) {
      if (type === "PROMISE") count += 1;
    },
  });
  hook.enable();
  await work();
  hook.disable();
  return count;
}
