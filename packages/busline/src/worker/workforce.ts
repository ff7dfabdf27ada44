import type { Clock } from "../clock/clock.ts";
import type { WorkerCounts } from "../statistics/destination-statistics.ts";
import { IdleWorkers } from "./idle-workers.ts";
import type { PoolSettings } from "./pool-settings.ts";
import { Worker } from "./worker.ts";
import type { WorkerPool } from "./worker-pool.ts";

/** A pool's workers: as many as its core size, more while all are busy, and the core size again after idling. */
export class Workforce {
  private readonly pool: WorkerPool;
  private readonly clock: Clock;
  private currentCount: number;
  private largestCount: number;
  // Most of a hundred thousand destinations may never see a message: what only that needs is made with it.
  private workers: Set<Worker> | undefined;
  private resting: Worker | undefined;
  private idleWorkers: IdleWorkers | undefined;

  constructor(pool: WorkerPool, clock: Clock) {
    this.pool = pool;
    this.clock = clock;
    this.currentCount = pool.settings.coreSize;
    this.largestCount = this.currentCount;
  }

  get counts(): WorkerCounts {
    return {
      activeWorkerCount: this.pool.busyCount - this.pool.aheadCount,
      currentWorkerCount: this.currentCount,
      largestWorkerCount: this.largestCount,
      workersCoreSize: this.pool.settings.coreSize,
      workersMaxSize: this.pool.settings.maxSize,
    };
  }

  /** Those that have begun with a message. */
  get underway(): Worker[] {
    return [...(this.workers ?? [])].filter((worker) => worker.isUnderway);
  }

  /** One more has a task in hand. */
  grow(): void {
    const busyCount = this.pool.busyCount - this.pool.aheadCount;
    if (busyCount > this.currentCount) this.currentCount = busyCount;
    if (this.currentCount > this.largestCount) this.largestCount = this.currentCount;
  }

  /** One to start a task with. */
  get(): Worker {
    const worker = this.resting;
    if (worker === undefined) return this.hire();
    this.resting = worker.nextResting;
    worker.nextResting = undefined;
    return worker;
  }

  /** It has nothing to start. */
  putBack(worker: Worker): void {
    worker.nextResting = this.resting;
    this.resting = worker;
  }

  /** It has ended its task, and takes no other. */
  rest(worker: Worker): void {
    const { maxSize } = this.pool.settings;
    const isOneTooMany =
      this.workers !== undefined && this.workers.size > maxSize + this.pool.aheadCount;
    if (isOneTooMany) this.workers?.delete(worker);
    else this.putBack(worker);
    if (this.currentCount > maxSize) this.currentCount -= 1;
  }

  /** The pool has other sizes. Nobody is taken off a message: workers above the new size end as they become free. */
  resize({ coreSize, maxSize }: PoolSettings): void {
    const allowed = Math.max(coreSize, Math.min(this.currentCount, maxSize));
    this.currentCount = Math.max(allowed, this.pool.busyCount);
    this.largestCount = Math.max(this.largestCount, this.currentCount);
    this.watchIdle();
  }

  /** Looks after those above the core size that have nothing to do. */
  watchIdle(): void {
    const { coreSize, idleTimeoutMs } = this.pool.settings;
    const count = this.currentCount - Math.max(this.pool.busyCount, coreSize);
    if (count <= 0 && this.idleWorkers === undefined) return;
    this.idleWorkers ??= new IdleWorkers(this.clock, () => this.letGo());
    this.idleWorkers.set(Math.max(0, count), idleTimeoutMs);
  }

  /** Ends its timer. */
  release(): void {
    this.idleWorkers?.release();
  }

  private hire(): Worker {
    const worker = new Worker(this.pool);
    this.workers ??= new Set();
    this.workers.add(worker);
    return worker;
  }

  private letGo(): void {
    this.currentCount -= 1;
    const worker = this.resting;
    if (worker === undefined) return;
    this.resting = worker.nextResting;
    this.workers?.delete(worker);
  }
}
