import { AsyncResource } from "node:async_hooks";
import type { Destination } from "../destination/destination.ts";
import type { Listening } from "../listener/listening.ts";
import type { MessageListenerContext } from "../listener/message-listener-context.ts";
import type { Message } from "../message/message.ts";
import type { PendingReply } from "../reply/pending-reply.ts";
import type { MessageQueue, WaitingMessage } from "../queue/message-queue.ts";
import type { DeliveryHost } from "./delivery-host.ts";

/**
 * How far a delivery has come: `outside` until it is taken in; `waiting` for a worker for at least one listener; `handed` to workers for all of them;
 * `begun` by the first; `ended`.
 */
export type DeliveryStage = "outside" | "waiting" | "handed" | "begun" | "ended";

/** What a listener threw. */
export interface ListenerFailure {
  readonly listening: Listening;
  readonly error: unknown;
}

/**
 * One accepted message on its way to the listeners that were registered when it was sent. Nobody outside the package
 * ever holds one, and there is one for each message, so its fields are plain: private ones cost at every construction.
 */
export class Delivery implements WaitingMessage {
  readonly message: Message;
  readonly listenings: readonly Listening[];
  readonly host: DeliveryHost;
  readonly reply: PendingReply | undefined;
  /** The sender's async context, where a listener is to be run in it later; undefined in the sender's own turn. */
  readonly scope: AsyncResource | undefined;
  stage: DeliveryStage = "outside";
  /** How many listeners have been handed to workers. */
  handedCount = 0;
  /** How many listeners workers have begun with. */
  begunCount = 0;
  /** One worker carries it to all listeners that have not begun; otherwise to the next one. */
  isCarriedWhole = false;
  /** A close has passed its deadline: listeners that have not started do not start. */
  isInterrupted = false;
  /** The sender gets what the listeners throw. */
  isSendersTurn = false;
  /** A listener did not start, since the delivery was interrupted before its turn. */
  wasCutShort = false;
  /** Whether any listener was there to receive. */
  anyRan = false;
  failures: ListenerFailure[] | undefined = undefined;
  /** The queue that it was taken from, where that wants to be told of its end. */
  takenFrom: MessageQueue<Delivery> | undefined = undefined;
  /** Stops watching the sender's signal. */
  unwatch: (() => void) | undefined = undefined;
  private unfinished: number;
  private lazyContext: DeliveryContext | undefined = undefined;

  constructor(
    message: Message,
    listenings: readonly Listening[],
    host: DeliveryHost,
    reply: PendingReply | undefined,
    isQueued: boolean,
  ) {
    this.message = message;
    this.listenings = listenings;
    this.host = host;
    this.reply = reply;
    this.scope = isQueued ? new AsyncResource("busline.delivery") : undefined;
    this.unfinished = listenings.length;
  }

  /** What the listeners are given beside the message: one object for all of them. */
  get context(): MessageListenerContext {
    this.lazyContext ??= new DeliveryContext(this);
    return this.lazyContext;
  }

  listenerSucceeded(listening: Listening, startedAt: number | undefined): void {
    this.anyRan = true;
    this.host.listenerSucceeded(this, listening, startedAt);
    this.finish(1);
  }

  listenerFailed(listening: Listening, error: unknown, startedAt: number | undefined): void {
    this.anyRan = true;
    this.failures ??= [];
    this.failures.push({ listening, error });
    this.host.listenerFailed(this, listening, error, startedAt);
    this.finish(1);
  }

  /** Listeners have left before their turn, or the delivery was cut short. */
  listenersSkipped(count: number, isCutShort: boolean): void {
    if (isCutShort) this.wasCutShort = true;
    this.finish(count);
  }

  /** Aborts the context's signal. */
  interrupt(reason: unknown): void {
    this.lazyContext ??= new DeliveryContext(this);
    this.lazyContext.abort(reason);
  }

  private finish(count: number): void {
    this.unfinished -= count;
    if (this.unfinished > 0) return;
    this.stage = "ended";
    this.unwatch?.();
    this.host.ended(this);
  }
}

class DeliveryContext implements MessageListenerContext {
  readonly #delivery: Delivery;
  #controller: AbortController | undefined;

  constructor(delivery: Delivery) {
    this.#delivery = delivery;
  }

  // Made when somebody asks: a signal costs more than the rest of the delivery.
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    return this.#controller.signal;
  }

  get attempt(): number {
    return 1;
  }

  get destination(): Destination {
    return this.#delivery.host.handle;
  }

  reply(value: unknown): void {
    const sent = this.#delivery.host.replied(this.#delivery, value);
    // The listener does not wait for its reply's journey; whoever the failure concerns is told by the destination.
    sent?.catch((error: unknown) => this.#delivery.host.replyFailed(this.#delivery, error));
  }

  abort(reason: unknown): void {
    this.#controller ??= new AbortController();
    this.#controller.abort(reason);
  }
}
