import type { DestinationType } from "./destination-type.ts";

const type: DestinationType = { workerPer: "message" };

/** Synchronous: no queue and no workers; the sender's own turn delivers to all listeners. */
export function synchronousDestinationType(): DestinationType {
  return type;
}
