import type { Destination } from "../destination/destination.ts";

/**
 * Told, in the turn in which it happens, of changes to the wiring. Any of the methods may be left out. One that throws
 * or rejects harms nobody: it is reported as a warning.
 */
export interface MessageBusEventListener {
  /** The listeners that waited for it are attached already. */
  destinationAdded?(destination: Destination): void;
  /** It has another type or other attributes; it is the same handle as before. */
  destinationReplaced?(destination: Destination): void;
  destinationRemoved?(destination: Destination): void;
}

/** The names that a bus event listener may have. */
export const BUS_EVENTS: readonly (keyof MessageBusEventListener)[] = [
  "destinationAdded",
  "destinationReplaced",
  "destinationRemoved",
];
