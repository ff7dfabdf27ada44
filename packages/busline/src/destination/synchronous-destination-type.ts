import type { DestinationType } from "./destination-type.ts";

/** Synchronous: no queue and no workers; the sender's own turn delivers to all listeners. */
export function synchronousDestinationType(): DestinationType {
  return { workerPer: "message" };
}
