import type { CreateRequester } from "./requester.ts";

/** What asks and is answered, by the contender's name. Each is loaded only by the process that measures it. */
export const requesters = {
  "busline parallel": async () => (await import("./busline-requester.ts")).createParallelRequester,
  "busline serial": async () => (await import("./busline-requester.ts")).createSerialRequester,
  "busline direct": async () => (await import("./busline-requester.ts")).createDirectRequester,
  "busline synchronous": async () =>
    (await import("./busline-requester.ts")).createSynchronousRequester,
  "promise queue": async () => (await import("../limits/promise-queue.ts")).createRequester,
  "function call": async () => (await import("../limits/function-call.ts")).createRequester,
  moleculer: async () => (await import("./moleculer.ts")).createRequester,
  "moleculer (requestTimeout)": async () =>
    (await import("./moleculer.ts")).createRequesterWithTimeout,
  "fastq (callback)": async () => (await import("./fastq.ts")).createCallbackRequester,
  "fastq.promise": async () => (await import("./fastq.ts")).createPromiseRequester,
  "async.queue": async () => (await import("./async-queue.ts")).createRequester,
  "p-queue": async () => (await import("./p-queue.ts")).createRequester,
  "p-limit": async () => (await import("./p-limit.ts")).createRequester,
  "effect Queue": async () => (await import("./effect.ts")).createRequester,
  "EventEmitter by hand": async () =>
    (await import("./event-emitter-requester.ts")).createRequester,
  "@nestjs/cqrs": async () => (await import("./nest-cqrs.ts")).createRequester,
  "@metamask/messenger": async () => (await import("./metamask.ts")).createRequester,
} satisfies Readonly<Record<string, () => Promise<CreateRequester>>>;

export type RequesterName = keyof typeof requesters;
