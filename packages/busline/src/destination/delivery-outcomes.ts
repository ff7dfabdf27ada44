import { Alarm } from "../clock/alarm.ts";
import type { Clock } from "../clock/clock.ts";
import { channels, isObserved, traced } from "../diagnostics/channels.ts";
import type { FailureContext } from "../diagnostics/failure-reporter.ts";
import { ListenerTimeoutError } from "../errors/listener-timeout-error.ts";
import { RejectedExecutionError } from "../errors/rejected-execution-error.ts";
import type { Listening } from "../listener/listening.ts";
import { Message } from "../message/message.ts";
import { NO_EXTRAS } from "../message/message-extras.ts";
import { AnswerExtras } from "../reply/answer-extras.ts";
import type { DestinationCounters, Outcome } from "../statistics/destination-counters.ts";
import { validate, ValidationGoingOn } from "../validation/standard-schema.ts";
import { Delivery, type ListenerFailure } from "../worker/delivery.ts";
import { DeliveryContext } from "../worker/delivery-context.ts";
import type { DeliveryHost, DiscardReason } from "../worker/delivery-host.ts";
import { withdraw } from "../worker/dropped-messages.ts";
import type { Destination } from "./destination.ts";
import type { DestinationCore } from "./destination-core.ts";
import { ANSWER_ROUTING } from "./destination-environment.ts";
import { FailedMessages } from "./failed-messages.ts";
import { DestinationNames } from "./destination-names.ts";
import type { MessageStatus } from "./message-status.ts";
import { unwatchSender } from "./sender-watch.ts";

/** Books what becomes of the messages that a destination has accepted: counts, replies, reports, events. */
export class DeliveryOutcomes implements DeliveryHost {
  readonly clock: Clock;
  readonly core: DestinationCore;
  readonly counters: DestinationCounters;
  private failedMessages: FailedMessages | undefined = undefined;
  unseenCount = 0;
  followsListeners = false;
  endsQuietly = true;
  acknowledgesEach = false;
  listenerTimeoutMs: number | undefined = undefined;

  constructor(core: DestinationCore) {
    this.core = core;
    this.counters = core.counters;
    this.clock = core.environment.clock;
  }

  /** Made by the first failure. */
  private get failed(): FailedMessages {
    this.failedMessages ??= new FailedMessages(this.core);
    return this.failedMessages;
  }

  get environment(): object {
    return this.core.environment;
  }

  /** Whether a listener goes on that is not followed: what it sends cannot be told from what others send. */
  get isUnseen(): boolean {
    const { pool } = this.core;
    return (
      this.unseenCount > 0 || pool?.workforce.underway.some(({ isUnseen }) => isUnseen) === true
    );
  }

  get handle(): Destination {
    return this.core.handle;
  }

  limited(promise: Promise<unknown>, delivery: Delivery): Promise<unknown> {
    const { core, listenerTimeoutMs } = this;
    if (listenerTimeoutMs === undefined) return promise;
    return new Promise((resolve, reject) => {
      const alarm = new Alarm(() => {
        const error = new ListenerTimeoutError(core.name, listenerTimeoutMs);
        // All listeners of a message have one signal.
        if (delivery.moment.listenings.length === 1) delivery.interrupt(error);
        reject(error);
      });
      core.environment.deadlines.set(listenerTimeoutMs, alarm);
      const inTime = (settle: () => void): void => {
        alarm.cancelDeadline();
        settle();
      };
      promise.then(
        (value) => inTime(() => resolve(value)),
        (error: unknown) => inTime(() => reject(error)),
      );
    });
  }

  replied(message: Message, value: unknown): void | Promise<void> {
    const { responseDestinationName, request } = Message.extrasOf(message);
    const { configuration, environment, name } = this.core;
    if (responseDestinationName === undefined) return;
    if (request?.isSettled === true) return environment.requests.ignoreLate();
    if (configuration.replySchema === undefined) return this.sendAnswer(message, value);
    const checked = validate(configuration.replySchema, value, name, "reply");
    if (!(checked instanceof ValidationGoingOn)) return this.sendAnswer(message, checked);
    return checked.promise.then((output) => this.sendAnswer(message, output));
  }

  answered(message: Message, value: unknown): boolean {
    const { request } = Message.extrasOf(message);
    if (request === undefined || request.isSettled || !request.takesAny) return false;
    return this.core.environment.answer(request, value);
  }

  replyFailed(message: Message, error: unknown): void {
    this.core.environment.reporter.problem(
      `A reply from "${this.core.name}" could not be sent`,
      error,
      {
        messageId: message.id,
      },
    );
  }

  listenerFailed(delivery: Delivery, listening: Listening, error: unknown): void {
    if (listening.isInternal) return;
    const { environment, events } = this.core;
    environment.reporter.listenerFailed(error, this.contextOf(delivery, listening, error));
    events.tell("messageFailed", delivery.message, error, listening.name);
  }

  listenerSucceeded({ message }: Delivery, listening: Listening): void {
    this.core.durable?.ends.isDone(message, listening);
  }

  listenerLeft({ message }: Delivery, listening: Listening): boolean {
    return this.core.durable?.ends.hasLeft(message, listening) === true;
  }

  endedPlainly(message: Message): void {
    if (this.endsQuietly) return this.counters.passed();
    this.book(message, "delivered");
    this.messageEnded(message);
  }

  /** One that is durable may go on waiting, for listeners that have not come yet. @returns what has become of it */
  private book(message: Message, outcome: Outcome | "pending"): Outcome | "pending" {
    const { counters } = this;
    const { durable } = this.core;
    const isToSettle = durable !== undefined && outcome !== "pending";
    const settled = isToSettle ? durable.settle(message, outcome) : outcome;
    if (settled === "pending") counters.stays();
    else counters.finished(settled);
    return settled;
  }

  messageEnded(message: Message): void {
    const { core } = this;
    if (core.watches !== undefined) unwatchSender(core, message);
    core.pool?.ended(message);
    core.checkIdle();
  }

  ended(delivery: Delivery): void {
    const { failures } = delivery;
    if (failures !== undefined && this.failed.retry(delivery, failures)) return;
    this.tellWhoWaits(delivery);
    const outcome =
      failures === undefined ? this.outcomeOf(delivery) : this.failed.bury(delivery, failures);
    if (typeof outcome === "string") {
      return this.endedAs(delivery, this.book(delivery.message, outcome));
    }
    // What a worker had counts in the bound again: otherwise nothing would hold up what fails.
    const { isQueued } = delivery;
    if (isQueued) this.counters.stays();
    void outcome.then((decided) => {
      if (isQueued) this.counters.leaves();
      this.endedAs(delivery, this.book(delivery.message, decided));
      this.core.pool?.leftQueue();
    });
  }

  private outcomeOf(delivery: Delivery): Outcome {
    // Begun and not finished: the report of the close names it, and no event tells of a drop.
    if (delivery.wasCutShort) return "discarded";
    return delivery.anyRan ? "delivered" : "undelivered";
  }

  /** The requester, or a sender whose turn it was, is told; of failures that neither gets, the logger. */
  private tellWhoWaits(delivery: Delivery): void {
    const { failures, anyRan, request } = delivery;
    const errors = failures?.map(({ error }) => error);
    const isHandedOver =
      request === undefined ? delivery.isSendersTurn : request.listenersEnded(errors, anyRan);
    if (failures !== undefined && !isHandedOver) this.tellOf(failures, delivery);
  }

  private endedAs(delivery: Delivery, outcome: Outcome | "pending"): void {
    const { core } = this;
    const { message } = delivery;
    if (outcome === "undelivered") core.events.tell("messageUndelivered", message);
    if (outcome === "deadLettered") core.events.tell("messageDeadLettered", message);
    if (core.inTurn !== undefined) core.inTurn.delete(delivery);
    this.messageEnded(message);
  }

  discarded(message: Message, reason: DiscardReason): void {
    // What a close drops of it stays in the store.
    if (reason !== "closed") this.core.durable?.ends.wasDropped(message);
    unwatchSender(this.core, message);
    this.core.events.tell("messageDiscarded", message, reason);
    Message.extrasOf(message).request?.fail(
      new RejectedExecutionError(codeOf[reason], this.core.name),
    );
    this.core.checkIdle();
  }

  giveUp(message: Message, reason: DiscardReason, error: unknown): void {
    const { pool, waiters } = this.core;
    if (waiters.refuse(message, error)) return;
    if (pool !== undefined && withdraw(pool, message, reason)) return;
    const progress = Message.progressOf(message);
    if (progress instanceof Delivery) progress.interrupt(error);
    else if (progress instanceof DeliveryContext) DeliveryContext.interrupt(progress, error);
  }

  private sendAnswer(message: Message, value: unknown): void | Promise<void> {
    const { environment } = this.core;
    const { request } = Message.extrasOf(message);
    if (request !== undefined && environment.answer(request, value)) return;
    const destinationName = message.responseDestinationName as string;
    const extras =
      request === undefined
        ? { ...NO_EXTRAS, responseId: message.responseId }
        : new AnswerExtras(request);
    const answer = environment.address(destinationName, value, extras);
    if (request !== undefined) request.checkedAnswer = answer;
    if (!isObserved(channels.reply)) return environment.route(answer, ANSWER_ROUTING);
    return traced(channels.reply, { message: answer, destinationName }, () =>
      environment.route(answer, ANSWER_ROUTING),
    );
  }

  private tellOf(failures: readonly ListenerFailure[], delivery: Delivery): void {
    for (const { error, listening } of failures) {
      if (listening.isInternal) continue;
      this.core.environment.reporter.nobodyTold(error, this.contextOf(delivery, listening, error));
    }
  }

  private contextOf(delivery: Delivery, listening: Listening, error: unknown): FailureContext {
    const { message, moment } = delivery;
    return {
      message,
      destination: this.core.name,
      listenerName: listening.name,
      attempt: moment.attempt?.number ?? 1,
      willRetry: this.failed.willRetry(delivery, error),
    };
  }

  publishStatus(
    delivery: Delivery,
    listening: Listening,
    startedAt: number,
    failure: { readonly error: unknown } | undefined,
  ): void {
    const { environment } = this.core;
    if (environment.stage === "closed") return;
    const status: MessageStatus = Object.freeze({
      destinationName: this.core.name,
      listenerName: listening.name,
      messageId: delivery.message.id,
      durationMs: environment.clock.monotonicNow() - startedAt,
      isFailure: failure !== undefined,
      error: failure?.error,
    });
    const name = DestinationNames.MESSAGE_BUS_MESSAGE_STATUS;
    // It is taken in at once, whatever happens: when there is no room, the oldest report gives way.
    void environment.route(environment.address(name, status, NO_EXTRAS), ANSWER_ROUTING);
  }
}

const codeOf = {
  "queue-full": "BUSLINE_QUEUE_FULL",
  purged: "BUSLINE_PURGED",
  aborted: "BUSLINE_CLOSED",
  "timed-out": "BUSLINE_CLOSED",
  expired: "BUSLINE_CLOSED",
  duplicate: "BUSLINE_CLOSED",
  closed: "BUSLINE_CLOSED",
} as const satisfies Record<DiscardReason, string>;
