import PQueue from "p-queue";
import type { Requester, RequesterOptions } from "./requester.ts";
import type { WorkQueue, WorkQueueOptions } from "./work-queue.ts";

export function createQueue({ listener, concurrency = 1 }: WorkQueueOptions): WorkQueue {
  const receive = listener.forPayload;
  const queue = new PQueue({ concurrency });
  return {
    push: (payload) => {
      void queue.add(() => receive(payload) as Promise<void>);
    },
  };
}

/** As many at work as busline has workers at most. */
export function createRequester({ answer }: RequesterOptions): Requester {
  const queue = new PQueue({ concurrency: 5 });
  return { request: (payload) => queue.add(() => answer.forPayload(payload)) };
}
