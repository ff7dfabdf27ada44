import { EventEmitter } from "node:events";
import fastq from "fastq";
import PQueue from "p-queue";
import type { Receive, ReceiveLater, Send, Wiring } from "./wiring.ts";

/** As many at work at a time as busline has workers at most. */
const CONCURRENCY = 5;

/** What people put together: an emitter, and fastq for every queue. */
export function createFastqWiring(): Wiring {
  return {
    ...emitterWiring(),
    serial: (_, listener) => callbackQueue(listener, 1),
    serialLater: (_, listener) => callbackQueueLater(listener, 1),
    parallel: (_, listener) => callbackQueue(listener, CONCURRENCY),
    parallelLater: (_, listener) => callbackQueueLater(listener, CONCURRENCY),
    answering: (_, answer) => {
      const queue = fastq.promise(answer, CONCURRENCY);
      return (payload) => queue.push(payload);
    },
  };
}

/** The same with p-queue where several are at work at a time. */
export function createPQueueWiring(): Wiring {
  return {
    ...createFastqWiring(),
    parallel: (_, listener) => promiseQueue(async (payload) => listener(payload)),
    parallelLater: (_, listener) => promiseQueue(listener),
    answering: (_, answer) => {
      const queue = new PQueue({ concurrency: CONCURRENCY });
      return (payload) => queue.add(() => answer(payload));
    },
  };
}

function emitterWiring(): Pick<Wiring, "synchronous"> {
  const emitter = new EventEmitter();
  return {
    synchronous: (name, listeners) => {
      for (const listener of listeners) emitter.on(name, listener);
      return (payload) => {
        emitter.emit(name, payload);
      };
    },
  };
}

function callbackQueue(listener: Receive, concurrency: number): Send {
  const queue = fastq((payload: number, done) => {
    listener(payload);
    queueMicrotask(done as () => void);
  }, concurrency);
  return (payload) => {
    queue.push(payload);
  };
}

function callbackQueueLater(listener: ReceiveLater, concurrency: number): Send {
  const queue = fastq((payload: number, done) => {
    listener(payload).then(done as () => void, done);
  }, concurrency);
  return (payload) => {
    queue.push(payload);
  };
}

function promiseQueue(listener: ReceiveLater): Send {
  const queue = new PQueue({ concurrency: CONCURRENCY });
  return (payload) => {
    void queue.add(() => listener(payload));
  };
}
