import type { CreatePublisher } from "./publisher.ts";

/**
 * What delivers in the sender's turn, by the contender's name. Each is loaded only by the process that measures it.
 * `@node-ts/bus-core` is not among them: nothing passes its queue by.
 */
export const publishers: Readonly<Record<string, () => Promise<CreatePublisher>>> = {
  busline: async () => (await import("./busline-publisher.ts")).createPublisher,
  "busline (by name)": async () => (await import("./busline-publisher.ts")).createPublisherByName,
  "array loop": async () => (await import("../limits/array-loop.ts")).createPublisher,
  EventEmitter: async () => (await import("./event-emitter.ts")).createPublisher,
  eventemitter3: async () => (await import("./eventemitter3.ts")).createPublisher,
  eventemitter2: async () => (await import("./eventemitter2.ts")).createPublisher,
  nanoevents: async () => (await import("./nanoevents.ts")).createPublisher,
  mitt: async () => (await import("./mitt.ts")).createPublisher,
  rxjs: async () => (await import("./rxjs.ts")).createPublisher,
  emittery: async () => (await import("./emittery.ts")).createPublisher,
  moleculer: async () => (await import("./moleculer.ts")).createPublisher,
  "@nestjs/cqrs": async () => (await import("./nest-cqrs.ts")).createPublisher,
  "@boringnode/bus": async () => (await import("./boringnode.ts")).createPublisher,
  "@metamask/messenger": async () => (await import("./metamask.ts")).createPublisher,
};

/** Those that call themselves buses or messengers, rather than emitters, and deliver in the sender's turn. */
export const otherBuses: readonly string[] = [
  "moleculer",
  "@nestjs/cqrs",
  "@boringnode/bus",
  "@metamask/messenger",
];
