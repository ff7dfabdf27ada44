import type { Worker } from "./worker.ts";
import type { WorkerPool } from "./worker-pool.ts";

interface Wait {
  readonly worker: Worker;
  readonly target: WorkerPool;
  readonly refuse: () => void;
}

/**
 * Which workers wait for room in which pools. A worker that waits for room which, in the end, only itself could make
 * would wait for ever: with all workers of a pool waiting for that pool, or for each other's in a ring.
 */
export class WaitGraph {
  readonly #waits = new Set<Wait>();

  /** Whether the sender would never be woken. A paused pool does not count: somebody may resume it. */
  wouldDeadlock(sender: Worker | undefined, target: WorkerPool): boolean {
    const worker = poolWorkerOf(sender);
    return worker !== undefined && this.#isStuck(worker, target);
  }

  /**
   * @param refuse ends the wait, if later changes make it one without end
   * @returns the end of the waiting
   */
  begin(sender: Worker | undefined, target: WorkerPool, refuse: () => void): () => void {
    const worker = poolWorkerOf(sender);
    if (worker === undefined) return () => {};
    const wait: Wait = { worker, target, refuse };
    this.#waits.add(wait);
    return () => {
      this.#waits.delete(wait);
    };
  }

  /** A pool has been resumed, or has fewer workers: refuses those who now wait for themselves. */
  lookAgain(): void {
    for (const wait of this.#waits) {
      if (!this.#isStuck(wait.worker, wait.target)) continue;
      this.#waits.delete(wait);
      wait.refuse();
    }
  }

  #isStuck(waiting: Worker, target: WorkerPool): boolean {
    const reached = new Set([target]);
    for (const pool of reached) {
      const busy = pool.workforce.underway;
      if (
        pool.isPaused ||
        busy.length === 0 ||
        busy.length < pool.workforce.counts.activeWorkerCount
      ) {
        return false;
      }
      for (const worker of busy) {
        const targets = [...this.#waits].filter((wait) => wait.worker === worker);
        if (worker !== waiting && targets.length === 0) return false;
        for (const next of targets) reached.add(next.target);
      }
    }
    return true;
  }
}

/** The worker that a listener's code keeps busy, however deep in senders' turns it is. */
function poolWorkerOf(sender: Worker | undefined): Worker | undefined {
  let worker = sender;
  while (worker !== undefined && worker.pool === undefined) worker = worker.outer;
  return worker;
}
