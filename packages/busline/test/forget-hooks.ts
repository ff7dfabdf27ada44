import { DestinationConfiguration, MessageBus } from "busline";
import { untilQuiet } from "busline/testing";

/**
 * A listener that was followed leaves the short ways closed until so many messages have found nobody's context again. The
 * first so many end the following, the second find that out.
 */
export async function forgetHooks(): Promise<void> {
  const bus = new MessageBus();
  const destination = bus.addDestination<number>(
    DestinationConfiguration.createSerialDestinationConfiguration("acme/many"),
  );
  destination.listen(() => {});
  for (let times = 0; times < 2; times += 1) {
    for (let left = 1_100; left > 0; left -= 1) void destination.send(left);
    await untilQuiet(bus);
  }
}
