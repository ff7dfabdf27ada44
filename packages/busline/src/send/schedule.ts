import { Alarm } from "../clock/alarm.ts";
import type { BusCore } from "../bus/bus-core.ts";
import { PLAIN_ROUTING } from "../destination/destination-environment.ts";
import { Message } from "../message/message.ts";
import { NO_EXTRAS } from "../message/message-extras.ts";
import { callInContext } from "../worker/sender-context.ts";
import type { CheckedScheduleOptions, ScheduledRun } from "./schedule-options.ts";

/** It looks at the clock at least so often: a wall clock may be set, and a machine suspended. */
const LONGEST_SLEEP_MS = 60_000;

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
    this.#stop();
  }

  /** Runs again, at its next time from now on. */
  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    if (this.#dueAt !== undefined) this.#dueAt = this.#nextFromNow();
    this.#goOn();
  }

  /** Ends it for good. */
  remove(): void {
    this.#dueAt = undefined;
    this.#stop();
    this.#ended(this);
  }

  /** @internal It has been made, and begins. */
  static start(schedule: Schedule): void {
    schedule.#goOn();
  }

  get #now(): number {
    const { clock } = this.#bus;
    return this.#options.times.isByWallClock ? clock.now() : clock.monotonicNow();
  }

  /** When it runs next, as seen from now; a single run that has passed has been missed. */
  #nextFromNow(): number | undefined {
    const { missed, times } = this.#options;
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
    if (this.#dueAt === undefined) return this.remove();
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
      const { missed, times } = this.#options;
      const next = times.next(dueAt);
      const isLate = next !== undefined && next <= now;
      this.#dueAt = isLate ? times.next(now) : next;
      if (isLate) this.#missedCount += 1;
      if (!isLate || missed === "once") this.#run(this.#bus.clock.now() - (now - dueAt));
    } else if (this.#options.times.at === undefined) {
      // The wall clock may have been set back.
      this.#dueAt = this.#options.times.next(now);
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
      const message = this.#bus.address(this.destinationName, payload, extras);
      const sending = this.#bus.route(message, PLAIN_ROUTING);
      this.#lastMessage = message;
      if (sending === undefined) return;
      this.#isSending = true;
      sending.then(
        () => {
          this.#isSending = false;
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
    const text = `Schedule "${this.name}" could not send its message`;
    this.#bus.reporter.problem(text, error, { destinationName: this.destinationName });
  }
}
