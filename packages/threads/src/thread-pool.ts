import type { Clock, PlacedSizes, Timer } from "busline";
import { PoolThread, type PoolThreadOwner } from "./pool-thread.ts";
import { settingsOf, type ThreadSettings } from "./thread-settings.ts";
import type { ThreadTask } from "./thread-task.ts";

/** After so many threads in a row that ended without having begun with anything, a new one is started after a while. */
const MOST_FALSE_STARTS = 5;
const SHORTEST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;
/** As long as a timer of Node can wait. */
const FOR_EVER_MS = 2_147_483_647;

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
  /** How many tasks have come and have not ended. */
  #taskCount = 0;
  #sizes: PlacedSizes;
  #falseStarts = 0;
  /** Runs while no thread may be started. */
  #pause: Timer | undefined;
  /** A pause is over: one thread may be started. */
  #mayTry = false;
  #idleTimer: Timer | undefined;
  /** Holds the process while there are tasks: threads do not, and one may just have died. */
  #hold: Timer | undefined;
  /** Tasks will be shared out in the next turn of the event loop. */
  #isSharing = false;
  readonly #ending = new Set<Promise<void>>();
  #isReleased = false;

  constructor(sizes: PlacedSizes, clock: Clock, problem: (text: string, error: unknown) => void) {
    this.#sizes = sizes;
    this.#clock = clock;
    this.#problem = problem;
  }

  run(task: ThreadTask): void {
    this.#taskCount += 1;
    if (this.#taskCount === 1) {
      this.#hold ??= this.#clock.startTimer(FOR_EVER_MS, () => {});
      this.#hold.ref();
    }
    this.#waiting.push(task);
    this.#startWaiting();
  }

  /** A task has ended, in whichever way. */
  done(): void {
    this.#taskCount -= 1;
    if (this.#taskCount === 0) this.#hold?.unref();
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
    const isSmaller = sizes.maxSize < this.#sizes.maxSize;
    this.#sizes = sizes;
    if (isSmaller) {
      // What surplus threads have not begun with is for those that stay.
      const back = [...this.#threads].flatMap((thread) => thread.takeBack());
      this.#waiting = [...back.toSorted((one, other) => one.place - other.place), ...this.#waiting];
      for (const thread of this.#threads) if (thread.taskCount === 0) this.becameIdle(thread);
    }
    this.#shrink();
    this.#startWaiting();
  }

  /** Ends all threads. To be called when no task is left. @returns resolves when they are gone */
  async release(): Promise<void> {
    this.#isReleased = true;
    this.#pause?.cancel();
    this.#idleTimer?.cancel();
    this.#hold?.cancel();
    for (const thread of this.#threads) this.#end(thread);
    await this.ended();
  }

  /** Resolves when all threads that are being ended now are gone. */
  async ended(): Promise<void> {
    await Promise.all(this.#ending);
  }

  becameIdle(thread: PoolThread): void {
    if (thread.hasBegun) this.#falseStarts = 0;
    if (this.#idle.includes(thread)) return;
    thread.idleSince = this.#clock.monotonicNow();
    this.#idle.push(thread);
    this.#shrink();
    this.#startWaiting();
    // Most often the next tasks come when those are told whose tasks have ended.
    if (this.#idle.includes(thread) && !this.#isSharing) {
      this.#isSharing = true;
      this.#clock.atNextTurn(this.#shareAll);
    }
  }

  hasRoom(): void {
    this.#startWaiting();
  }

  gaveBack(tasks: readonly ThreadTask[]): void {
    this.#waiting = [...tasks, ...this.#waiting];
    this.#startWaiting();
  }

  repliedLate(destinationName: string, messageId: string): void {
    const lost = new Error(`Its reply to the message ${messageId} is lost`);
    this.#problem(
      `A listener of "${destinationName}" replied in its thread after it had ended`,
      lost,
    );
  }

  exited(thread: PoolThread, left: readonly ThreadTask[], error: unknown): void {
    const isOurs = this.#threads.has(thread);
    this.#forget(thread);
    if (error !== undefined) this.#problem("A thread ended between two messages", error);
    if (isOurs) this.#falseStarts = thread.hasBegun ? 0 : this.#falseStarts + 1;
    // Whoever comes next finds as many as before.
    const isMissing = this.#threads.size < this.#sizes.coreSize && !this.#isReleased;
    if (isMissing && thread.hasBegun) this.#hire(thread.settings);
    this.gaveBack(left);
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
    // Those that are being ended may still be at work.
    const busyCount = this.#threads.size - this.#idle.length + this.#ending.size;
    if (busyCount > this.#sizes.maxSize) return undefined;
    if (busyCount === this.#sizes.maxSize) return this.#leastBusy(settings.key);
    const at = this.#idle.findLastIndex((thread) => thread.settings.key === settings.key);
    if (at >= 0) return this.#idle.splice(at, 1)[0];
    if (this.#threads.size + this.#ending.size >= this.#sizes.maxSize) {
      // One that is idle, but was started in another way, gives way.
      const [other] = this.#idle;
      if (other !== undefined) this.#end(other);
      return undefined;
    }
    if (this.#falseStarts >= MOST_FALSE_STARTS && !this.#mayTry) {
      this.#waitAWhile();
      return undefined;
    }
    this.#mayTry = false;
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

  readonly #shareAll = (): void => {
    this.#isSharing = false;
    for (const thread of [...this.#idle]) this.#shareOut(thread);
  };

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

  /** From now on it is given nothing, but what it has in hand is told when it is gone. */
  #end(thread: PoolThread): void {
    this.#forget(thread);
    const ending = thread.end().then(() => {
      this.#ending.delete(ending);
      this.#startWaiting();
    });
    this.#ending.add(ending);
  }

  #forget(thread: PoolThread): void {
    this.#threads.delete(thread);
    const at = this.#idle.indexOf(thread);
    if (at >= 0) this.#idle.splice(at, 1);
  }

  #waitAWhile(): void {
    const pauseMs = SHORTEST_PAUSE_MS * 2 ** (this.#falseStarts - MOST_FALSE_STARTS);
    this.#pause = this.#clock.startTimer(Math.min(pauseMs, LONGEST_PAUSE_MS), () => {
      this.#pause = undefined;
      this.#mayTry = true;
      this.#startWaiting();
    });
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
