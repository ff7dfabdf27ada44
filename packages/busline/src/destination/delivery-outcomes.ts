import type { Clock } from "../clock/clock.ts";
import { channels, isObserved, traced } from "../diagnostics/channels.ts";
import type { FailureContext } from "../diagnostics/failure-reporter.ts";
import { RejectedExecutionError } from "../errors/rejected-execution-error.ts";
import type { Listening } from "../listener/listening.ts";
import { Message, NO_EXTRAS } from "../message/message.ts";
import { validate, ValidationGoingOn } from "../validation/standard-schema.ts";
import type { Delivery, ListenerFailure } from "../worker/delivery.ts";
import type { DeliveryHost, DiscardReason } from "../worker/delivery-host.ts";
import type { Destination } from "./destination.ts";
import type { DestinationCore } from "./destination-core.ts";
import { ANSWER_ROUTING } from "./destination-environment.ts";
import { DestinationNames } from "./destination-names.ts";
import type { MessageStatus } from "./message-status.ts";

/** Books what becomes of the messages that a destination has accepted: counts, replies, reports, events. */
export class DeliveryOutcomes implements DeliveryHost {
  readonly clock: Clock;
  readonly core: DestinationCore;

  constructor(core: DestinationCore) {
    this.core = core;
    this.clock = core.environment.clock;
  }

  get environment(): object {
    return this.core.environment;
  }

  get handle(): Destination {
    return this.core.handle;
  }

  goesOnUnseen(change: 1 | -1): void {
    this.core.environment.unseenCount += change;
  }

  replied(delivery: Delivery, value: unknown): void | Promise<void> {
    const { responseDestinationName } = delivery.message;
    const { configuration, environment, name } = this.core;
    if (responseDestinationName === undefined) return;
    if (delivery.reply?.isSettled === true) return environment.requests.ignoreLate();
    if (configuration.replySchema === undefined) return this.#sendAnswer(delivery, value);
    const checked = validate(configuration.replySchema, value, name, "reply");
    if (!(checked instanceof ValidationGoingOn)) return this.#sendAnswer(delivery, checked);
    return checked.promise.then((output) => this.#sendAnswer(delivery, output));
  }

  replyFailed(delivery: Delivery, error: unknown): void {
    this.core.environment.reporter.problem(
      `A reply from "${this.core.name}" could not be sent`,
      error,
      {
        messageId: delivery.message.id,
      },
    );
  }

  listenerSucceeded(delivery: Delivery, listening: Listening, startedAt: number | undefined): void {
    listening.deliveredCount += 1;
    if (startedAt !== undefined) this.#publishStatus(delivery, listening, startedAt, undefined);
  }

  listenerFailed(
    delivery: Delivery,
    listening: Listening,
    error: unknown,
    startedAt: number | undefined,
  ): void {
    listening.failedCount += 1;
    this.#report(delivery, listening, error);
    if (startedAt !== undefined) this.#publishStatus(delivery, listening, startedAt, { error });
  }

  ended(delivery: Delivery): void {
    const { core } = this;
    const { failures, anyRan } = delivery;
    if (failures !== undefined) core.counters.finished("failed");
    // Begun and not finished: the report of the close names it, and no event tells of a drop.
    else if (delivery.wasCutShort) core.counters.finished("discarded");
    else if (anyRan) core.counters.finished("delivered");
    else {
      core.counters.finished("undelivered");
      core.events.tell("messageUndelivered", delivery.message);
    }
    const errors = failures?.map(({ error }) => error);
    const isHandedOver = delivery.reply?.listenersEnded(errors, anyRan) ?? delivery.isSendersTurn;
    if (failures !== undefined && !isHandedOver) this.#tellOf(failures, delivery);
    core.inTurn.delete(delivery);
    core.pool?.deliveryEnded(delivery);
    core.checkIdle();
  }

  discarded(delivery: Delivery, reason: DiscardReason): void {
    delivery.unwatch?.();
    this.core.events.tell("messageDiscarded", delivery.message, reason);
    delivery.reply?.fail(new RejectedExecutionError(codeOf[reason], this.core.name));
    this.core.checkIdle();
  }

  #sendAnswer({ message, reply }: Delivery, value: unknown): void | Promise<void> {
    const { clock, ids } = this.core.environment;
    const destinationName = message.responseDestinationName as string;
    const extras = { ...NO_EXTRAS, responseId: message.responseId };
    const answer = new Message(value, destinationName, clock.now(), ids, extras);
    if (reply !== undefined) reply.checkedAnswer = answer;
    const send = (): void | Promise<void> => this.core.environment.route(answer, ANSWER_ROUTING);
    if (!isObserved(channels.reply)) return send();
    return traced(channels.reply, { message: answer, destinationName }, send);
  }

  #report(delivery: Delivery, listening: Listening, error: unknown): void {
    if (listening.isInternal) return;
    const { reporter } = this.core.environment;
    reporter.listenerFailed(error, this.#contextOf(delivery, listening));
    this.core.events.tell("messageFailed", delivery.message, error, listening.name);
  }

  #tellOf(failures: readonly ListenerFailure[], delivery: Delivery): void {
    for (const { error, listening } of failures) {
      if (listening.isInternal) continue;
      this.core.environment.reporter.nobodyTold(error, this.#contextOf(delivery, listening));
    }
  }

  #contextOf({ message }: Delivery, listening: Listening): FailureContext {
    return { message, destination: this.core.name, listenerName: listening.name };
  }

  #publishStatus(
    delivery: Delivery,
    listening: Listening,
    startedAt: number,
    failure: { readonly error: unknown } | undefined,
  ): void {
    const { clock, ids, stage } = this.core.environment;
    if (stage === "closed") return;
    const status: MessageStatus = Object.freeze({
      destinationName: this.core.name,
      listenerName: listening.name,
      messageId: delivery.message.id,
      durationMs: clock.monotonicNow() - startedAt,
      isFailure: failure !== undefined,
      error: failure?.error,
    });
    const name = DestinationNames.MESSAGE_BUS_MESSAGE_STATUS;
    const message = new Message(status, name, clock.now(), ids, NO_EXTRAS);
    // It is taken in at once, whatever happens: when there is no room, the oldest report gives way.
    void this.core.environment.route(message, ANSWER_ROUTING);
  }
}

const codeOf = {
  "queue-full": "BUSLINE_QUEUE_FULL",
  purged: "BUSLINE_PURGED",
  aborted: "BUSLINE_CLOSED",
  "timed-out": "BUSLINE_CLOSED",
  closed: "BUSLINE_CLOSED",
} as const satisfies Record<DiscardReason, string>;
