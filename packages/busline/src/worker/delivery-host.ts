import type { Clock } from "../clock/clock.ts";
import type { Destination } from "../destination/destination.ts";
import type { Listening } from "../listener/listening.ts";
import type { Delivery } from "./delivery.ts";

/** Why a message was dropped. */
export type DiscardReason = "queue-full" | "purged" | "aborted" | "timed-out" | "closed";

/** What a delivery and its workers tell their destination. */
export interface DeliveryHost {
  readonly handle: Destination;
  /** The bus that the destination belongs to. */
  readonly environment: object;
  readonly clock: Clock;
  /** One more, or one less, listener goes on unseen: what it sends cannot be told from what others send. */
  goesOnUnseen(change: 1 | -1): void;
  /** A listener has returned a value for whoever asked. May throw, or reject: the reply could not be sent. */
  replied(delivery: Delivery, value: unknown): void | Promise<void>;
  /** A reply that a listener did not wait for could not be sent. */
  replyFailed(delivery: Delivery, error: unknown): void;
  /** A listener has ended. @param startedAt by the monotonic clock; only where its status is to be published */
  listenerSucceeded(delivery: Delivery, listening: Listening, startedAt: number | undefined): void;
  listenerFailed(
    delivery: Delivery,
    listening: Listening,
    error: unknown,
    startedAt: number | undefined,
  ): void;
  /** The last listener has ended. */
  ended(delivery: Delivery): void;
  /** The message was dropped before any listener started. */
  discarded(delivery: Delivery, reason: DiscardReason): void;
}
