import type { Arrivals } from "./arrivals.ts";
import type { WorkQueue } from "./work-queue.ts";

/** A queue with a bound that tells how many messages it has dropped. */
export interface BoundedQueue extends WorkQueue {
  readonly dropped: () => number;
}

/** What those write by hand whose queue has no bound: who sends waits until one has been delivered. */
export function waitingByHand(queue: WorkQueue, arrivals: Arrivals, bound: number): BoundedQueue {
  let pushed = 0;
  const pushLater = async (payload: number): Promise<void> => {
    while (pushed - arrivals.count >= bound) await arrivals.more(1);
    pushed += 1;
    void queue.push(payload);
  };
  return {
    push: (payload) => {
      if (pushed - arrivals.count >= bound) return pushLater(payload);
      pushed += 1;
      return queue.push(payload);
    },
    dropped: () => 0,
    close: () => queue.close?.(),
  };
}

/** The same for those that drop: the newest, since the oldest cannot be taken out of such a queue. */
export function droppingByHand(queue: WorkQueue, arrivals: Arrivals, bound: number): BoundedQueue {
  let pushed = 0;
  let dropped = 0;
  return {
    push: (payload) => {
      if (pushed - arrivals.count >= bound) {
        dropped += 1;
        return;
      }
      pushed += 1;
      void queue.push(payload);
    },
    dropped: () => dropped,
    close: () => queue.close?.(),
  };
}
