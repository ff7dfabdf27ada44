import { KeyedQueue } from "../queue/keyed-queue.ts";
import { InvalidConfigurationError } from "../errors/invalid-configuration-error.ts";
import type { DestinationConfiguration } from "./destination-configuration.ts";
import type { DestinationType } from "./destination-type.ts";

const type: DestinationType = { createQueue: () => new KeyedQueue(), workerPer: "message" };

/**
 * Keyed: messages are queued; those with the same `key` are delivered one after another in the order of sending, those
 * of different keys side by side, and keys take turns. One worker delivers each message to every listener, in order.
 *
 * @throws {InvalidConfigurationError} it has `priorityLevels`: a key's order and a priority cannot both be kept
 */
export function keyedDestinationType({
  destinationName,
  priorityLevels,
}: DestinationConfiguration): DestinationType {
  if (priorityLevels === undefined) return type;
  throw new InvalidConfigurationError({
    where: `DestinationConfiguration "${destinationName}"`,
    attribute: "priorityLevels",
    value: priorityLevels,
    allowed: "left out in a keyed destination",
  });
}
