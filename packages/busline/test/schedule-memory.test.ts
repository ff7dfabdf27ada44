import { describe, expect, test } from "vitest";
import type { MessageBus, ScheduleOptions } from "busline";
import { durable, Processes } from "./durable-fixture.ts";
import { turns } from "./outcome-of.ts";

const HOUR = 3_600_000;
/** 2023-11-14, 22:13:20 UTC. */
const START = 1_700_000_000_000;

/** A program that has one schedule, run in process after process. */
class Program {
  readonly processes = new Processes();
  /** When the runs were due whose messages came, and in which process. */
  readonly runs: string[] = [];
  readonly #options: Omit<ScheduleOptions, "destination">;
  #process = 0;

  constructor(options: Omit<ScheduleOptions, "destination">) {
    this.#options = options;
  }

  async start(): Promise<MessageBus> {
    this.#process += 1;
    const number = this.#process;
    const bus = this.processes.start();
    bus.addDestination(durable.serial("acme/runs", { durable: true }));
    const listener = ({ payload }: { readonly payload: unknown }): void => {
      this.runs.push(`${number}: ${((payload as number) - START) / HOUR}`);
    };
    bus.listen("acme/runs", listener, { name: "runs" });
    bus.schedule("hourly", {
      destination: "acme/runs",
      payload: ({ dueAt }) => dueAt,
      ...this.#options,
    });
    await turns(20);
    return bus;
  }

  async pass(hours: number): Promise<void> {
    this.processes.clock.advance(hours * HOUR);
    await turns(20);
  }
}

describe("schedules - in a store", () => {
  test("schedules - a period goes on after a restart as if nothing had happened", async () => {
    const program = new Program({ everyMs: HOUR });
    const first = await program.start();
    await program.pass(1.25);
    await first.close();
    await program.pass(0.25);
    const second = await program.start();
    expect(second.getSchedule("hourly")?.nextRunAt).toBe(START + 2 * HOUR);
    expect(second.getSchedule("hourly")?.lastRunAt).toBe(START + HOUR);
    await program.pass(0.5);
    expect(program.runs).toEqual(["1: 1", "2: 2"]);
    await second.close();
  });

  test.each([
    ["once", ["1: 1", "2: 4.5", "2: 5.5"]],
    ["skip", ["1: 1", "2: 5.5"]],
  ] as const)("schedules - runs missed between two processes: %s", async (missed, expected) => {
    const program = new Program({ everyMs: HOUR, missed });
    const first = await program.start();
    await program.pass(1);
    await first.close();
    await program.pass(3.5);
    const second = await program.start();
    expect(second.getSchedule("hourly")?.missedCount).toBe(1);
    await program.pass(0);
    await program.pass(1);
    expect(program.runs).toEqual(expected);
    await second.close();
  });

  test("schedules - a run of cron that was missed is made up for once", async () => {
    const program = new Program({ cron: "0 * * * *", timeZone: "UTC" });
    const first = await program.start();
    await first.close();
    await program.pass(3);
    const second = await program.start();
    await program.pass(0);
    expect(program.runs).toHaveLength(1);
    await program.pass(1);
    expect(program.runs).toHaveLength(2);
    await second.close();
  });

  test("schedules - a single run that has been made is not made again", async () => {
    const program = new Program({ at: START + HOUR });
    const first = await program.start();
    await program.pass(1);
    await first.close();
    const second = await program.start();
    expect(second.getSchedule("hourly")).toBeUndefined();
    await program.pass(1);
    expect(program.runs).toEqual(["1: 1"]);
    await second.close();
  });

  test("schedules - a single run that was missed is made up for", async () => {
    const program = new Program({ at: START + HOUR });
    await (await program.start()).close();
    await program.pass(2);
    const second = await program.start();
    await program.pass(0);
    expect(program.runs).toEqual(["2: 1"]);
    await second.close();
  });

  test("schedules - what was paused stays paused, until somebody has it go on", async () => {
    const program = new Program({ everyMs: HOUR });
    const first = await program.start();
    first.getSchedule("hourly")?.pause();
    await first.close();
    const second = await program.start();
    const schedule = second.getSchedule("hourly");
    expect(schedule?.isPaused).toBe(true);
    await program.pass(3);
    expect(program.runs).toEqual([]);
    schedule?.resume();
    await program.pass(1);
    expect(program.runs).toEqual(["2: 4"]);
    await second.close();
    const third = await program.start();
    expect(third.getSchedule("hourly")?.isPaused).toBe(false);
    await third.close();
  });

  test("schedules - whoever steers it before it knows what it remembers has the last word", async () => {
    const program = new Program({ everyMs: HOUR });
    const first = await program.start();
    first.getSchedule("hourly")?.pause();
    await first.close();
    const starting = program.start();
    const bus = program.processes.last as MessageBus;
    bus.getSchedule("hourly")?.pause();
    bus.getSchedule("hourly")?.resume();
    await starting;
    expect(bus.getSchedule("hourly")?.isPaused).toBe(false);
    await program.pass(1);
    expect(program.runs).toHaveLength(1);
    await bus.close();
  });

  test("schedules - what was removed begins anew", async () => {
    const program = new Program({ at: START + HOUR });
    const first = await program.start();
    await program.pass(1);
    expect(first.getSchedule("hourly")).toBeUndefined();
    const again = first.schedule("hourly", { destination: "acme/runs", everyMs: HOUR });
    again.remove();
    await turns(5);
    await first.close();
    const keys = program.processes.store.entries.map(({ key }) => key);
    expect(keys.filter((key) => key.startsWith("c/"))).toEqual([]);
  });

  test("schedules - one that is removed before it knows what it remembers does not run", async () => {
    const program = new Program({ everyMs: HOUR });
    const starting = program.start();
    (program.processes.last as MessageBus).getSchedule("hourly")?.remove();
    const bus = await starting;
    await program.pass(2);
    expect(program.runs).toEqual([]);
    await bus.close();
  });

  test("schedules - another plan under the same name remembers nothing of the one before", async () => {
    const program = new Program({ everyMs: HOUR });
    await (await program.start()).close();
    await program.pass(3);
    const other = program.processes.start();
    other.addDestination(durable.serial("acme/runs", { durable: true }));
    const schedule = other.schedule("hourly", { destination: "acme/runs", everyMs: 2 * HOUR });
    await turns(20);
    expect(schedule.missedCount).toBe(0);
    expect(schedule.nextRunAt).toBe(START + 5 * HOUR);
    await other.close();
  });

  test("schedules - a run that was not written down is known by its id", async () => {
    const program = new Program({ cron: "0 * * * *", timeZone: "UTC" });
    const first = await program.start();
    const before = program.processes.store.entries.find(({ key }) => key.startsWith("c/"));
    await program.pass(1);
    expect(program.runs).toHaveLength(1);
    await first.close();
    // As if the process had been killed between the two.
    await program.processes.store.commit([before as { key: string; value: Uint8Array }], "stable");
    const second = await program.start();
    await program.pass(0);
    expect(program.runs).toHaveLength(1);
    expect(second.statistics.duplicateMessageCount).toBe(1);
    await second.close();
  });

  test("schedules - why the last run failed is remembered", async () => {
    const program = new Program({
      everyMs: HOUR,
      payload: () => {
        throw new Error("no payload");
      },
    });
    const first = await program.start();
    await program.pass(1);
    await first.close();
    const second = await program.start();
    expect(second.getSchedule("hourly")?.lastError).toEqual(new Error("no payload"));
    await second.close();
  });

  test.each([
    ["a text", "a string was thrown"],
    [
      new Proxy(new Error("x"), {
        getPrototypeOf: () => {
          throw new Error("not this one");
        },
      }),
      "what was thrown cannot be read",
    ],
  ])("schedules - whatever was thrown is remembered in words: %#", async (thrown, words) => {
    const program = new Program({
      everyMs: HOUR,
      payload: () => {
        throw thrown;
      },
    });
    const first = await program.start();
    await program.pass(1);
    await first.close();
    const second = await program.start();
    expect(second.getSchedule("hourly")?.lastError).toEqual(new Error(words));
    await second.close();
  });

  test("schedules - without its memory a schedule runs all the same, and says so", async () => {
    const program = new Program({ everyMs: HOUR });
    const get = program.processes.store.get.bind(program.processes.store);
    program.processes.store.get = (keys) =>
      keys.some((key) => key.startsWith("c/")) ? Promise.reject(new Error("no")) : get(keys);
    const bus = await program.start();
    await program.pass(1);
    expect(program.runs).toEqual(["1: 1"]);
    expect(program.processes.problems).toHaveLength(1);
    await bus.close();
  });
});
