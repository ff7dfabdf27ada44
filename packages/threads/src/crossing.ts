import type { MessagePort } from "node:worker_threads";
import type { CarriedError } from "./carried-error.ts";
import type { RingEnd } from "./end-ring.ts";

/**
 * A message for a listener. A list, since copying the names of fields takes longer than copying what is in them; without the
 * last four, which most messages go without.
 */
export type DeliverOrder = readonly [
  /** Its place in the order in which the thread was given messages: see `Claims`. */
  sequence: number,
  task: number,
  /** Which of the listeners that the thread has been told of. */
  listener: number,
  attempt: number,
  id: string,
  sentAt: number,
  payload: unknown,
  responseDestinationName: string | undefined,
  responseId: string | undefined,
  contexts?: Readonly<Record<string, unknown>> | undefined,
  headers?: Readonly<Record<string, string>> | undefined,
  key?: string | undefined,
  priority?: number | undefined,
];

/** What a thread is told. */
export type Order =
  | { readonly kind: "deliver"; readonly orders: readonly DeliverOrder[] }
  /** A listener at a destination, that orders will name by its number. */
  | {
      readonly kind: "listener";
      readonly number: number;
      readonly url: string;
      readonly exportName: string;
      readonly destinationName: string;
    }
  /** Aborts the signal of a message, also of one that is still to come. */
  | { readonly kind: "abort"; readonly task: number; readonly reason: CarriedError }
  /** After something that could not be read: what comes now is to be read again. */
  | { readonly kind: "go on" }
  /** There will be no more: what its listeners have printed is to be brought out, before the thread is ended. */
  | { readonly kind: "flush" };

/** How a listener has ended. */
export type EndReport =
  | RingEnd
  | { readonly kind: "failed"; readonly task: number; readonly error: CarriedError }
  | {
      readonly kind: "not loaded";
      readonly task: number;
      readonly problem: string;
      readonly cause: CarriedError | undefined;
    }
  /** What it returned cannot be copied. */
  | {
      readonly kind: "not copied";
      readonly task: number;
      readonly problem: string;
      readonly path: readonly string[];
    };

/** What a thread tells. */
export type Report =
  | EndReport
  /** It is up. */
  | { readonly kind: "up" }
  /** A listener's module has been loaded, which is done once. */
  | { readonly kind: "loaded"; readonly listener: number }
  | { readonly kind: "replied"; readonly task: number; readonly value: unknown }
  /** A listener has replied when it had ended. */
  | { readonly kind: "replied late"; readonly destinationName: string; readonly id: string }
  | { readonly kind: "flushed" }
  /** It could not read the order of this number, counted from 1, and passes over what comes until it is told to go on. */
  | { readonly kind: "unreadable"; readonly order: number; readonly error: CarriedError };

/** In place of a report: there are ends to be read. */
export const CALL = null;

/** What a thread is started with. */
export interface ThreadData {
  readonly ends: SharedArrayBuffer;
  readonly claims: SharedArrayBuffer;
  readonly port: MessagePort;
}
