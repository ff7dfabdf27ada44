import type { MessageQueue } from "../queue/message-queue.ts";
import { PriorityQueue } from "../queue/priority-queue.ts";
import type { DestinationConfiguration } from "./destination-configuration.ts";
import type { DestinationType } from "./destination-type.ts";

/** A type as it is, or, where the configuration has priorities, with a queue that knows them. */
export function withPriorities(
  type: DestinationType,
  { priorityLevels }: DestinationConfiguration,
): DestinationType {
  if (priorityLevels === undefined) return type;
  return { ...type, createQueue: (): MessageQueue => new PriorityQueue(priorityLevels) };
}
