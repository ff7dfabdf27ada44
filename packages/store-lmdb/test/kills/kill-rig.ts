import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { ChildEvent } from "./child-event.ts";
import type { ChildOrder } from "./child-order.ts";
import { ChildProcess } from "./child-process.ts";
import type { ChildPrograms } from "./child-programs.ts";
import type { PlannedLife } from "./kill-plan.ts";
import { Ledger, type Life } from "./ledger.ts";
import { type StoreRemains, remainsOf } from "./store-remains.ts";

/** A failpoint that takes longer than that is not reached any more. */
const MOST_WAIT_MS = 20_000;

/**
 * Starts one process after another on the same folder, each of which sends and delivers all the time, and ends each of them
 * in the way that was planned; the last one finishes what is left. What they tell goes into a ledger.
 */
export class KillRig {
  readonly ledger: Ledger;
  /** How often each failpoint was planned, and reached. */
  readonly planned = new Map<string, number>();
  readonly reached = new Map<string, number>();
  /** How many processes did not end by themselves. */
  kills = 0;
  /** How many of them were killed before they were open, and the most of those in a row. */
  startUpKills = 0;
  deepestNesting = 0;
  remains: StoreRemains | undefined;
  /** How long children have sent, in milliseconds. */
  loadedMs = 0;
  readonly #programs: ChildPrograms;
  readonly #folder = mkdtempSync(path.join(tmpdir(), "busline-kills-"));
  readonly #timers = new Set<NodeJS.Timeout>();
  #nesting = 0;

  constructor(programs: ChildPrograms, seed: number) {
    this.#programs = programs;
    this.ledger = new Ledger(seed);
  }

  /** Where the store is, and beside it all that was told. */
  get folder(): string {
    return this.#folder;
  }

  async run(lives: readonly PlannedLife[]): Promise<void> {
    for (const life of lives) await this.#live(life);
    await this.#finish();
    this.remains = await remainsOf(path.join(this.#folder, "store"));
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #live(plan: PlannedLife): Promise<void> {
    const { end } = plan;
    const life = this.ledger.begin();
    const failpoint = end.how === "failpoint" ? end.failpoint : undefined;
    let startedAt: number | undefined;
    const child = this.#start(life, { ...plan, does: "load", failpoint }, (event) => {
      if (event.is === "killing") count(this.reached, event.failpoint);
      if (event.is === "opening" && end.how === "start-up")
        this.#in(end.afterMs, () => child.kill());
      if (!isWork(event) || startedAt !== undefined) return;
      startedAt = performance.now();
      if (end.how === "random") this.#in(end.afterMs, () => child.kill());
      if (end.how === "close") this.#in(end.afterMs, () => child.write("close"));
    });
    if (failpoint !== undefined) {
      count(this.planned, failpoint.name);
      this.#in(MOST_WAIT_MS, () => child.kill());
    }
    const { code, said, signal, hasHung } = await child.ended;
    this.#stopTimers();
    if (startedAt !== undefined) this.loadedMs += performance.now() - startedAt;
    life.isKilled = signal === "SIGKILL";
    if (life.isKilled) this.#wasKilled(life);
    const isAsPlanned = end.how === "close" ? code === 0 : life.isKilled;
    if (!isAsPlanned || hasHung || said !== "") {
      this.ledger.faults.push(`life ${life.number}: ended by ${signal ?? code}: ${said}`);
    }
  }

  async #finish(): Promise<void> {
    const life = this.ledger.begin();
    const plan = {
      childSeed: 1,
      mostWaiting: 0,
      maximumMessagesInMemory: 1_000,
      hasShortLogs: false,
    };
    const { code, said, signal } = await this.#start(life, { ...plan, does: "finish" }, () => {})
      .ended;
    life.isKilled = signal !== null;
    if (code !== 0 || said !== "" || this.ledger.counts.length === 0) {
      this.ledger.faults.push(`the last life did not end: ${signal ?? code}: ${said}`);
    }
  }

  #start(
    life: Life,
    plan: Omit<PlannedLife, "end"> & Pick<ChildOrder, "does" | "failpoint">,
    told: (event: ChildEvent) => void,
  ): ChildProcess<ChildEvent> {
    const { seed } = this.ledger;
    const { childSeed, does, failpoint, hasShortLogs, maximumMessagesInMemory, mostWaiting } = plan;
    const order: ChildOrder = {
      folder: path.join(this.#folder, "store"),
      seed,
      childSeed,
      does,
      failpoint,
      mostWaiting,
      maximumMessagesInMemory,
      hasShortLogs,
      next: this.ledger.next,
      again: this.ledger.unknown,
    };
    const file = path.join(this.#folder, "events.jsonl");
    appendFileSync(file, `${JSON.stringify({ life: life.number, plan })}\n`);
    let lines = "";
    const command = this.#programs.command("bus-child");
    const child = new ChildProcess<ChildEvent>(command, order, (event) => {
      lines += `${JSON.stringify(event)}\n`;
      this.ledger.take(event, life);
      told(event);
    });
    void child.ended.then(() => appendFileSync(file, lines));
    return child;
  }

  #wasKilled({ ready }: Life): void {
    this.kills += 1;
    this.#nesting = ready === undefined ? this.#nesting + 1 : 0;
    if (ready === undefined) this.startUpKills += 1;
    this.deepestNesting = Math.max(this.deepestNesting, this.#nesting);
  }

  #in(ms: number, act: () => void): void {
    this.#timers.add(setTimeout(act, ms));
  }

  #stopTimers(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }
}

function isWork({ is }: ChildEvent): boolean {
  return is === "accepted" || is === "started";
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
