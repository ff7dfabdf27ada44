import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ChildEvent } from "./child-event.ts";
import { type ChildEnd, ChildProcess } from "./child-process.ts";
import { ChildPrograms } from "./child-programs.ts";
import type { PoisonOrder } from "./poison-child.ts";
import { remainsOf } from "./store-remains.ts";

const POISON = "poison";
const ATTEMPTS = 5;
const MOST_STARTS = 20;
const folder = mkdtempSync(path.join(tmpdir(), "busline-poison-"));
let programs: ChildPrograms;

beforeAll(async () => {
  programs = await ChildPrograms.make("poison-child");
});

afterAll(() => {
  programs.remove();
  rmSync(folder, { recursive: true, force: true });
});

/** Starts a child, and starts it again each time that it dies. */
class Supervisor {
  readonly events: ChildEvent[] = [];
  restarts = 0;

  async run(order: PoisonOrder): Promise<ChildEnd> {
    for (;;) {
      // What it has sent is in the store.
      const messages = this.events.length === 0 ? order.messages : [];
      const child = new ChildProcess<ChildEvent>(
        programs.command("poison-child"),
        { ...order, messages },
        (event) => this.events.push(event),
      );
      const end = await child.ended;
      if (end.code === 0 || this.restarts === MOST_STARTS) return end;
      this.restarts += 1;
    }
  }

  startsOf(message: string): number[] {
    return this.events.flatMap((event) => {
      return event.is === "started" && event.message === message ? [event.attempt] : [];
    });
  }

  /** In the order in which they were done. */
  get done(): string[] {
    return this.events.flatMap((event) => (event.is === "done" ? [event.message] : []));
  }

  get letters(): unknown {
    return this.events.findLast(({ is }) => is === "quiet");
  }
}

const others = Array.from({ length: 20 }, (_, at) => `message ${at}`);
const messages = [...others.slice(0, 10), POISON, ...others.slice(10)];

describe.skipIf(process.platform === "win32")("attempts", { timeout: 120_000 }, () => {
  test.each([
    { type: "parallel", end: "kill", isSlow: false },
    { type: "parallel", end: "exit", isSlow: false },
    { type: "parallel", end: "kill", isSlow: true },
    { type: "serial", end: "kill", isSlow: false },
    { type: "keyed", end: "kill", isSlow: false },
  ] as const)(
    "attempts - one that ends the process each time is a dead letter after five, and harms no other: %o",
    async ({ end, isSlow, type }) => {
      const order = { folder: mkdtempSync(path.join(folder, "store-")), type, messages, isSlow };
      const supervisor = new Supervisor();
      const { code, said } = await supervisor.run({ ...order, end });
      expect.soft({ code, said }).toEqual({ code: 0, said: "" });
      expect.soft(supervisor.startsOf(POISON)).toEqual([1, 2, 3, 4, 5]);
      expect.soft(supervisor.restarts).toBe(ATTEMPTS);
      expect.soft(new Set(supervisor.done)).toEqual(new Set(others));
      expect.soft(supervisor.letters).toMatchObject({
        letters: [
          {
            message: POISON,
            attempts: ATTEMPTS,
            error: "AttemptsExhaustedError",
            code: "BUSLINE_ATTEMPTS_EXHAUSTED",
            listeners: ["worker"],
          },
        ],
      });

      const healed = new Supervisor();
      await healed.run({ ...order, messages: [], end: undefined });
      expect.soft(healed.events).toContainEqual({ is: "redriven", count: 1 });
      expect.soft(healed.done).toEqual([POISON]);
      expect.soft(healed.letters).toMatchObject({ letters: [] });
      expect
        .soft(await remainsOf(order.folder))
        .toMatchObject({ messages: 0, states: 0, delayed: 0 });
    },
  );
});
