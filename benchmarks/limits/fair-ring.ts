import type { WorkListener } from "../peers/work-listener.ts";
import type { WorkQueue, WorkQueueOptions } from "../peers/work-queue.ts";
import { Ring } from "./ring.ts";

/** So many are delivered before timers, I/O and others have their turn. */
const SLICE = 1_024;

/** A ring of payloads, without an envelope, a bound, a count or a guard, drained in slices. */
class FairRing {
  readonly #receive: WorkListener["forPayload"];
  readonly #ring = new Ring<number>();
  #isScheduled = false;
  readonly #drain = (): void => {
    const ring = this.#ring;
    for (let left = Math.min(SLICE, ring.length); left > 0; left -= 1)
      void this.#receive(ring.shift());
    if (ring.length > 0) {
      setImmediate(this.#drain);
      return;
    }
    this.#isScheduled = false;
    ring.shrink();
  };

  constructor(receive: WorkListener["forPayload"]) {
    this.#receive = receive;
  }

  push(payload: number): void {
    this.#ring.push(payload);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(this.#drain);
  }
}

export function createQueue({ listener }: WorkQueueOptions): WorkQueue {
  const ring = new FairRing(listener.forPayload);
  return {
    push: (payload) => {
      ring.push(payload);
    },
  };
}
