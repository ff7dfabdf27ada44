import { createLine } from "../worker/line.ts";
import type { DestinationConfiguration } from "./destination-configuration.ts";
import { withPriorities } from "./prioritised-destination-type.ts";
import type { DestinationType } from "./destination-type.ts";

const type: DestinationType = { createQueue: createLine, workerPer: "listener" };

/** Parallel: messages are queued; workers from a pool deliver; one worker per message per listener. */
export function parallelDestinationType(configuration: DestinationConfiguration): DestinationType {
  return withPriorities(type, configuration);
}
