import type { WorkQueue, WorkQueueOptions } from "../peers/work-queue.ts";

/** A plain array, and as many asynchronous loops over it as the concurrency says. */
export function createQueue({ listener, concurrency = 1 }: WorkQueueOptions): WorkQueue {
  const receive = listener.forPayload;
  let waiting: number[] = [];
  let next = 0;
  let loops = 0;
  let missing = 0;
  const loop = async (): Promise<void> => {
    while (next < waiting.length) {
      const payload = waiting[next] as number;
      next += 1;
      await receive(payload);
    }
    loops -= 1;
    waiting = [];
    next = 0;
  };
  const start = (): void => {
    for (let left = missing; left > 0; left -= 1) void loop();
  };
  return {
    push: (payload) => {
      waiting.push(payload);
      if (loops === concurrency) return;
      missing = concurrency - loops;
      loops = concurrency;
      queueMicrotask(start);
    },
  };
}
