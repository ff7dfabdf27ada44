import type { Clock } from "../clock/clock.ts";
import type { MessageListener } from "../listener/message-listener.ts";
import type { MessageListenerContext } from "../listener/message-listener-context.ts";
import type { Message } from "../message/message.ts";

/** How many workers there are, and for how long those above the core size stay. */
export interface PlacedSizes {
  readonly coreSize: number;
  readonly maxSize: number;
  /** In milliseconds. */
  readonly idleTimeoutMs: number;
}

/** What a placement is told of a destination that takes its workers there. */
export interface PlacedDestination {
  readonly name: string;
  readonly sizes: PlacedSizes;
  /** How long a listener may take for one message, in milliseconds; `undefined`: as long as it likes. */
  readonly listenerTimeoutMs: number | undefined;
  /** A message may be needed again after it has come there: to be tried again, or as a dead letter. */
  readonly keepsPayloads: boolean;
  readonly clock: Clock;
  /**
   * Lets so many messages more be handed over than there are workers, where that is quicker than to wait for the end of
   * those before. They still count as waiting. Without effect while there are several listeners. At first: none.
   */
  readonly lookAhead: (count: number) => void;
  /** Tells the bus's logger of what goes wrong beside any message. */
  readonly problem: (text: string, error: unknown) => void;
}

/** What a listener's context is to those who take it to another place. */
export interface PlacedContext extends MessageListenerContext {
  /** Has a function called when `signal` would be aborted, without making one, which costs more than the rest. */
  whenInterrupted(callback: (reason: unknown) => void): void;
}

/** Hands a message to a listener in its place. The promise settles as the listener has ended. */
export type PlacedReceiver = (message: Message, context: PlacedContext) => Promise<unknown>;

/**
 * What a placed receiver's promise rejects with where its listener has not begun with the message and will not: the
 * message then counts as discarded.
 */
export const notBegun: unique symbol = Symbol("busline.not begun");

/** The workers of one destination, in their place. */
export interface PlacedWorkers {
  /**
   * What hands a message to a listener there. The destination books its end as it books any listener's.
   *
   * @throws {InvalidConfigurationError} the listener cannot run there
   */
  place(listener: MessageListener): PlacedReceiver;
  /**
   * Looks at a payload before it is accepted.
   *
   * @param listeners those that are to receive it
   * @returns what is to be sent instead; most often the payload itself
   * @throws {InvalidMessageError} it cannot come there
   */
  admit(payload: unknown, listeners: readonly MessageListener[]): unknown;
  /** The destination has other sizes. */
  resize(sizes: PlacedSizes): void;
  /**
   * The destination needs them no more.
   *
   * @param isForced ends also those that are at work; otherwise they finish what they have in hand. May be called again,
   * with `true`, while they do.
   * @returns resolves when nothing is left of them
   */
  release(isForced: boolean): Promise<void>;
}

/**
 * Where a destination's workers run its listeners, given as the attribute `workers`: threads, another process. Queue,
 * bound, rejection, order and accounting stay with the destination, as for workers on the event loop. Each worker hands
 * over one message at a time.
 */
export interface WorkerPlacement {
  /** The sizes of a destination that does not say its own. */
  readonly defaultSizes: { readonly coreSize: number; readonly maxSize: number };
  /** A destination takes its workers here. Nothing need be started before a message comes. */
  open(destination: PlacedDestination): PlacedWorkers;
}
