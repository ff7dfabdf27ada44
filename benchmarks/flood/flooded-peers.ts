import { queue as createQueue } from "async";
import fastq from "fastq";
import PQueue from "p-queue";
import { CONCURRENCY, type FloodedQueue, type FloodedQueueOptions } from "./flooded-queue.ts";

/** None of them has a bound. */
export function createFastq({ listener }: FloodedQueueOptions): FloodedQueue {
  const queue = fastq<unknown, number>((_payload, done) => {
    listener().then(done as () => void, done);
  }, CONCURRENCY);
  return {
    send: (payload) => {
      queue.push(payload);
    },
    finished: () =>
      new Promise((resolve) => {
        queue.drain = resolve;
      }),
  };
}

export function createAsyncQueue({ listener }: FloodedQueueOptions): FloodedQueue {
  const queue = createQueue<number>((_payload, done) => {
    listener().then(done as () => void, done);
  }, CONCURRENCY);
  return {
    send: (payload) => {
      // Without a callback it would make a promise for each task.
      queue.push(payload, ignore);
    },
    finished: () => queue.drain(),
  };
}

export function createPQueue({ listener }: FloodedQueueOptions): FloodedQueue {
  const queue = new PQueue({ concurrency: CONCURRENCY });
  return {
    send: () => {
      void queue.add(listener);
    },
    finished: () => queue.onIdle(),
  };
}

function ignore(): void {
  // Nothing of this work fails.
}
