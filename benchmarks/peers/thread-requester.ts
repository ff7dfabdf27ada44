import type { ThreadPayload } from "../threads/thread-work.ts";

/** Threads that work on what they are sent, as a contender offers them. */
export interface ThreadRequester {
  /** Resolves to how long the freight was. @param isMoved it is moved to the thread, not copied */
  request(payload: ThreadPayload, isMoved: boolean): Promise<number>;
  close(): void | Promise<void>;
}

export type CreateThreadRequester = () => ThreadRequester;

/** As many as the machine has processors. */
export const THREADS = 2;

/** What makes them, by the contender's name. Each is loaded only by the process that measures it. */
export const threadRequesters = {
  "busline threads": async () => (await import("./busline-threads.ts")).createRequester,
  piscina: async () => (await import("./piscina.ts")).createRequester,
  "piscina (16 a worker)": async () => (await import("./piscina.ts")).createAheadRequester,
  "raw batched port": async () => (await import("../limits/raw-threads.ts")).createRequester,
  "2 x one thread": async () => (await import("../limits/one-thread.ts")).createRequester,
} satisfies Readonly<Record<string, () => Promise<CreateThreadRequester>>>;

export type ThreadRequesterName = keyof typeof threadRequesters;
