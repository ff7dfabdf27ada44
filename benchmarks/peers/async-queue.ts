import { type AsyncResultIterator, type ErrorCallback, queue as createAsyncQueue } from "async";
import type { Requester, RequesterOptions } from "./requester.ts";
import type { AsynchronousListener, SynchronousListener } from "./work-listener.ts";
import type { WorkQueue, WorkQueueOptions } from "./work-queue.ts";

/** The `queue` of the package async. */
export function createQueue({ listener, concurrency = 1 }: WorkQueueOptions): WorkQueue {
  const queue = createAsyncQueue<number>(
    listener.isAsynchronous ? asynchronousWorker(listener) : synchronousWorker(listener),
    concurrency,
  );
  return {
    push: (payload) => {
      // Without a callback it would make a promise for each task.
      queue.push(payload, ignore);
    },
  };
}

function ignore(): void {
  // Nothing of this work fails.
}

function synchronousWorker({
  forPayload: receive,
}: SynchronousListener): (payload: number, done: ErrorCallback) => void {
  return (payload, done) => {
    receive(payload);
    done();
  };
}

function asynchronousWorker({
  forPayload: receive,
}: AsynchronousListener): (payload: number, done: ErrorCallback) => void {
  return (payload, done) => {
    receive(payload).then(done as () => void, done);
  };
}

/** As many at work as busline has workers at most. */
export function createRequester({ answer }: RequesterOptions): Requester {
  const worker: AsyncResultIterator<number, number> = (payload, done) => {
    answer.forPayload(payload).then((reply) => {
      done(null, reply);
    }, done);
  };
  const queue = createAsyncQueue(worker, 5);
  return { request: (payload) => queue.pushAsync<number>(payload) };
}
