import { publishers } from "./publishers.ts";
import type { SynchronousListener } from "./work-listener.ts";
import type { WorkQueue } from "./work-queue.ts";
import { type WorkQueueName, workQueues } from "./work-queues.ts";

/** A queue whose every message reaches all of several listeners. */
export type CreateFanOut = (listeners: readonly SynchronousListener[]) => Promise<WorkQueue>;

/** Made of one queue of a peer, whose listener calls one after the other. */
export function oneQueueOf(name: WorkQueueName): CreateFanOut {
  return async (listeners) => {
    const create = await workQueues[name]();
    const receivers = listeners.map(({ forPayload }) => forPayload);
    const callAll = (payload: number): void => {
      for (const receive of receivers) receive(payload);
    };
    return create({
      listener: {
        isAsynchronous: false,
        forPayload: callAll,
        forMessage: ({ payload }) => {
          callAll(payload);
        },
      },
    });
  };
}

/** Made of a queue of a peer for each listener. */
export function queuesOf(name: WorkQueueName): CreateFanOut {
  return async (listeners) => {
    const create = await workQueues[name]();
    const queues: WorkQueue[] = [];
    for (const listener of listeners) queues.push(await create({ listener }));
    return {
      push: (payload) => {
        for (const queue of queues) void queue.push(payload);
      },
      close: async () => {
        for (const queue of queues) await queue.close?.();
      },
    };
  };
}

/** Made of one topic of a bus; nobody waits for what it returns. */
export function topicOf(name: string): CreateFanOut {
  return async (listeners) => {
    const create = await publishers[name]?.();
    if (create === undefined) throw new Error(`There is no publisher "${name}".`);
    const publisher = await create({ topics: [listeners] });
    return {
      push: (payload) => {
        void publisher.publish(0, payload);
      },
      close: () => publisher.close?.(),
    };
  };
}

/** One destination with all the listeners. */
export function buslineFanOut(type: "serial" | "parallel"): CreateFanOut {
  return async (listeners) => {
    const { createFanOut } = await import("./busline-queue.ts");
    return createFanOut(type, listeners);
  };
}
