import { InvalidConfigurationError } from "../errors/invalid-configuration-error.ts";
import type { MessageExtras } from "../message/message-extras.ts";
import type { DestinationCore } from "./destination-core.ts";

/** Refuses what a destination cannot do for a message. @throws {InvalidConfigurationError} */
export function checkFit(core: DestinationCore, extras: MessageExtras, where: string): void {
  const { configuration, hasQueue } = core;
  const { priority, timing } = extras;
  if (timing !== undefined && !hasQueue) {
    throw new InvalidConfigurationError({
      where,
      attribute: timing.notBefore > 0 ? "delayMs" : "ttlMs",
      value: timing,
      allowed: `left out: a ${configuration.destinationType} destination lets nothing wait`,
    });
  }
  if (priority === undefined) return;
  const levels = configuration.priorityLevels;
  if (levels !== undefined && priority < levels) return;
  throw new InvalidConfigurationError({
    where,
    attribute: "priority",
    value: priority,
    allowed:
      levels === undefined
        ? "left out where the destination has no priorityLevels"
        : `below the destination's priorityLevels, which are ${levels}`,
  });
}
