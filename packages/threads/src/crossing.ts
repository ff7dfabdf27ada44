import type { CarriedError } from "./carried-error.ts";

/** What of a message crosses to a thread. */
export interface CarriedMessage {
  readonly id: string;
  readonly destinationName: string;
  readonly sentAt: number;
  readonly payload: unknown;
  readonly headers: Readonly<Record<string, string>>;
  readonly key: string | undefined;
  readonly responseDestinationName: string | undefined;
  readonly responseId: string | undefined;
}

/** A message for a listener. */
export interface DeliverOrder {
  readonly kind: "deliver";
  readonly task: number;
  readonly url: string;
  readonly exportName: string;
  readonly message: CarriedMessage;
  readonly attempt: number;
  readonly contexts: Readonly<Record<string, unknown>> | undefined;
}

/** Aborts the signal of a message that is being worked on. */
export interface AbortOrder {
  readonly kind: "abort";
  readonly task: number;
  readonly reason: CarriedError;
}

/** What a thread is told. */
export type Order = DeliverOrder | AbortOrder;

/** What a thread tells. */
export type Report =
  /** It is up. */
  | { readonly kind: "up" }
  /** The listener's module has been loaded, which is done once; now it begins with the message. */
  | { readonly kind: "loaded"; readonly task: number }
  | {
      readonly kind: "not loaded";
      readonly task: number;
      readonly problem: string;
      readonly cause: CarriedError | undefined;
    }
  | { readonly kind: "replied"; readonly task: number; readonly value: unknown }
  | { readonly kind: "returned"; readonly task: number; readonly value: unknown }
  | { readonly kind: "failed"; readonly task: number; readonly error: CarriedError }
  /** What it was told last could not be read. */
  | { readonly kind: "unreadable"; readonly error: CarriedError };
