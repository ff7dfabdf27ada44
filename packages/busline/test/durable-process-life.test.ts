import { describe, expect, test } from "vitest";
import { HELD, IF_HELD, runScript } from "./run-script.ts";

/** Runs a script in a process of its own, with a bus on a store and a durable destination in it. */
function run(script: string): Promise<{ readonly exit: unknown; readonly lines: string[] }> {
  return runScript(`
    import { DestinationConfiguration, MessageBus } from "busline";
    import { MemoryStore } from "busline/testing";
    const store = new MemoryStore();
    const retry = { attempts: 2, backoff: { initialMs: 50 }, jitter: 0 };
    const serial = DestinationConfiguration.createSerialDestinationConfiguration;
    const start = () => {
      const bus = new MessageBus({ store, onError: () => {} });
      return [bus, bus.addDestination(serial("acme/a", { durable: true, retry }))];
    };
    const [bus, destination] = start();
    ${IF_HELD}
    ${script}`);
}

// Real processes and real time: there is no other way to see a process end, or not.
describe("process life - durable", { timeout: 30_000, concurrent: true }, () => {
  test("bus - idle again after its work, it lets the process end", async () => {
    const script = `
      destination.listen(({ payload }) => console.log(payload), { name: "a" });
      await destination.send("one");
      destination.send("two");
      ifHeld();`;
    expect(await run(script)).toEqual({ exit: 0, lines: ["one", "two"] });
  });

  test("bus - what a process finds in its store keeps it alive until it has been delivered", async () => {
    const script = `
      await destination.send("one");
      await bus.close();
      const [second, again] = start();
      again.listen(({ payload }) => console.log(payload), { name: "a" });
      ifHeld();`;
    expect(await run(script)).toEqual({ exit: 0, lines: ["one"] });
  });

  test("bus - what waits for its next attempt keeps it alive", async () => {
    const script = `
      destination.listen((_, { attempt }) => {
        console.log(attempt);
        if (attempt === 1) throw new Error("not yet");
      }, { name: "a" });
      await destination.send("one");
      ifHeld();`;
    expect(await run(script)).toEqual({ exit: 0, lines: ["1", "2"] });
  });

  test("bus - what waits at a paused destination keeps it alive, until that is closed", async () => {
    const script = `
      destination.listen(() => {}, { name: "a" });
      destination.pause();
      await destination.send("one");`;
    expect(await run(`${script} ifHeld();`)).toEqual(HELD);
    expect(await run(`${script} await bus.close(); ifHeld();`)).toEqual({ exit: 0, lines: [] });
  });

  test("bus - what waits for a listener that is not here does not", async () => {
    const script = `
      await destination.send("one");
      ifHeld();`;
    expect(await run(script)).toEqual({ exit: 0, lines: [] });
  });
});
