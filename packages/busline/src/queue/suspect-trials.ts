import { Alarm } from "../clock/alarm.ts";
import type { Deadlines } from "../clock/deadlines.ts";
import type { Message } from "../message/message.ts";

/** What has run so long has not ended the process at once, as most do that end it; nobody waits longer for it. */
const PATIENCE_MS = 1_000;
/** Any message may be in hand when a process dies for the first time: many of them must not take long to start again. */
const FIRST_WATCH_MS = 100;

/** One of the durable queues of a bus, as far as it matters to a message that is to be tried alone. */
export interface TrialQueue {
  /** Nothing that it has given out, or is about to, is waited for. */
  readonly isAtRest: boolean;
  /** Gives out the message that it has asked for. */
  begin(message: Message): void;
  /** An attempt at a message has gone on for long, and the process has not ended. */
  survived(message: Message): void;
  /** Nobody waits any more for what it has given out. */
  letGo(): void;
  /** What goes on for long is not held to have ended the process while one is tried beside it. @param isExcused false: that is over */
  excuse(isExcused: boolean): void;
  /** Nothing is tried alone any more. */
  goOn(): void;
}

interface Trial {
  readonly queue: TrialQueue;
  readonly message: Message;
  readonly watchMs: number;
  hasBegun: boolean;
  alarm: Alarm | undefined;
}

/**
 * Messages during which a process has ended are tried one at a time, and meanwhile no durable destination of the bus gives
 * out another: otherwise what happens to run beside one that ends the process would be held to have done so, too.
 */
export class SuspectTrials {
  readonly #deadlines: Deadlines;
  readonly #queues = new Set<TrialQueue>();
  /** Those that are to be tried; the first one has its turn. */
  #trials: Trial[] = [];
  #afterwards: (() => void)[] = [];

  constructor(deadlines: Deadlines) {
    this.#deadlines = deadlines;
  }

  /** One is tried, or waits until all that runs has ended. */
  get isOn(): boolean {
    return this.#trials.length > 0;
  }

  join(queue: TrialQueue): void {
    this.#queues.add(queue);
  }

  /** A queue gives out nothing any more. */
  leave(queue: TrialQueue): void {
    this.#queues.delete(queue);
    const own = this.#trials.find((trial) => trial.queue === queue);
    if (own !== undefined) this.over(own.message);
    this.lookAgain();
  }

  /** @param attempts how many have begun: from the second on, it was not by chance that it was in hand */
  ask(queue: TrialQueue, message: Message, attempts: number): void {
    const watchMs = attempts > 1 ? PATIENCE_MS : FIRST_WATCH_MS;
    this.#trials.push({ queue, message, watchMs, hasBegun: false, alarm: undefined });
    if (this.#trials.length === 1) this.#next();
  }

  /** A message need not be tried any more: it has ended, or survived, or is not there. */
  over(message: Message): void {
    const at = this.#trials.findIndex((trial) => trial.message === message);
    const [trial] = at < 0 ? [] : this.#trials.splice(at, 1);
    trial?.alarm?.cancelDeadline();
    if (trial === undefined || at > 0) return;
    if (trial.hasBegun) for (const queue of this.#queues) queue.excuse(false);
    if (this.isOn) return this.#next();
    // Its own queue may have another to be tried: all of them go before what others have.
    trial.queue.goOn();
    for (const queue of this.#queues) if (queue !== trial.queue) queue.goOn();
    const tasks = this.#afterwards;
    this.#afterwards = [];
    for (const task of tasks) this.whenOff(task);
  }

  /** Does something while nothing is tried alone: now, or later. */
  whenOff(task: () => void): void {
    if (this.isOn) this.#afterwards.push(task);
    else task();
  }

  /** Something that was waited for has ended. */
  lookAgain(): void {
    const [trial] = this.#trials;
    if (trial === undefined || trial.hasBegun) return;
    for (const queue of this.#queues) if (!queue.isAtRest) return;
    this.#begin(trial);
  }

  #next(): void {
    const [trial] = this.#trials as [Trial];
    this.#setAlarm(trial, PATIENCE_MS, () => {
      for (const queue of this.#queues) queue.letGo();
      this.#begin(trial);
    });
    this.lookAgain();
  }

  #begin(trial: Trial): void {
    trial.hasBegun = true;
    trial.alarm?.cancelDeadline();
    // It counts from here on, since a worker may not take it at all: its destination may be paused.
    this.#setAlarm(trial, trial.watchMs, () => trial.queue.survived(trial.message));
    // That goes into one commit with the beginning of the trial.
    for (const queue of this.#queues) queue.excuse(true);
    trial.queue.begin(trial.message);
  }

  #setAlarm(trial: Trial, ms: number, ring: () => void): void {
    trial.alarm = new Alarm(ring);
    this.#deadlines.set(ms, trial.alarm);
  }
}
