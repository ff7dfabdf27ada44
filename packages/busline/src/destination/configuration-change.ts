import { InvalidConfigurationError } from "../errors/invalid-configuration-error.ts";
import type { DestinationConfiguration } from "./destination-configuration.ts";
import type { DestinationCore } from "./destination-core.ts";
import type { DestinationType } from "./destination-type.ts";

/**
 * Refuses a configuration that a destination cannot have, or, if it exists already, come to have.
 *
 * @throws {InvalidConfigurationError}
 */
export function checkChange(
  core: DestinationCore,
  configuration: DestinationConfiguration,
  type: DestinationType,
): void {
  const before = core.type;
  const isNew = core.configuration === configuration;
  const refuse: Refuse = (attribute, value, allowed) => {
    const where = `DestinationConfiguration "${core.name}"`;
    throw new InvalidConfigurationError({ where, attribute, value, allowed });
  };
  checkHolding(core, configuration, type.isHolding === true, before.isHolding === true, refuse);
  if (configuration.durable === true) checkStore(core, configuration, type, refuse);
  if (!isNew) checkDurable(core, configuration, type, before, refuse);
}

type Refuse = (attribute: string, value: unknown, allowed: string) => never;

/** What waits for listeners is not kept, and what is kept has none. */
function checkHolding(
  { counters, listeners }: DestinationCore,
  { destinationType }: DestinationConfiguration,
  isHolding: boolean,
  wasHolding: boolean,
  refuse: Refuse,
): void {
  const isUsed = counters.pending + counters.active > 0;
  if (isHolding && listeners.roster.listenings.length > 0) {
    refuse("destinationType", destinationType, "one that delivers, as long as somebody listens");
  }
  if (isHolding === wasHolding || !isUsed) return;
  const kind = isHolding ? "one that delivers" : "one that keeps";
  refuse("destinationType", destinationType, `${kind} messages, as long as there are any`);
}

function checkStore(
  { environment }: DestinationCore,
  { destinationType, durable }: DestinationConfiguration,
  { createQueue }: DestinationType,
  refuse: Refuse,
): void {
  if (environment.store === undefined) {
    refuse("durable", durable, "left out, unless the bus was made with a store");
  }
  if (createQueue === undefined) {
    refuse("destinationType", destinationType, "one that lets messages wait, where it is durable");
  }
}

/** Messages cannot move between memory and store, nor, in the store, from one order to another. */
function checkDurable(
  core: DestinationCore,
  { destinationType, durable, priorityLevels }: DestinationConfiguration,
  type: DestinationType,
  before: DestinationType,
  refuse: Refuse,
): void {
  const isDurable = durable === true;
  if (isDurable !== (core.durable !== undefined)) {
    refuse("durable", durable, "what it was when the destination was added");
  }
  if (!isDurable) return;
  if ((type.isHolding === true) !== (before.isHolding === true)) {
    refuse("destinationType", destinationType, "one that keeps, or delivers, messages as before");
  }
  if (priorityLevels !== core.configuration.priorityLevels) {
    refuse("priorityLevels", priorityLevels, "what they were, where the destination is durable");
  }
}
