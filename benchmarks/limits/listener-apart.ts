import type { WorkQueue, WorkQueueOptions } from "../peers/work-queue.ts";

/** A plain array, given to the listener by a call that no optimiser looks through to make one function of two. */
export function createQueue({ listener }: WorkQueueOptions): WorkQueue {
  const receive: (payload: number) => unknown = listener.forPayload;
  let waiting: number[] = [];
  const drain = (): void => {
    const all = waiting;
    waiting = [];
    for (const payload of all) Reflect.apply(receive, undefined, [payload]);
  };
  return {
    push: (payload) => {
      if (waiting.push(payload) === 1) queueMicrotask(drain);
    },
  };
}
