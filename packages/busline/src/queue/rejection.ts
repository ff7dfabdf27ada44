import type { Destination } from "../destination/destination.ts";
import { InvalidConfigurationError } from "../errors/invalid-configuration-error.ts";
import type { Message } from "../message/message.ts";

/** Why a destination did not take a message. */
export type RejectionReason = "queue-full" | "closed";

/** What can be done with a message that was not taken: one of these, once. Each ready-made handler is one of them. */
export interface RejectionActions {
  /** Refuses it to the sender. */
  refuse(): never;
  /** Runs its listeners in the sender's turn. */
  runInSendersTurn(): void | Promise<void>;
  /** Drops it. */
  discard(): void;
  /** Drops the oldest waiting message instead. */
  discardOldest(): void;
  /** Lets the sender wait for room. */
  waitForSpace(limits: {
    readonly timeoutMs?: number | undefined;
    readonly signal?: AbortSignal | undefined;
  }): Promise<void>;
  /** Hands it to another destination. */
  divertTo(destinationName: string): void | Promise<void>;
}

/** A message that a destination did not take, as its rejected execution handler sees it. */
export class Rejection {
  /** The message. */
  readonly message: Message;
  /** The destination that did not take it. */
  readonly destination: Destination;
  /** `"queue-full"`: all workers are busy and the queue is full. `"closed"`: draining or closed. */
  readonly reason: RejectionReason;
  readonly #actions: RejectionActions;

  /** @internal */
  constructor(
    message: Message,
    destination: Destination,
    reason: RejectionReason,
    actions: RejectionActions,
  ) {
    this.message = message;
    this.destination = destination;
    this.reason = reason;
    this.#actions = actions;
  }

  /** @internal What the ready-made handlers do their work with. */
  static actionsOf(rejection: Rejection, handlerName: string): RejectionActions {
    if (typeof rejection === "object" && rejection !== null && #actions in rejection)
      return rejection.#actions;
    throw new InvalidConfigurationError({
      where: handlerName,
      attribute: "rejection",
      value: rejection,
      allowed: "the rejection that the rejected execution handler was given",
    });
  }
}
