import { type Destination, MessageBus } from "busline";
import { ManualClock } from "busline/testing";
import { durable } from "../durable-fixture.ts";
import { ledgerOf } from "../ledger.ts";
import { turns } from "../outcome-of.ts";
import { UnsureStore } from "./unsure-store.ts";

const NAME = "acme/orders";
export const DEAD = "acme/dead";
const ATTEMPTS = 3;
const WORKERS = 3;
const KEYS = 4;

export type Kind = "parallel" | "serial" | "keyed";

export type Step =
  | { readonly do: "send"; readonly count: number; readonly isAwaited: boolean }
  | { readonly do: "again"; readonly back: number }
  | { readonly do: "wait"; readonly turns: number }
  | { readonly do: "pass"; readonly ms: number }
  | { readonly do: "end"; readonly how: "kill" | "power" | "close" }
  | { readonly do: "fail"; readonly percent: number }
  | { readonly do: "pause" | "listen" | "purge" | "abort" };

/** How a listener was called. */
export interface Call {
  readonly number: number;
  readonly listener: string;
  readonly process: number;
  readonly attempt: number;
}

/** Runs the same program in process after process, all on one store, and keeps the books that outlive them. */
export class DurableRig {
  readonly kind: Kind;
  readonly listeners: readonly string[];
  readonly clock: ManualClock = new ManualClock({ startAt: 1_700_000_000_000 });
  /** Of those that were sent: the process has been told that they are stored, or that they are not. */
  readonly accepted = new Set<number>();
  readonly refused = new Set<number>();
  /** Those that may have been dropped, since somebody has asked for it. */
  readonly given = new Set<number>();
  /** Those that were sent with ids of their own. */
  readonly #owned = new Set<number>();
  readonly calls: Call[] = [];
  readonly successes: Call[] = [];
  readonly problems: unknown[] = [];
  crashes = 0;
  process = 0;
  sentCount = 0;
  store: UnsureStore;
  bus: MessageBus;
  destination: Destination<number>;
  #isCalm = false;
  #aborts = new AbortController();
  readonly #window: number;
  readonly #random: () => number;

  constructor(kind: Kind, listeners: readonly string[], seed: number) {
    this.kind = kind;
    this.listeners = listeners;
    this.#random = randomOf(seed);
    this.#window = [1, 2, 5, 1_000][this.choose(3)] as number;
    this.store = new UnsureStore([], (most) => this.choose(most));
    [this.bus, this.destination] = this.#boot();
  }

  /** A whole number up to, and including, `most`. */
  choose(most: number): number {
    return Math.floor(this.#random() * (most + 1));
  }

  async do(step: Step): Promise<void> {
    switch (step.do) {
      case "send": {
        const sends = Array.from({ length: step.count }, () => this.#sendNext());
        if (step.isAwaited) await Promise.all(sends);
        break;
      }
      case "again":
        this.#sendAgain(step.back);
        break;
      case "wait":
        await turns(step.turns);
        break;
      case "pass":
        this.clock.advance(step.ms);
        break;
      case "end":
        await this.#end(step.how);
        break;
      case "fail":
        this.store.failures = step.percent;
        break;
      case "pause":
        if (this.destination.isPaused) this.destination.resume();
        else this.destination.pause();
        break;
      case "listen":
        for (const name of this.listeners) this.#listen(this.bus, name);
        break;
      case "purge":
        for (let number = 1; number <= this.sentCount; number += 1) this.given.add(number);
        this.destination.purge();
        break;
      case "abort":
        this.#aborts.abort();
        this.#aborts = new AbortController();
        break;
    }
    ledgerOf(this.destination);
  }

  /** From now on nothing fails, and everything ends. */
  async finish(): Promise<void> {
    this.#isCalm = true;
    this.store.failures = 0;
    this.destination.resume();
    for (const name of this.listeners) this.#listen(this.bus, name);
    await this.bus.ready();
    for (let quiet = 0, round = 0; quiet < 3; round += 1) {
      await turns(20);
      this.clock.advance(1_000);
      const { pendingMessageCount, activeMessageCount } = this.destination.statistics;
      quiet = pendingMessageCount + activeMessageCount === 0 ? quiet + 1 : 0;
      if (round === 1_000)
        throw new Error(`It does not end: ${JSON.stringify(this.destination.statistics)}`);
    }
  }

  #boot(): [MessageBus, Destination<number>] {
    this.process += 1;
    const bus = new MessageBus({
      store: this.store,
      clock: this.clock,
      onError: () => {},
      logger: { error: (details, text) => void this.problems.push({ ...details, text }) },
    });
    const workers = this.kind === "serial" ? {} : { workersMaxSize: WORKERS };
    bus.addDestination(durable.deadLetter(DEAD, { durable: true }));
    const destination = bus.addDestination<number>(
      durable[this.kind](NAME, {
        durable: true,
        retry: { attempts: ATTEMPTS, backoff: { initialMs: 50 }, jitter: 0 },
        deadLetter: DEAD,
        maximumMessagesInMemory: this.#window,
        ...workers,
      }),
    );
    // Some come late.
    for (const name of this.listeners) if (this.choose(3) > 0) this.#listen(bus, name);
    return [bus, destination];
  }

  #listen(bus: MessageBus, listener: string): void {
    if (bus.getDestination(NAME)?.statistics.listeners.some(({ name }) => name === listener))
      return;
    const { process } = this;
    bus.listen(
      NAME,
      async ({ payload }, { attempt }) => {
        const call = { number: payload as number, listener, process, attempt };
        if (process === this.process) this.calls.push(call);
        const how = this.#isCalm ? 0 : this.choose(9);
        await turns(how % 4);
        if (process !== this.process) return;
        if (how === 9) throw new Error("no");
        this.successes.push(call);
      },
      { name: listener },
    );
  }

  async #sendNext(): Promise<void> {
    this.sentCount += 1;
    const number = this.sentCount;
    const delay = this.choose(9) === 0 ? { delayMs: 1 + this.choose(200) } : {};
    const id = this.choose(2) === 0 ? { id: `own-${number}` } : {};
    if (id.id !== undefined) this.#owned.add(number);
    const ordered = { key: `k${number % KEYS}`, ...id };
    const isGiven = this.choose(19) === 0;
    if (isGiven) this.given.add(number);
    const signal = isGiven ? { signal: this.#aborts.signal } : {};
    const options = this.kind === "parallel" ? { ...delay, ...id } : ordered;
    await this.#send(number, { ...options, ...signal });
  }

  /** A sender that does not know whether it has been heard repeats itself. */
  #sendAgain(back: number): void {
    const number = this.sentCount - back;
    if (!this.accepted.has(number) || !this.#owned.has(number)) return;
    void this.#send(-number, { id: `own-${number}`, key: `k${number % KEYS}` });
  }

  async #send(number: number, options: object): Promise<void> {
    const { process } = this;
    try {
      await this.destination.send(number, options);
      if (process === this.process && number > 0) this.accepted.add(number);
    } catch {
      if (process === this.process && !this.given.has(number) && number > 0)
        this.refused.add(number);
    }
  }

  async #end(how: "kill" | "power" | "close"): Promise<void> {
    const { bus, clock } = this;
    if (how === "close") {
      const closing = bus.close({ deadlineMs: 1_000 });
      await turns(12);
      clock.advance(1_000);
      await closing;
      this.store = new UnsureStore(this.store.entries, (most) => this.choose(most));
    } else {
      this.crashes += 1;
      this.store = how === "kill" ? this.store.kill() : this.store.losePower();
    }
    [this.bus, this.destination] = this.#boot();
  }
}

/** Numbers from 0 up to, but not including, 1: always the same for a seed. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d_2b_79_f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
