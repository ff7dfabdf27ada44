import type { MessageTrace } from "../diagnostics/channels.ts";
import type { Listening } from "../listener/listening.ts";
import { Message } from "../message/message.ts";
import type { SendMoment } from "../message/send-moment.ts";
import type { PendingReply } from "../reply/pending-reply.ts";
import { DeliveryContext } from "./delivery-context.ts";
import type { DeliveryHost } from "./delivery-host.ts";

/** What a listener threw. */
export interface ListenerFailure {
  readonly listening: Listening;
  readonly error: unknown;
}

/**
 * One message in the hands of workers, where that takes more than a plain call of each listener: several workers share
 * it, a listener goes on after it has returned, fails, or replies. Nobody outside the package ever holds one.
 */
export class Delivery {
  readonly message: Message;
  readonly moment: SendMoment;
  /** How many listeners have been handed to workers. */
  handedCount = 0;
  /** How many workers have it in hand and have not started. */
  tasksInHand = 0;
  /** How many listeners workers have begun with. */
  begunCount = 0;
  /** One worker carries it to all listeners that have not begun; otherwise to the next one. */
  isCarriedWhole = true;
  /** A close has passed its deadline: listeners that have not started do not start. */
  isInterrupted = false;
  /** The sender gets what the listeners throw. */
  isSendersTurn = false;
  /** A listener did not start, since the delivery was interrupted before its turn. */
  wasCutShort = false;
  /** Whether any listener was there to receive. */
  anyRan = false;
  /** Whether any has succeeded, now or in an attempt before. */
  anySucceeded = false;
  failures: ListenerFailure[] | undefined;
  /** A pool's workers carry it: it may be tried again. */
  isQueued = false;
  /** Settles with the end of a sender's turn that goes on. */
  ending: Promise<void> | undefined = undefined;
  /** What the listeners are given beside the message: one object for all of them. */
  readonly context: DeliveryContext;
  private unfinished: number;

  /** @param succeededCount so many of its listeners have succeeded already */
  constructor(message: Message, context: DeliveryContext, succeededCount: number) {
    const moment = Message.momentOf(message);
    this.message = message;
    this.moment = moment;
    this.context = context;
    this.unfinished = moment.listenings.length - succeededCount;
    this.anySucceeded = succeededCount > 0 || moment.attempt?.hasSucceeded === true;
    this.anyRan = this.anySucceeded;
    const failures = moment.attempt?.failures;
    this.failures = failures === undefined ? undefined : [...failures];
  }

  /** Of a message that no worker has begun with. */
  static of(message: Message): Delivery {
    return new Delivery(message, new DeliveryContext(message), 0);
  }

  get host(): DeliveryHost {
    return this.moment.host;
  }

  /** The request that the message is. */
  get request(): PendingReply | undefined {
    return Message.extrasOf(this.message).request;
  }

  /** What observers of its delivery to a listener are given. */
  traceAt({ name }: Listening): MessageTrace {
    const { destinationName } = this.moment;
    return { message: this.message, destinationName, listenerName: name };
  }

  listenerSucceeded(listening: Listening, startedAt: number | undefined): void {
    this.anyRan = true;
    this.anySucceeded = true;
    listening.deliveredCount += 1;
    if (startedAt !== undefined) this.host.publishStatus(this, listening, startedAt, undefined);
    if (this.moment.listenings.length > 1) this.host.listenerSucceeded(this, listening);
    this.finish(1);
  }

  listenerFailed(listening: Listening, error: unknown, startedAt: number | undefined): void {
    this.anyRan = true;
    this.failures ??= [];
    this.failures.push({ listening, error });
    listening.failedCount += 1;
    this.host.listenerFailed(this, listening, error);
    if (startedAt !== undefined) this.host.publishStatus(this, listening, startedAt, { error });
    this.finish(1);
  }

  /** A listener has left before its turn, or before its next attempt: then it stays failed, unless the message waits for it. */
  listenerLeft(listening: Listening): void {
    const waits = this.host.listenerLeft(this, listening);
    const failure = this.moment.attempt?.retried.find((one) => one.listening === listening);
    if (failure !== undefined && !waits) {
      this.failures ??= [];
      this.failures.push(failure);
    }
    this.finish(1);
  }

  /** Listeners are not called, since the delivery was cut short. */
  cutShort(count: number): void {
    this.wasCutShort = true;
    this.finish(count);
  }

  /** It has ended, and no listener was called. */
  get hasNotBegun(): boolean {
    return this.unfinished <= 0 && this.wasCutShort && !this.anyRan;
  }

  /** Aborts the context's signal. */
  interrupt(reason: unknown): void {
    DeliveryContext.interrupt(this.context, reason);
  }

  private finish(count: number): void {
    this.unfinished -= count;
    if (this.unfinished > 0) return;
    Message.setProgress(this.message, "ended");
    this.moment.host.ended(this);
  }
}
