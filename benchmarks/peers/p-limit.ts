import pLimit from "p-limit";
import type { Requester, RequesterOptions } from "./requester.ts";
import type { WorkQueue, WorkQueueOptions } from "./work-queue.ts";

export function createQueue({ listener, concurrency = 1 }: WorkQueueOptions): WorkQueue {
  const receive = listener.forPayload;
  const limit = pLimit(concurrency);
  return {
    push: (payload) => {
      void limit(receive, payload);
    },
  };
}

/** As many at work as busline has workers at most. */
export function createRequester({ answer }: RequesterOptions): Requester {
  const limit = pLimit(5);
  return { request: (payload) => limit(answer.forPayload, payload) };
}
