import fastq, { type done } from "fastq";
import type { Requester, RequesterOptions } from "./requester.ts";
import type { AsynchronousListener, SynchronousListener } from "./work-listener.ts";
import type { WorkQueue, WorkQueueOptions } from "./work-queue.ts";

export function createCallbackQueue({ listener, concurrency = 1 }: WorkQueueOptions): WorkQueue {
  const queue = fastq(
    listener.isAsynchronous ? asynchronousWorker(listener) : synchronousWorker(listener),
    concurrency,
  );
  return {
    push: (payload) => {
      queue.push(payload);
    },
  };
}

/** A callback called inside the worker overflows the stack at some 20,000 waiting tasks. */
function synchronousWorker({
  forPayload: receive,
}: SynchronousListener): (payload: number, done: done) => void {
  return (payload, done) => {
    receive(payload);
    queueMicrotask(done as () => void);
  };
}

/** The listener's promise resolves to nothing, so the callback can be its handler without a function for each task. */
function asynchronousWorker({
  forPayload: receive,
}: AsynchronousListener): (payload: number, done: done) => void {
  return (payload, done) => {
    receive(payload).then(done as () => void, done);
  };
}

export function createPromiseQueue({ listener, concurrency = 1 }: WorkQueueOptions): WorkQueue {
  const queue = fastq.promise(
    listener.isAsynchronous
      ? listener.forPayload
      : async (payload: number) => listener.forPayload(payload),
    concurrency,
  );
  return {
    push: (payload) => {
      void queue.push(payload);
    },
  };
}

/** As many at work as busline has workers at most. */
const CONCURRENCY = 5;

export function createPromiseRequester({ answer }: RequesterOptions): Requester {
  const queue = fastq.promise(answer.forPayload, CONCURRENCY);
  return { request: (payload) => queue.push(payload) };
}

/** A promise made for each callback. */
export function createCallbackRequester({ answer }: RequesterOptions): Requester {
  const queue = fastq((payload: number, done: done<number>) => {
    answer.forPayload(payload).then((reply) => {
      done(null, reply);
    }, done);
  }, CONCURRENCY);
  return {
    request: (payload) =>
      new Promise((resolve, reject) => {
        queue.push(payload, (error, reply) => {
          if (error === null) resolve(reply as number);
          else reject(error);
        });
      }),
  };
}
