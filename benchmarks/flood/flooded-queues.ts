import type { CreateFlooded } from "./flooded-queue.ts";

export type { CreateFlooded };

/** By the contender's name. Each is loaded only by the process that measures it. */
export const floodedQueues: Readonly<Record<string, () => Promise<CreateFlooded>>> = {
  "busline abort": async () => (await import("./flooded-busline.ts")).createAborting,
  "busline discard": async () => (await import("./flooded-busline.ts")).createDiscarding,
  "busline discardOldest": async () =>
    (await import("./flooded-busline.ts")).createDiscardingOldest,
  "bounded array": async () => (await import("./flooded-array.ts")).createFlooded,
  "fastq (callback)": async () => (await import("./flooded-peers.ts")).createFastq,
  "async.queue": async () => (await import("./flooded-peers.ts")).createAsyncQueue,
  "p-queue": async () => (await import("./flooded-peers.ts")).createPQueue,
};
