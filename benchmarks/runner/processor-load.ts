import { cpus } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";

/** How many cores must stand idle before a process is started; a little less than one whole. */
const freeCores = 0.8;
const sampleMs = 100;

/** Waits until a core is free, but not for ever: others may work on the machine too. */
export async function waitForFreeCore(longestWaitMs = 5_000): Promise<void> {
  for (let waited = 0; waited < longestWaitMs; waited += sampleMs) {
    const load = new ProcessorLoad();
    await sleep(sampleMs);
    if (cpus().length - load.busyCores() >= freeCores) return;
  }
}

/** How many of the machine's cores are busy, from its making on. */
export class ProcessorLoad {
  readonly #startedAt: number = performance.now();
  readonly #idleBefore: number = idleMilliseconds();

  busyCores(): number {
    const elapsed = performance.now() - this.#startedAt;
    // Against the wall clock, so that what a hypervisor takes away counts as busy.
    const busy = cpus().length - (idleMilliseconds() - this.#idleBefore) / elapsed;
    return Math.max(0, busy);
  }

  /** The part of it that a process with so much processor time did not cause. */
  othersCores(ownMilliseconds: number): number {
    const elapsed = performance.now() - this.#startedAt;
    return Math.max(0, this.busyCores() - ownMilliseconds / elapsed);
  }
}

function idleMilliseconds(): number {
  return cpus().reduce((sum, { times }) => sum + times.idle, 0);
}
