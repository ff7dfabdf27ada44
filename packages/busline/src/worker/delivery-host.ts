import type { Clock } from "../clock/clock.ts";
import type { Destination } from "../destination/destination.ts";
import type { Listening } from "../listener/listening.ts";
import type { Message } from "../message/message.ts";
import type { Delivery } from "./delivery.ts";

/** Why a message was dropped. */
export type DiscardReason =
  | "queue-full"
  | "purged"
  | "aborted"
  | "timed-out"
  | "expired"
  | "duplicate"
  | "closed";

/** What a delivery and its workers tell their destination. */
export interface DeliveryHost {
  readonly handle: Destination;
  /** The bus that the destination belongs to. */
  readonly environment: object;
  readonly clock: Clock;
  /**
   * Whether it has to be known for sure what its listeners send after they have returned: something is closing, or
   * somebody may come to wait for room.
   */
  readonly followsListeners: boolean;
  /** Whether it has to be told of each of several listeners that is done. */
  readonly acknowledgesEach: boolean;
  /** How many of its listeners go on in senders' turns that are not followed. */
  unseenCount: number;
  /** Has a listener's promise fail in time, where time is limited. */
  limited(promise: Promise<unknown>, delivery: Delivery): Promise<unknown>;
  /** A listener has returned a value for whoever asked. May throw, or reject: the reply could not be sent. */
  replied(message: Message, value: unknown): void | Promise<void>;
  /** The same, if the value can be brought to its request at once. @returns whether it has been */
  answered(message: Message, value: unknown): boolean;
  /** A reply that a listener did not wait for could not be sent. */
  replyFailed(message: Message, error: unknown): void;
  listenerFailed(delivery: Delivery, listening: Listening, error: unknown): void;
  /** One of several listeners has succeeded. */
  listenerSucceeded(delivery: Delivery, listening: Listening): void;
  /** A listener had left before its turn. @returns whether the message waits until it comes again */
  listenerLeft(delivery: Delivery, listening: Listening): boolean;
  /** A listener whose outcome is to be published has ended. @param startedAt by the monotonic clock */
  publishStatus(
    delivery: Delivery,
    listening: Listening,
    startedAt: number,
    failure: { readonly error: unknown } | undefined,
  ): void;
  /** All listeners have returned plainly: nothing, and without failure. */
  endedPlainly(message: Message): void;
  /** What else there is to do when a message has ended, unless it `endsQuietly`. */
  messageEnded(message: Message): void;
  readonly endsQuietly: boolean;
  /** The last listener has ended. */
  ended(delivery: Delivery): void;
  /** The message was dropped before any listener started. */
  discarded(message: Message, reason: DiscardReason): void;
  /** The sender or the requester waits no more for what it has sent. */
  giveUp(message: Message, reason: DiscardReason, error: unknown): void;
}
