import type { Worker } from "./worker.ts";
import type { WorkerPool } from "./worker-pool.ts";

/**
 * Which workers wait for room in which pools. A worker that waits for room which, in the end, only itself could make
 * would wait for ever: with all workers of a pool waiting for that pool, or for each other's in a ring.
 */
export class WaitGraph {
  readonly #targets = new Map<Worker, WorkerPool[]>();

  /** Whether the sender would never be woken. A paused pool does not count: somebody may resume it. */
  wouldDeadlock(sender: Worker | undefined, target: WorkerPool): boolean {
    const waiting = poolWorkerOf(sender);
    if (waiting === undefined) return false;
    const reached = new Set([target]);
    for (const pool of reached) {
      const busy = pool.busyWorkers;
      if (pool.isPaused || busy.length === 0 || busy.length < pool.counts.activeWorkerCount)
        return false;
      for (const worker of busy) {
        const targets = this.#targets.get(worker) ?? [];
        if (worker !== waiting && targets.length === 0) return false;
        for (const next of targets) reached.add(next);
      }
    }
    return true;
  }

  /** @returns the end of the waiting */
  begin(sender: Worker | undefined, target: WorkerPool): () => void {
    const waiting = poolWorkerOf(sender);
    if (waiting === undefined) return () => {};
    const targets = this.#targets.get(waiting) ?? [];
    targets.push(target);
    this.#targets.set(waiting, targets);
    return () => {
      targets.splice(targets.indexOf(target), 1);
      if (targets.length === 0) this.#targets.delete(waiting);
    };
  }
}

/** The worker that a listener's code keeps busy, however deep in senders' turns it is. */
function poolWorkerOf(sender: Worker | undefined): Worker | undefined {
  let worker = sender;
  while (worker !== undefined && worker.pool === undefined) worker = worker.outer;
  return worker;
}
