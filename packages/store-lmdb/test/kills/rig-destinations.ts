import { DestinationConfiguration } from "busline";

/** A destination of the kill rig. */
export interface RigDestination {
  readonly type: "parallel" | "serial" | "keyed";
  readonly listeners: readonly string[];
  readonly workers: number;
}

/** By their names. */
export const RIG_DESTINATIONS: Readonly<Record<string, RigDestination>> = {
  parallel: { type: "parallel", listeners: ["a", "b"], workers: 4 },
  serial: { type: "serial", listeners: ["a"], workers: 1 },
  keyed: { type: "keyed", listeners: ["a"], workers: 4 },
};

export const DEAD = "dead";
/** The default. */
export const ATTEMPTS = 5;
/** At each destination. */
export const PRODUCERS = 8;

export function configurationOf(name: string, inMemory: number): DestinationConfiguration {
  const { type, workers } = RIG_DESTINATIONS[name] as RigDestination;
  return new DestinationConfiguration(type, name, {
    durable: true,
    maximumMessagesInMemory: inMemory,
    deadLetter: DEAD,
    retry: { backoff: { initialMs: 5 } },
    ...(type === "serial" ? {} : { workersCoreSize: workers, workersMaxSize: workers }),
  });
}

export function deadLetterConfiguration(): DestinationConfiguration {
  return DestinationConfiguration.createDeadLetterDestinationConfiguration(DEAD, { durable: true });
}
