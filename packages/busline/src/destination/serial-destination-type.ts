import { createLine } from "../worker/line.ts";
import type { DestinationConfiguration } from "./destination-configuration.ts";
import { withPriorities } from "./prioritised-destination-type.ts";
import type { DestinationType } from "./destination-type.ts";

const type: DestinationType = { createQueue: createLine, workerPer: "message", keepsOrder: true };

/**
 * Serial: messages are queued; one worker delivers each message to every listener, one after another; the configuration
 * refuses any other number of workers, so the order is that of sending.
 */
export function serialDestinationType(configuration: DestinationConfiguration): DestinationType {
  return withPriorities(type, configuration);
}
