import type { Clock, PlacedSizes, Timer } from "busline";
import { PoolThread, type PoolThreadOwner } from "./pool-thread.ts";
import { settingsOf, type ThreadSettings } from "./thread-settings.ts";
import type { ThreadTask } from "./thread-task.ts";

/** After so many threads in a row that ended before they were up, a new one is started only after a while. */
const MOST_FALSE_STARTS = 5;
const LONGEST_PAUSE_MS = 10_000;

/**
 * Threads that take tasks, one each at a time. It grows first: while no thread is idle and fewer than the maximum exist,
 * a new one takes the task; then tasks wait in line. Idle threads above the core size end after a while. One that ends by
 * itself takes only its own task with it, and is replaced.
 */
export class ThreadPool implements PoolThreadOwner {
  readonly #clock: Clock;
  readonly #problem: (text: string, error: unknown) => void;
  readonly #threads = new Set<PoolThread>();
  /** The one that became idle last is at the end. */
  readonly #idle: PoolThread[] = [];
  readonly #waiting: ThreadTask[] = [];
  #sizes: PlacedSizes;
  #falseStarts = 0;
  /** Runs while no thread may be started. */
  #pause: Timer | undefined;
  #idleTimer: Timer | undefined;
  readonly #ending = new Set<Promise<void>>();
  #isReleased = false;
  #whenEmpty: (() => void) | undefined;

  constructor(sizes: PlacedSizes, clock: Clock, problem: (text: string, error: unknown) => void) {
    this.#sizes = sizes;
    this.#clock = clock;
    this.#problem = problem;
  }

  /** How many threads there are. */
  get size(): number {
    return this.#threads.size;
  }

  run(task: ThreadTask): void {
    this.#waiting.push(task);
    this.#startWaiting();
  }

  /** Takes back a task that waits for a thread. */
  withdraw(task: ThreadTask): boolean {
    const at = this.#waiting.indexOf(task);
    if (at < 0) return false;
    this.#waiting.splice(at, 1);
    return true;
  }

  /** Ends the thread that has the task in hand. */
  endThreadOf(task: ThreadTask): void {
    for (const thread of this.#threads) if (thread.has(task)) this.#end(thread);
  }

  abort(task: ThreadTask, reason: unknown): void {
    for (const thread of this.#threads) if (thread.has(task)) thread.abort(task, reason);
  }

  resize(sizes: PlacedSizes): void {
    this.#sizes = sizes;
    this.#shrink();
    this.#startWaiting();
  }

  /** Ends all threads: those at work by force, or when they have ended what they have in hand. */
  async release(isForced: boolean): Promise<void> {
    this.#isReleased = true;
    this.#idleTimer?.cancel();
    this.#idleTimer = undefined;
    if (isForced) {
      this.#pause?.cancel();
      for (const task of this.#waiting.splice(0)) task.lost(undefined, undefined);
    } else if (this.#isBusy) {
      await new Promise<void>((resolve) => {
        this.#whenEmpty = resolve;
      });
    }
    for (const thread of this.#threads) this.#end(thread);
    await Promise.all(this.#ending);
  }

  freed(thread: PoolThread): void {
    thread.idleSince = this.#clock.monotonicNow();
    this.#idle.push(thread);
    this.#shrink();
    this.#startWaiting();
    if (!this.#isBusy) this.#whenEmpty?.();
  }

  ended(thread: PoolThread, wasUp: boolean, error: unknown): void {
    this.#threads.delete(thread);
    const at = this.#idle.indexOf(thread);
    if (at >= 0) this.#idle.splice(at, 1);
    if (error !== undefined) this.#problem("A thread ended between two messages", error);
    this.#falseStarts = wasUp ? 0 : this.#falseStarts + 1;
    if (!this.#isBusy) this.#whenEmpty?.();
    this.#startWaiting();
    // Whoever comes next finds as many as before.
    if (wasUp && !this.#isReleased && this.#threads.size < this.#sizes.coreSize) {
      this.freed(this.#hire(thread.settings));
    }
  }

  get #isBusy(): boolean {
    return this.#waiting.length > 0 || this.#idle.length < this.#threads.size;
  }

  #startWaiting(): void {
    while (this.#waiting.length > 0 && this.#pause === undefined) {
      const task = this.#waiting[0] as ThreadTask;
      let thread: PoolThread | undefined;
      try {
        thread = this.#threadFor(task);
      } catch (error) {
        this.#waiting.shift();
        task.failed(error);
        continue;
      }
      if (thread === undefined) return;
      this.#waiting.shift();
      thread.start(task);
    }
  }

  /** An idle thread, or a new one; undefined if there is none and may be none. */
  #threadFor(task: ThreadTask): PoolThread | undefined {
    const settings = settingsOf(task.listener);
    const at = this.#idle.findLastIndex(({ settings: { key } }) => key === settings.key);
    if (at >= 0) return this.#idle.splice(at, 1)[0];
    if (this.#threads.size >= this.#sizes.maxSize) {
      // One that is idle, but was started in another way, gives way.
      const other = this.#idle.shift();
      if (other === undefined) return undefined;
      this.#threads.delete(other);
      this.#end(other);
    }
    if (this.#falseStarts >= MOST_FALSE_STARTS) {
      this.#waitAWhile();
      return undefined;
    }
    return this.#hire(settings);
  }

  #hire(settings: ThreadSettings): PoolThread {
    const thread = new PoolThread(settings, this);
    this.#threads.add(thread);
    return thread;
  }

  #end(thread: PoolThread): void {
    const ending = thread.end().then(() => {
      this.#ending.delete(ending);
    });
    this.#ending.add(ending);
  }

  #waitAWhile(): void {
    const pauseMs = Math.min(100 * 2 ** (this.#falseStarts - MOST_FALSE_STARTS), LONGEST_PAUSE_MS);
    this.#pause = this.#clock.startTimer(pauseMs, () => {
      this.#pause = undefined;
      this.#startWaiting();
    });
    // Tasks wait for it.
    this.#pause.ref();
  }

  /** Ends idle threads above the maximum at once, above the core size after a while. */
  #shrink(): void {
    const { coreSize, maxSize, idleTimeoutMs } = this.#sizes;
    this.#idleTimer?.cancel();
    this.#idleTimer = undefined;
    const now = this.#clock.monotonicNow();
    let left = this.#threads.size;
    for (let oldest = this.#idle[0]; oldest !== undefined; oldest = this.#idle[0]) {
      const dueIn = oldest.idleSince + idleTimeoutMs - now;
      if (left <= coreSize) return;
      if (left <= maxSize && dueIn > 0) {
        this.#idleTimer = this.#clock.startTimer(Math.ceil(dueIn), () => this.#shrink());
        return;
      }
      this.#idle.shift();
      this.#threads.delete(oldest);
      this.#end(oldest);
      left -= 1;
    }
  }
}
