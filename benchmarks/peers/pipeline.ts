import { synchronousListener } from "./work-listener.ts";
import type { WorkQueue } from "./work-queue.ts";
import { type WorkQueueName, workQueues } from "./work-queues.ts";

/** Three queues in a row; the listener of the last one is given. */
export type CreatePipeline = (receive: (payload: number) => void) => Promise<WorkQueue>;

/** Made of three queues of a peer, each of whose listeners pushes to the next. */
export function pipelineOf(name: WorkQueueName): CreatePipeline {
  return async (receive) => {
    const create = await workQueues[name]();
    const third = await create({ listener: synchronousListener(receive) });
    const second = await create({
      listener: synchronousListener((payload) => {
        void third.push(payload);
      }),
    });
    const first = await create({
      listener: synchronousListener((payload) => {
        void second.push(payload);
      }),
    });
    return {
      push: (payload) => first.push(payload),
      close: async () => {
        for (const queue of [first, second, third]) await queue.close?.();
      },
    };
  };
}

/** Made of three destinations of one bus. */
export function buslinePipeline(type: "serial" | "parallel"): CreatePipeline {
  return async (receive) => {
    const { createPipeline } = await import("./busline-pipeline.ts");
    return createPipeline(type, receive);
  };
}
