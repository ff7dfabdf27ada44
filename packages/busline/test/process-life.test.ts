import { describe, expect, test } from "vitest";
import { HELD, IF_HELD, runScript } from "./run-script.ts";

/** Runs a script in a process of its own, with a bus and a destination of one listener in it. */
function run(script: string): Promise<{ readonly exit: unknown; readonly lines: string[] }> {
  const source = `
    import { DestinationConfiguration, MessageBus, waitForSpace } from "busline";
    const bus = new MessageBus();
    const { createSerialDestinationConfiguration: serial } = DestinationConfiguration;
    const destination = bus.addDestination(serial("acme/a", {
      maximumQueueSize: 1,
      rejectedExecutionHandler: waitForSpace({ timeoutMs: 100 }),
    }));
    ${IF_HELD}
    ${script}`;
  return runScript(source);
}

// Real processes and real time: there is no other way to see a process end, or not. Each costs a start of Node, so
// what can be seen in one is seen in one.
describe("process life", { timeout: 30_000, concurrent: true }, () => {
  test("bus - idle again after its work, with listeners and idle workers, it lets the process end", async () => {
    const script = `
      const pool = bus.addDestination(
        DestinationConfiguration.createParallelDestinationConfiguration("acme/pool"),
      );
      pool.listen(async (message) => {
        console.log(message.payload);
        return "answer";
      });
      for (let number = 0; number < 5; number += 1) pool.send(number);
      console.log(await pool.request(5));
      ifHeld();`;
    expect(await run(script)).toEqual({ exit: 0, lines: ["0", "1", "2", "3", "4", "5", "answer"] });
  });

  test("bus - a delayed message keeps it alive until it has been delivered, a kept dead letter does not", async () => {
    const script = `
      destination.listen(() => console.log("delivered"));
      destination.send("later", { delayMs: 50 });
      bus.addDestination(
        DestinationConfiguration.createDeadLetterDestinationConfiguration("acme/dead"),
      ).send("kept");
      ifHeld();`;
    expect(await run(script)).toEqual({ exit: 0, lines: ["delivered"] });
  });

  test("bus - a schedule keeps it alive until it is over, paused or removed", async () => {
    const script = `
      destination.listen(() => console.log("ran"));
      bus.schedule("once", { destination: "acme/a", at: Date.now() + 50 });
      bus.schedule("paused", { destination: "acme/a", everyMs: 60_000 }).pause();
      bus.schedule("removed", { destination: "acme/a", everyMs: 60_000 }).remove();
      ifHeld();`;
    expect(await run(script)).toEqual({ exit: 0, lines: ["ran"] });
    const held = `bus.schedule("always", { destination: "acme/a", everyMs: 60_000 }); ifHeld();`;
    expect(await run(held)).toEqual(HELD);
  });

  test("bus - a queued message on a paused destination keeps it alive", async () => {
    const script = `
      destination.listen(() => {});
      destination.pause();
      destination.send("waits");
      ifHeld();`;
    expect(await run(script)).toEqual(HELD);
  });

  // A worker has it in hand, but no listener has: to whoever sent it, it waits.
  test("bus - so does one that was sent just before the pause", async () => {
    const script = `
      destination.listen(() => {});
      destination.send("waits");
      destination.pause();
      ifHeld();`;
    expect(await run(script)).toEqual(HELD);
  });

  test.each([
    ["a purge", "destination.purge()"],
    ["a withdrawal", "controller.abort()"],
  ])("bus - %s of what it waited for lets it end again", async (_, end) => {
    const script = `
      const controller = new AbortController();
      destination.listen(() => {});
      destination.pause();
      destination.send("waits", { signal: controller.signal });
      // In the first of these turns the bus has come to hold the process.
      setImmediate(() => setImmediate(() => {
        ${end};
        console.log(destination.statistics.discardedMessageCount);
        ifHeld();
      }));`;
    expect(await run(script)).toEqual({ exit: 0, lines: ["1"] });
  });

  test("bus - a request, or a sender that waits for room, holds it until its timeout and no longer", async () => {
    // Awaited at the top level: if nothing held the process, Node would end it with code 13.
    const script = `
      const codeOf = (promise) => promise.catch((error) => console.log(error.code));
      destination.listen(() => {});
      await codeOf(destination.request("asked", { timeoutMs: 50 }));
      destination.pause();
      destination.send("waits");
      await codeOf(destination.send("waits for room"));
      destination.resume();
      ifHeld();`;
    const lines = ["BUSLINE_REQUEST_TIMEOUT", "BUSLINE_WAIT_TIMEOUT"];
    expect(await run(script)).toEqual({ exit: 0, lines });
  });

  test("listener - failing without a hook: one BuslineWarning, and the process lives; closed, it ends", async () => {
    const script = `
      const warned = new Promise((resolve) => process.on("warning", ({ name }) => {
        console.log(name);
        resolve();
      }));
      const failing = destination.listen(({ payload }) => {
        if (payload === "bad") throw new Error("no");
        console.log(payload);
      });
      destination.send("bad");
      destination.send("next");
      await warned;
      failing.unregister();
      destination.listen(() => new Promise(() => {}));
      for (const payload of [1, 2]) destination.send(payload);
      const { undelivered, interrupted } = await bus.close({ deadlineMs: 20 });
      console.log(undelivered.length, interrupted.length);
      ifHeld();`;
    expect(await run(script)).toEqual({ exit: 0, lines: ["next", "BuslineWarning", "1 1"] });
  });
});
