import type { Clock, PlacedSizes, Timer } from "busline";
import { PoolThread, type PoolThreadOwner } from "./pool-thread.ts";
import { settingsOf, type ThreadSettings } from "./thread-settings.ts";
import type { ThreadTask } from "./thread-task.ts";

/** After so many threads in a row that ended before they were up, a new one is started only after a while. */
const MOST_FALSE_STARTS = 5;
const LONGEST_PAUSE_MS = 10_000;

/**
 * Threads that take tasks. It grows first: while no thread is idle and fewer than the maximum exist, a new one takes the
 * task; then tasks wait in line, or, where they are quick, at the threads. A thread works on one at a time. Idle threads
 * above the core size end after a while. One that ends by itself takes along only the task that it has begun with, and is
 * replaced.
 */
export class ThreadPool implements PoolThreadOwner {
  /** How many tasks a thread may have: the one that it works on, and those that are quick enough to wait there. */
  depth = 1;
  readonly #clock: Clock;
  readonly #problem: (text: string, error: unknown) => void;
  readonly #threads = new Set<PoolThread>();
  /** The one that became idle last is at the end. */
  readonly #idle: PoolThread[] = [];
  #waiting: ThreadTask[] = [];
  #sizes: PlacedSizes;
  #falseStarts = 0;
  /** Runs while no thread may be started. */
  #pause: Timer | undefined;
  #idleTimer: Timer | undefined;
  readonly #ending = new Set<Promise<void>>();
  #isReleased = false;
  /** Nothing is finished any more. */
  #isForced = false;
  #whenUnused: (() => void) | undefined;

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

  /** Takes back a task that no thread has begun with. */
  withdraw(task: ThreadTask): boolean {
    const at = this.#waiting.indexOf(task);
    if (at >= 0) {
      this.#waiting.splice(at, 1);
      return true;
    }
    const { thread } = task;
    if (thread === undefined) return false;
    const back = thread.takeBack();
    const isBack = back.includes(task);
    for (const other of back) if (other !== task) thread.give(other);
    if (thread.taskCount === 0) this.becameIdle(thread);
    return isBack;
  }

  /** Ends the thread that has been given a task first, and the task with it. */
  endThreadOf(task: ThreadTask): void {
    const { thread } = task;
    if (thread === undefined) return;
    // It is not gone at once; whoever comes meanwhile stands behind those that it has not begun with.
    const back = thread.takeBack().filter((other) => other !== task);
    this.#end(thread);
    this.gaveBack(back);
  }

  resize(sizes: PlacedSizes): void {
    this.#sizes = sizes;
    this.#shrink();
    this.#startWaiting();
  }

  /** Ends all threads: those at work by force, or when they have ended what they have in hand. */
  async release(isForced: boolean): Promise<void> {
    this.#isReleased = true;
    this.#isForced = isForced;
    if (isForced) {
      for (const task of this.#waiting.splice(0)) task.lost(undefined, undefined);
    } else if (this.#isUsed) {
      await new Promise<void>((resolve) => {
        this.#whenUnused = resolve;
      });
    }
    this.#pause?.cancel();
    this.#idleTimer?.cancel();
    for (const thread of this.#threads) this.#end(thread);
    await Promise.all(this.#ending);
  }

  becameIdle(thread: PoolThread): void {
    this.#falseStarts = 0;
    if (this.#idle.includes(thread)) return;
    thread.idleSince = this.#clock.monotonicNow();
    this.#idle.push(thread);
    this.#shrink();
    this.#startWaiting();
    if (this.#idle.includes(thread)) this.#shareOut(thread);
    if (!this.#isUsed) this.#whenUnused?.();
  }

  hasRoom(): void {
    this.#startWaiting();
  }

  gaveBack(tasks: readonly ThreadTask[]): void {
    if (this.#isForced) {
      for (const task of tasks) task.lost(undefined, undefined);
      return;
    }
    this.#waiting = [...tasks, ...this.#waiting];
    this.#startWaiting();
  }

  ended(thread: PoolThread, left: readonly ThreadTask[], error: unknown): void {
    this.#forget(thread);
    if (error !== undefined) this.#problem("A thread ended between two messages", error);
    this.#falseStarts = thread.isUp ? 0 : this.#falseStarts + 1;
    // Whoever comes next finds as many as before.
    const isMissing = this.#threads.size < this.#sizes.coreSize && !this.#isReleased;
    if (isMissing && thread.isUp) this.#hire(thread.settings);
    this.gaveBack(left);
    if (!this.#isUsed) this.#whenUnused?.();
  }

  get #isUsed(): boolean {
    if (this.#waiting.length > 0) return true;
    for (const thread of this.#threads) if (thread.taskCount > 0) return true;
    return false;
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
      thread.give(task);
    }
  }

  /** One to give a task to; undefined if there is none and may be none. */
  #threadFor(task: ThreadTask): PoolThread | undefined {
    const settings = settingsOf(task.listener);
    const at = this.#idle.findLastIndex((thread) => thread.settings.key === settings.key);
    if (at >= 0) return this.#idle.splice(at, 1)[0];
    if (this.#threads.size >= this.#sizes.maxSize) {
      const nearest = this.#leastBusy(settings.key);
      if (nearest !== undefined) return nearest;
      // One that is idle, but was started in another way, gives way.
      const [other] = this.#idle;
      if (other === undefined) return undefined;
      this.#end(other);
    }
    if (this.#falseStarts >= MOST_FALSE_STARTS) {
      this.#waitAWhile();
      return undefined;
    }
    const thread = this.#hire(settings);
    // It takes a while to come up, in which quick tasks are done by others.
    return this.#leastBusy(settings.key) ?? thread;
  }

  /** The thread with the fewest tasks of those that may have another one, if any. */
  #leastBusy(key: string): PoolThread | undefined {
    if (this.depth === 1) return undefined;
    let found: PoolThread | undefined;
    for (const thread of this.#threads) {
      if (thread.settings.key !== key || !thread.isUp || thread.isEnding) continue;
      if (thread.taskCount >= (found?.taskCount ?? this.depth)) continue;
      found = thread;
    }
    return found;
  }

  /** A thread has nothing to do while others have more than one task: takes half of what the busiest has not begun with. */
  #shareOut(idle: PoolThread): void {
    let busiest: PoolThread | undefined;
    for (const thread of this.#threads) {
      if (thread.settings.key !== idle.settings.key || thread.isEnding) continue;
      if (thread.taskCount > (busiest?.taskCount ?? 1)) busiest = thread;
    }
    if (busiest === undefined) return;
    const back = busiest.takeBack();
    const kept = Math.floor(back.length / 2);
    for (const task of back.slice(0, kept)) busiest.give(task);
    if (back.length === kept) return;
    this.#idle.splice(this.#idle.indexOf(idle), 1);
    for (const task of back.slice(kept)) idle.give(task);
    if (busiest.taskCount === 0) this.becameIdle(busiest);
  }

  #hire(settings: ThreadSettings): PoolThread {
    const thread = new PoolThread(settings, this, this.#clock);
    this.#threads.add(thread);
    return thread;
  }

  /** From now on it counts no more, but what it has in hand is told when it is gone. */
  #end(thread: PoolThread): void {
    this.#forget(thread);
    const ending = thread.end().then(() => {
      this.#ending.delete(ending);
    });
    this.#ending.add(ending);
  }

  #forget(thread: PoolThread): void {
    this.#threads.delete(thread);
    const at = this.#idle.indexOf(thread);
    if (at >= 0) this.#idle.splice(at, 1);
  }

  #waitAWhile(): void {
    const pauseMs = Math.min(100 * 2 ** (this.#falseStarts - MOST_FALSE_STARTS), LONGEST_PAUSE_MS);
    this.#pause = this.#clock.startTimer(pauseMs, () => {
      this.#pause = undefined;
      this.#falseStarts = MOST_FALSE_STARTS - 1;
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
    for (let [oldest] = this.#idle; oldest !== undefined; [oldest] = this.#idle) {
      const dueIn = oldest.idleSince + idleTimeoutMs - now;
      if (this.#threads.size <= coreSize || this.#isReleased) return;
      if (this.#threads.size <= maxSize && dueIn > 0) {
        this.#idleTimer = this.#clock.startTimer(Math.ceil(dueIn), () => this.#shrink());
        return;
      }
      this.#end(oldest);
    }
  }
}
