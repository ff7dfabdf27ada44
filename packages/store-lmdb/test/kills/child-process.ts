import { type ChildProcess as Process, spawn } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

/** How a child has ended. */
export interface ChildEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** What it has written to its standard error. */
  readonly said: string;
  /** It took too long, and was killed for that. */
  readonly hasHung: boolean;
}

const WATCHDOG_MS = 120_000;
let orders = 0;

/** A process that runs one of the programs, and what it tells. */
export class ChildProcess<Event> {
  readonly ended: Promise<ChildEnd>;
  readonly #process: Process;
  readonly #told: (event: Event) => void;
  readonly #waiting = new Set<() => void>();
  readonly #events: Event[] = [];

  /**
   * @param command the program, perhaps with another before it that runs it
   * @param told called with each event, in their order; all come before `ended` resolves
   */
  constructor(
    command: readonly [string, ...string[]],
    order: object,
    told: (event: Event) => void = () => {},
  ) {
    orders += 1;
    const file = path.join(tmpdir(), `busline-kills-order-${process.pid}-${orders}.json`);
    writeFileSync(file, JSON.stringify(order));
    const [program, ...words] = command;
    this.#told = told;
    this.#process = spawn(program, [...words, file], { stdio: ["pipe", "ignore", "pipe", "pipe"] });
    this.ended = this.#watch().finally(() => rmSync(file));
  }

  get pid(): number {
    return this.#process.pid as number;
  }

  kill(): void {
    this.#process.kill("SIGKILL");
  }

  /** Writes a line to its standard input. */
  write(line: string): void {
    this.#process.stdin?.on("error", () => {}).write(`${line}\n`);
  }

  /** Resolves when so many such events have come. Rejects if it ends before. */
  async told<Kind extends Event>(fits: (event: Event) => event is Kind, count = 1): Promise<Kind> {
    for (;;) {
      const found = this.#events.filter((event) => fits(event));
      if (found.length >= count) return found[count - 1] as Kind;
      await Promise.race([
        new Promise<void>((resolve) => this.#waiting.add(resolve)),
        this.ended.then(({ code, said, signal }) => {
          throw new Error(`A child has ended too early (${signal ?? code}): ${said}`);
        }),
      ]);
    }
  }

  async #watch(): Promise<ChildEnd> {
    const child = this.#process;
    let said = "";
    let hasHung = false;
    child.stderr?.on("data", (data: Buffer) => (said += data.toString()));
    const lines = createInterface(child.stdio[3] as Readable);
    lines.on("line", (line) => this.#tell(JSON.parse(line) as Event));
    const watchdog = setTimeout(() => {
      hasHung = true;
      child.kill("SIGKILL");
    }, WATCHDOG_MS);
    const allRead = new Promise((resolve) => lines.once("close", resolve));
    const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
      child.once("close", (...how) => resolve(how));
    });
    await allRead;
    clearTimeout(watchdog);
    return { code, signal, said, hasHung };
  }

  #tell(event: Event): void {
    this.#events.push(event);
    this.#told(event);
    for (const wake of [...this.#waiting]) wake();
    this.#waiting.clear();
  }
}
