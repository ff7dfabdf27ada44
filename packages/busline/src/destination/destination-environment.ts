import type { Clock } from "../clock/clock.ts";
import type { Deadlines } from "../clock/deadlines.ts";
import type { FailureReporter } from "../diagnostics/failure-reporter.ts";
import type { Message } from "../message/message.ts";
import type { MessageExtras } from "../message/message-extras.ts";
import type { SendMoment } from "../message/send-moment.ts";
import type { MessageIds } from "../message/message-ids.ts";
import type { PendingReplies } from "../reply/pending-replies.ts";
import type { PendingReply } from "../reply/pending-reply.ts";
import type { SuspectTrials } from "../queue/suspect-trials.ts";
import type { BusStore } from "../store/bus-store.ts";
import type { Dispatcher } from "../worker/dispatcher.ts";
import type { SendersTurn } from "../worker/senders-turn.ts";
import type { WaitGraph } from "../worker/wait-graph.ts";

/** What a message is sent with, beside itself. */
export interface Routing {
  /** The sender's signal. */
  readonly signal: AbortSignal | undefined;
  /** The destinations that have diverted it. */
  readonly divertedBy: readonly string[];
  /** Called when a destination has taken it, in whichever way, and not refused it to its sender. */
  readonly taken: (() => void) | undefined;
  /** It answers, or reports on, something that was accepted: it passes even while the bus is draining. */
  readonly isAnswer: boolean;
  /** Its payload has passed the schema before, and its listeners have been chosen. */
  readonly isKnown: boolean;
  /** It is a dead letter: no listener waits until it is in. */
  readonly isLetter: boolean;
  /** The sender gave it an id, which must not come twice where it is durable. */
  readonly claimsId: boolean;
  /** The sender follows what becomes of it, or may give it up. */
  readonly isAwaited: boolean;
}

/** The routing of most messages. Every field is there: a missing one would be looked up on a prototype. */
export const PLAIN_ROUTING: Routing = Object.freeze({
  signal: undefined,
  divertedBy: [],
  taken: undefined,
  isAnswer: false,
  isKnown: false,
  isLetter: false,
  claimsId: false,
  isAwaited: false,
});

/** The routing of replies and reports. */
export const ANSWER_ROUTING: Routing = Object.freeze({ ...PLAIN_ROUTING, isAnswer: true });

/** How far a bus has come: `draining` lets in only what its own running listeners send, `closed` nothing. */
export type BusStage = "open" | "draining" | "closed";

/** What a destination needs of its bus. */
export interface DestinationEnvironment {
  readonly stage: BusStage;
  /** Whether a listener goes on that is not followed. */
  readonly isUnseen: boolean;
  /** Whether a sender may come to wait for room somewhere. */
  readonly mayWait: boolean;
  /** The moment of the message that was sent last out of an async context. */
  lastMoment: SendMoment | undefined;
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly dispatcher: Dispatcher;
  readonly ids: MessageIds;
  readonly reporter: FailureReporter;
  /** Where durable destinations keep their messages. */
  readonly store: BusStore | undefined;
  readonly trials: SuspectTrials;
  readonly requests: PendingReplies;
  readonly sendersTurn: SendersTurn;
  readonly waits: WaitGraph;
  /**
   * Brings an answer to its request at once, booked as if it had travelled, where nobody could tell the difference.
   *
   * @returns false if somebody could
   */
  answer(request: PendingReply, value: unknown): boolean;
  /** Makes a message for a destination. @throws {UnknownDestinationError} */
  address(destinationName: string, payload: unknown, extras: MessageExtras, id?: string): Message;
  /** The moment of a message that was sent before and goes there now. @throws {UnknownDestinationError} */
  momentAt(destinationName: string, sentAt: number): SendMoment;
  /** Whether a destination keeps its messages, and needs no listener. @throws {UnknownDestinationError} */
  keepsMessages(destinationName: string): boolean;
  /** Sends a message to the destination that it is addressed to. @throws {UnknownDestinationError} */
  route(message: Message, routing: Routing): void | Promise<void>;
  /** Keeps the process alive until what is returned is called. */
  hold(): () => void;
  /** A destination has nothing waiting and nothing running any more. */
  becameIdle(): void;
}
