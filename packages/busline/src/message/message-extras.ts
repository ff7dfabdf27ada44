import type { PendingReply } from "../reply/pending-reply.ts";
import type { Listening } from "../listener/listening.ts";
import type { DurableRecord } from "./durable-record.ts";
import { type Headers, NO_HEADERS } from "./headers.ts";
import type { MessageTiming } from "./message-timing.ts";

/** The parts of an envelope that most messages go without, and what busline itself keeps with those that have them. */
export interface MessageExtras {
  readonly headers: Headers;
  readonly key: string | undefined;
  readonly priority: number | undefined;
  readonly responseDestinationName: string | undefined;
  readonly responseId: string | undefined;
  /** When it may start, if not at once and for ever. */
  readonly timing: MessageTiming | undefined;
  /** Of a dead letter: the registrations of the listeners that failed. */
  readonly failed: readonly Listening[] | undefined;
  /** Of a durable message: what is kept of it. */
  readonly record: DurableRecord | undefined;
  /** The request that the message is. */
  readonly request: PendingReply | undefined;
  /** The request that the message answers. */
  readonly answers: PendingReply | undefined;
}

/** None of them. Every field is there: what is missing would be looked up on a prototype that others can change. */
export const NO_EXTRAS: MessageExtras = Object.freeze({
  headers: NO_HEADERS,
  key: undefined,
  priority: undefined,
  responseDestinationName: undefined,
  responseId: undefined,
  timing: undefined,
  failed: undefined,
  record: undefined,
  request: undefined,
  answers: undefined,
});
