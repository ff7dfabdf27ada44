import type { CreateDestinationField } from "./destination-field.ts";

/** By the contender's name. Each is loaded only by the process that measures it. */
export const destinationFields: Readonly<Record<string, () => Promise<CreateDestinationField>>> = {
  busline: async () => (await import("./busline-fields.ts")).createHandleField,
  "busline (by name)": async () => (await import("./busline-fields.ts")).createSynchronousField,
  "busline serial (by name)": async () => (await import("./busline-fields.ts")).createSerialField,
  "busline parallel (by name)": async () =>
    (await import("./busline-fields.ts")).createParallelField,
  "map of functions": async () => (await import("./peer-fields.ts")).createMapField,
  EventEmitter: async () => (await import("./peer-fields.ts")).createEmitterField,
  "map of fastq (callback)": async () => (await import("./peer-fields.ts")).createFastqField,
};
