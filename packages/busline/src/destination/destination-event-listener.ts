import type { MessageListener } from "../listener/message-listener.ts";
import type { Message } from "../message/message.ts";
import type { DiscardReason } from "../worker/delivery-host.ts";

/**
 * Told, in the turn in which it happens, what happens at one destination. Any of the methods may be left out. One that
 * throws or rejects harms nobody: it is reported as a warning.
 */
export interface DestinationEventListener {
  /** A listener was registered. Not told of one that was registered already. */
  messageListenerRegistered?(destinationName: string, listener: MessageListener): void;
  messageListenerUnregistered?(destinationName: string, listener: MessageListener): void;
  /** A message was dropped: by a handler, a purge, a withdrawal or a forced close. */
  messageDiscarded?(message: Message, reason: DiscardReason): void;
  /** A message found no listener, or all of its listeners left before their turn. */
  messageUndelivered?(message: Message): void;
  /** A listener failed. The error hook of the bus is told too. */
  messageFailed?(message: Message, error: unknown, listenerName: string): void;
  /** A message that failed will be tried again, after that pause in milliseconds. @param attempt the number of the next */
  messageRetried?(message: Message, attempt: number, pauseMs: number): void;
  /** A message that failed for good was handed to the `deadLetter` destination. */
  messageDeadLettered?(message: Message): void;
}

/** The names that a destination event listener may have. */
export const DESTINATION_EVENTS: readonly (keyof DestinationEventListener)[] = [
  "messageListenerRegistered",
  "messageListenerUnregistered",
  "messageDiscarded",
  "messageUndelivered",
  "messageFailed",
  "messageRetried",
  "messageDeadLettered",
];
