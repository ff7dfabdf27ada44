import { InvalidConfigurationError } from "../errors/invalid-configuration-error.ts";
import { BusClosedError } from "../errors/bus-closed-error.ts";
import { UnknownDestinationError } from "../errors/unknown-destination-error.ts";
import type { CheckedListenOptions } from "../listener/listen-options.ts";
import type { MessageListener } from "../listener/message-listener.ts";
import type { Registration } from "../listener/registration.ts";
import type { DestinationCore } from "./destination-core.ts";
import { DestinationNames } from "./destination-names.ts";

/**
 * Registers a checked listener at a destination.
 *
 * @throws {BusClosedError}
 * @throws {UnknownDestinationError} the destination has been removed
 * @throws {InvalidConfigurationError} nobody can listen there; it would report, at the status destination, on its own reports, without end
 */
export function registerListener(
  core: DestinationCore,
  listener: MessageListener,
  options: CheckedListenOptions,
): Registration {
  if (core.environment.stage === "closed") throw new BusClosedError("listen");
  if (core.isRemoved) throw new UnknownDestinationError(core.name);
  if (options.reportsStatus && core.name === DestinationNames.MESSAGE_BUS_MESSAGE_STATUS) {
    throw new InvalidConfigurationError({
      where: `listen at "${core.name}"`,
      attribute: "reportStatus",
      value: true,
      allowed: "false: a report on a report would be reported on",
    });
  }
  if (core.type.isHolding === true) {
    throw new InvalidConfigurationError({
      where: `listen at "${core.name}"`,
      attribute: "listener",
      value: listener,
      allowed: "left out: the destination keeps its messages, and delivers none",
    });
  }
  core.durable?.listeners.check(listener, options);
  return core.listeners.add(listener, options);
}
