import { Alarm } from "../clock/alarm.ts";
import type { BusCore } from "../bus/bus-core.ts";
import { PLAIN_ROUTING, type Routing } from "../destination/destination-environment.ts";
import { Message } from "../message/message.ts";
import { NO_EXTRAS } from "../message/message-extras.ts";
import { callInContext } from "../worker/sender-context.ts";
import type { RunTimes } from "./run-times.ts";
import { ScheduleMemory, type ScheduleState } from "./schedule-memory.ts";
import type { CheckedScheduleOptions, ScheduledRun } from "./schedule-options.ts";

/** It looks at the clock at least so often: a wall clock may be set, and a machine suspended. */
const LONGEST_SLEEP_MS = 60_000;

/** It is asked whether its last message has ended. */
const FOLLOWED_ROUTING: Routing = Object.freeze({
  ...PLAIN_ROUTING,
  isAwaited: true,
  claimsId: true,
});

/** Sends a message to a destination at its times, as long as its bus is open. */
export class Schedule {
  readonly name: string;
  /** Where its messages go. */
  readonly destinationName: string;
  readonly #options: CheckedScheduleOptions;
  readonly #bus: BusCore;
  readonly #ended: (schedule: Schedule) => void;
  /** By its clock. */
  #dueAt: number | undefined;
  #alarm: Alarm | undefined;
  /** Lets the process end. */
  #letGo: (() => void) | undefined;
  #isPaused = false;
  /** Somebody has paused it, or had it go on, in this process. */
  #isSteered = false;
  /** What it remembers over the end of the process, where the bus has a store. */
  readonly #memory: ScheduleMemory | undefined;
  #times: RunTimes;
  /** When the last run was due, by the wall clock. */
  #coveredUpTo: number;
  /** It does not know yet what it remembers. */
  #isRemembering = false;
  #isSending = false;
  #lastMessage: Message | undefined;
  #lastRunAt: number | undefined;
  #lastError: unknown;
  #runCount = 0;
  #skippedCount = 0;
  #missedCount = 0;

  /** @internal Made by the bus. @param ended called when it will not run any more */
  constructor(
    name: string,
    options: CheckedScheduleOptions,
    bus: BusCore,
    ended: (schedule: Schedule) => void,
  ) {
    this.name = name;
    this.destinationName = options.destinationName;
    this.#options = options;
    this.#bus = bus;
    this.#ended = ended;
    this.#times = options.times;
    this.#memory = bus.store === undefined ? undefined : new ScheduleMemory(bus.store, name);
    this.#coveredUpTo = bus.clock.now();
    this.#dueAt = this.#nextFromNow();
  }

  /** When it runs next, in milliseconds since the epoch; `undefined` while it is paused, and when it has run for the last time. */
  get nextRunAt(): number | undefined {
    if (this.#dueAt === undefined || this.#isPaused) return undefined;
    return this.#bus.clock.now() + Math.max(0, this.#dueAt - this.#now);
  }

  /** When it ran last, in milliseconds since the epoch. */
  get lastRunAt(): number | undefined {
    return this.#lastRunAt;
  }

  /** Why the message of the last run could not be sent; `undefined` if it could. */
  get lastError(): unknown {
    return this.#lastError;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** How often it has sent a message, or tried to. */
  get runCount(): number {
    return this.#runCount;
  }

  /** How many runs were left out since the message of the one before had not ended. */
  get skippedCount(): number {
    return this.#skippedCount;
  }

  /** How often the process came too late, so that runs were made up for by one, or left out. */
  get missedCount(): number {
    return this.#missedCount;
  }

  /** Runs no more until `resume`. */
  pause(): void {
    this.#isPaused = true;
    this.#isSteered = true;
    this.#stop();
    this.#remember();
  }

  /** Runs again, at its next time from now on. */
  resume(): void {
    this.#isSteered = true;
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#remember();
    if (this.#isRemembering) return;
    if (this.#dueAt !== undefined) this.#dueAt = this.#nextFromNow();
    this.#goOn();
  }

  /** Ends it for good. */
  remove(): void {
    this.#memory?.erase();
    Schedule.stop(this);
  }

  /** @internal It has been made, and begins. */
  static start(schedule: Schedule): void {
    if (schedule.#memory === undefined) return schedule.#goOn();
    void schedule.#begin(schedule.#memory);
  }

  /** @internal It ends with its bus. */
  static stop(schedule: Schedule): void {
    schedule.#dueAt = undefined;
    schedule.#stop();
    schedule.#ended(schedule);
  }

  /** What it remembers decides when it runs next: what fell into the time when nobody ran it has been missed. */
  async #begin(memory: ScheduleMemory): Promise<void> {
    this.#isRemembering = true;
    this.#letGo = this.#bus.hold();
    const state = await memory.read(this.#times.plan);
    this.#isRemembering = false;
    // It was removed meanwhile.
    if (this.#dueAt === undefined) return;
    if (state !== undefined) this.#takeUp(state);
    this.#remember();
    if (this.#isPaused) this.#stop();
    else this.#goOn();
  }

  #takeUp(state: ScheduleState): void {
    const now = this.#bus.clock.now();
    const { dueAt, isOver, isPaused, lastError, lastRunAt } = state;
    this.#lastRunAt = lastRunAt;
    this.#lastError = lastError === undefined ? undefined : new Error(lastError);
    this.#coveredUpTo = dueAt;
    if (!this.#isSteered) this.#isPaused = isPaused;
    if (isOver) this.#dueAt = undefined;
    // A single run says itself whether it has been missed.
    if (isOver || this.#times.at !== undefined) return;
    const from = this.#now - Math.max(0, now - dueAt);
    this.#times = this.#times.goingOnAfter?.(dueAt, now) ?? this.#times;
    this.#dueAt = this.#times.next(from);
    const isMissed = this.#dueAt !== undefined && this.#dueAt <= this.#now && !this.#isPaused;
    if (!isMissed) return;
    this.#missedCount += 1;
    if (this.#options.missed === "skip") this.#dueAt = this.#times.next(this.#now);
  }

  /** Writes down how far it has come. */
  #remember(): void {
    if (this.#isRemembering) return;
    this.#memory?.write({
      plan: this.#times.plan,
      dueAt: this.#coveredUpTo,
      lastRunAt: this.#lastRunAt,
      lastError: textOf(this.#lastError),
      isPaused: this.#isPaused,
      isOver: this.#dueAt === undefined,
    });
  }

  get #now(): number {
    const { clock } = this.#bus;
    return this.#times.isByWallClock ? clock.now() : clock.monotonicNow();
  }

  /** When it runs next, as seen from now; a single run that has passed has been missed. */
  #nextFromNow(): number | undefined {
    const { missed } = this.#options;
    const times = this.#times;
    if (times.at === undefined) return times.next(this.#now);
    if (times.at >= this.#now) return times.at;
    this.#missedCount += 1;
    return missed === "once" ? times.at : undefined;
  }

  #stop(): void {
    this.#alarm?.cancelDeadline();
    this.#alarm = undefined;
    this.#letGo?.();
    this.#letGo = undefined;
  }

  /** Sleeps until it is due, or a while, and looks again. */
  #goOn(): void {
    if (this.#dueAt === undefined) return Schedule.stop(this);
    // Whole milliseconds: less than one may be too little for the clock to move on.
    const leftMs = Math.min(LONGEST_SLEEP_MS, Math.max(0, Math.ceil(this.#dueAt - this.#now)));
    this.#alarm = new Alarm(() => this.#wake());
    this.#bus.deadlines.set(leftMs, this.#alarm);
    this.#letGo ??= this.#bus.hold();
  }

  #wake(): void {
    this.#alarm = undefined;
    const dueAt = this.#dueAt as number;
    const now = this.#now;
    if (now >= dueAt) {
      const { missed } = this.#options;
      const times = this.#times;
      const next = times.next(dueAt);
      const isLate = next !== undefined && next <= now;
      this.#dueAt = isLate ? times.next(now) : next;
      if (isLate) this.#missedCount += 1;
      const wallDueAt = this.#bus.clock.now() - (now - dueAt);
      this.#coveredUpTo = isLate ? this.#bus.clock.now() : wallDueAt;
      if (!isLate || missed === "once") this.#run(wallDueAt);
      this.#remember();
    } else if (this.#times.at === undefined) {
      // The wall clock may have been set back.
      this.#dueAt = this.#times.next(now);
    }
    // A run may have paused it, and may have had it go on.
    if (!this.#isPaused && this.#alarm === undefined) this.#goOn();
  }

  #run(dueAt: number): void {
    if (this.#options.overlap === "skip" && this.#isGoingOn) {
      this.#skippedCount += 1;
      return;
    }
    this.#runCount += 1;
    this.#lastRunAt = this.#bus.clock.now();
    this.#lastError = undefined;
    // Whoever made the schedule has long gone: its context is not that of the run.
    callInContext(undefined, this.#send, this, { name: this.name, dueAt });
  }

  /** Whether the message of the run before has not ended. */
  get #isGoingOn(): boolean {
    if (this.#isSending) return true;
    return this.#lastMessage !== undefined && Message.isGoingOn(this.#lastMessage);
  }

  #send(run: ScheduledRun): void {
    const { headers, key, payloadOf } = this.#options;
    try {
      const payload = payloadOf(Object.freeze(run));
      const extras = { ...NO_EXTRAS, headers, key };
      // What it has sent, and has not been able to remember, is known by its id where it is durable.
      const id = this.#memory === undefined ? undefined : `${this.name} at ${run.dueAt}`;
      const message = this.#bus.address(this.destinationName, payload, extras, id);
      const sending = this.#bus.route(message, FOLLOWED_ROUTING);
      this.#lastMessage = message;
      if (sending === undefined) return;
      this.#isSending = true;
      sending.then(
        () => {
          this.#isSending = false;
          this.#remember();
        },
        (error: unknown) => {
          this.#isSending = false;
          this.#failed(error);
        },
      );
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    this.#lastError = error;
    this.#lastMessage = undefined;
    this.#remember();
    const text = `Schedule "${this.name}" could not send its message`;
    this.#bus.reporter.problem(text, error, { destinationName: this.destinationName });
  }
}

/** What an error says; anything may be thrown. */
function textOf(error: unknown): string | undefined {
  if (error === undefined) return undefined;
  try {
    return error instanceof Error ? error.message : `a ${typeof error} was thrown`;
  } catch {
    return "what was thrown cannot be read";
  }
}
