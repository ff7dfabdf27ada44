import type { Destination } from "../destination/destination.ts";

/** What a listener is given beside its message. */
export interface MessageListenerContext<Reply = unknown> {
  /** Aborted when the requester gives up, the sender's signal is aborted, or a close has passed its deadline. */
  readonly signal: AbortSignal;
  /** Which attempt at this delivery it is, from 1: more than that where the destination has `retry`. */
  readonly attempt: number;
  /**
   * Gives the message up for good: it is not tried again, and goes to the destination's `deadLetter`. Throws, and must be
   * let through.
   *
   * @param reason what a person will want to know
   * @throws {DeadLetterError}
   */
  deadLetter(reason: string): never;
  /** The destination that delivers. */
  readonly destination: Destination;
  /**
   * Replies now, without returning. The first reply of all listeners wins; where nobody asked for one it is ignored.
   *
   * @throws {InvalidMessageError} the reply does not fit the destination's `replySchema`
   */
  reply(value: Reply): void;
}
