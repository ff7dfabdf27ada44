import type { CreateWorkQueue } from "./work-queue.ts";

/** What puts a queue before a listener, by the contender's name. Each is loaded only by the process that measures it. */
export const workQueues = {
  "busline serial": async () => (await import("./busline-queue.ts")).createSerialQueue,
  "busline parallel": async () => (await import("./busline-queue.ts")).createParallelQueue,
  "fair ring": async () => (await import("../limits/fair-ring.ts")).createQueue,
  "listener apart": async () => (await import("../limits/listener-apart.ts")).createQueue,
  "async loops": async () => (await import("../limits/async-loops.ts")).createQueue,
  "fastq (callback)": async () => (await import("./fastq.ts")).createCallbackQueue,
  "fastq.promise": async () => (await import("./fastq.ts")).createPromiseQueue,
  "async.queue": async () => (await import("./async-queue.ts")).createQueue,
  "p-queue": async () => (await import("./p-queue.ts")).createQueue,
  "p-limit": async () => (await import("./p-limit.ts")).createQueue,
  "effect Queue": async () => (await import("./effect.ts")).createTakeQueue,
  "effect Queue (takeAll)": async () => (await import("./effect.ts")).createTakeAllQueue,
  rxjs: async () => (await import("./rxjs.ts")).createQueue,
  emittery: async () => (await import("./emittery.ts")).createQueue,
  moleculer: async () => (await import("./moleculer.ts")).createQueue,
  "@boringnode/bus": async () => (await import("./boringnode.ts")).createQueue,
  "@node-ts/bus-core": async () => (await import("./node-ts.ts")).createQueue,
} satisfies Readonly<Record<string, () => Promise<CreateWorkQueue>>>;

export type WorkQueueName = keyof typeof workQueues;
