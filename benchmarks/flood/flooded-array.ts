import {
  BOUND,
  CONCURRENCY,
  type FloodedQueue,
  type FloodedQueueOptions,
} from "./flooded-queue.ts";

/** An array, and as many asynchronous loops over it as messages may be at work. */
export function createFlooded({ listener, refused }: FloodedQueueOptions): FloodedQueue {
  const waiting: number[] = [];
  let taken = 0;
  let loops: Promise<void>[] | undefined;
  const loop = async (): Promise<void> => {
    while (taken < waiting.length) {
      taken += 1;
      await listener();
    }
  };
  return {
    send: (payload) => {
      if (waiting.length - taken >= BOUND) refused();
      else waiting.push(payload);
      loops ??= Array.from({ length: CONCURRENCY }, loop);
    },
    finished: async () => {
      await Promise.all(loops ?? []);
    },
  };
}
