import { DestinationConfiguration } from "../destination/destination-configuration.ts";
import { DestinationNames } from "../destination/destination-names.ts";
import { discardOldest } from "../queue/discard-oldest-handler.ts";

/** The destinations that stand ready on every new bus, tuned for their purposes. */
export const preconfiguredDestinations: readonly DestinationConfiguration[] = [
  DestinationConfiguration.createSerialDestinationConfiguration(DestinationNames.HOT_DEPLOY),
  DestinationConfiguration.createSynchronousDestinationConfiguration(
    DestinationNames.MESSAGE_BUS_DEFAULT_RESPONSE,
  ),
  DestinationConfiguration.createParallelDestinationConfiguration(
    DestinationNames.MESSAGE_BUS_MESSAGE_STATUS,
    {
      // A report must never hold up, or fail, the listener that it reports on.
      rejectedExecutionHandler: discardOldest,
    },
  ),
];
