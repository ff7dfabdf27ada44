import type { Clock, Timer } from "./clock.ts";
import type { Deadline } from "./deadline.ts";
import { DeadlineList } from "./deadline-list.ts";
import { WakeOrder } from "./wake-order.ts";
import { LONGEST_DURATION_MS } from "../validation/option-reader.ts";

/** Up to so many lists stay when they are empty: most programs know a few durations, and use them again and again. */
const FEW_LISTS = 64;

/**
 * Any number of deadlines on one timer of the runtime: a timer for each request would cost several times as much as the
 * rest of the request. Those of the same duration stand in one list in the order of their setting, which is that of
 * their expiry, so setting and cancelling change three links and look at no clock. A deadline's time counts from the end
 * of the run that set it: it expires late by as much as that run takes, never early.
 */
export class Deadlines {
  readonly #clock: Clock;
  readonly #problem: (text: string, error: unknown) => void;
  readonly #lists = new Map<number, DeadlineList>();
  readonly #order = new WakeOrder();
  /** The one that was added to last. */
  #lastList: DeadlineList | undefined;
  #timer: Timer | undefined;
  #timerAt = Infinity;

  /** @param problem told of an expiry that fails */
  constructor(clock: Clock, problem: (text: string, error: unknown) => void) {
    this.#clock = clock;
    this.#problem = problem;
  }

  /** Expires the deadline once `durationMs` have passed, unless it is cancelled before. */
  set(durationMs: number, deadline: Deadline): void {
    let list = this.#lastList;
    if (list?.durationMs !== durationMs) {
      list = this.#lists.get(durationMs) ?? this.#newList(durationMs);
      this.#lastList = list;
    }
    list.add(deadline, this.#clock.endOfRun?.() ?? { at: this.#clock.monotonicNow() });
    if (list.index < 0) this.#wake(list, this.#clock.monotonicNow() + durationMs);
  }

  /** All that are set. */
  *[Symbol.iterator](): Iterator<Deadline> {
    for (const list of this.#lists.values()) yield* list;
  }

  /** Ends its timer: no deadline expires any more. */
  release(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#timerAt = Infinity;
    for (const deadline of [...this]) deadline.cancelDeadline();
    for (const list of [...this.#lists.values()]) this.#forget(list);
  }

  #newList(durationMs: number): DeadlineList {
    const list = new DeadlineList(durationMs, (emptied) => {
      if (this.#lists.size > FEW_LISTS) this.#forget(emptied);
    });
    this.#lists.set(durationMs, list);
    return list;
  }

  #forget(list: DeadlineList): void {
    if (this.#lists.get(list.durationMs) === list) this.#lists.delete(list.durationMs);
    if (this.#lastList === list) this.#lastList = undefined;
    if (list.index >= 0) this.#order.remove(list);
  }

  /** Looks at a list at that time, or somewhat before. */
  #wake(list: DeadlineList, at: number): void {
    list.wakeAt = at;
    this.#order.add(list);
    if (at < this.#timerAt) this.#arm(at);
  }

  #arm(at: number): void {
    this.#timer?.cancel();
    this.#timerAt = at;
    // A timer of Node that is set for longer fires at once. Before the time is up it finds nothing due, and is set again.
    const delayMs = Math.min(
      LONGEST_DURATION_MS,
      Math.max(0, Math.ceil(at - this.#clock.monotonicNow())),
    );
    this.#timer = this.#clock.startTimer(delayMs, () => this.#timeIsUp());
  }

  #timeIsUp(): void {
    this.#timer = undefined;
    this.#timerAt = Infinity;
    const now = this.#clock.monotonicNow();
    const due: DeadlineList[] = [];
    while (this.#order.first !== undefined && this.#order.first.wakeAt <= now) {
      due.push(this.#order.first);
      this.#order.remove(this.#order.first);
    }
    for (const list of due) this.#expire(list, now);
    const next = this.#order.first?.wakeAt ?? Infinity;
    // An expiry may have set a new deadline, and with it the timer.
    if (next < this.#timerAt) this.#arm(next);
  }

  // What an expiry sets waits for the next look, however short its time: a chain of them must not hold up the process.
  #expire(list: DeadlineList, now: number): void {
    for (let left = list.size; left > 0 && list.first !== undefined; left -= 1) {
      if (!(list.dueAt <= now)) break;
      const due = list.first;
      list.remove(due);
      try {
        due.expire();
      } catch (error) {
        // It must not take the other deadlines of the bus along.
        this.#problem("What was to happen at a deadline failed", error);
      }
    }
    // Whatever an expiry has set has woken it for too late a time, as long as there are older ones.
    if (list.index >= 0) this.#order.remove(list);
    if (list.first === undefined) this.#forget(list);
    else this.#wake(list, Number.isNaN(list.dueAt) ? now + list.durationMs : list.dueAt);
  }
}
