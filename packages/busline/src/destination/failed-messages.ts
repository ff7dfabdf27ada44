import { DeadLetterError } from "../errors/dead-letter-error.ts";
import { RejectedExecutionError } from "../errors/rejected-execution-error.ts";
import { StoreError } from "../errors/store-error.ts";
import { Roster } from "../listener/roster.ts";
import { Message } from "../message/message.ts";
import { NO_EXTRAS } from "../message/message-extras.ts";
import type { Delivery, ListenerFailure } from "../worker/delivery.ts";
import { DeliveryContext } from "../worker/delivery-context.ts";
import { TimedMessages } from "../worker/timed-messages.ts";
import { deadLetterHeaders, pathOf } from "./dead-letter-headers.ts";
import type { DurableMessages } from "./durable-messages.ts";
import type { DestinationCore } from "./destination-core.ts";
import { ANSWER_ROUTING, type Routing } from "./destination-environment.ts";

/** What becomes of a message that has failed for good. */
export type Burial = "failed" | "deadLettered" | "pending";

const RETRY_MS = 1_000;
const LETTER_ROUTING: Routing = Object.freeze({ ...ANSWER_ROUTING, isLetter: true });

/**
 * What becomes of a message when listeners have failed: those that have are tried again after a pause; when no attempt is
 * left, the message goes to the dead letter destination, or is counted as failed.
 */
export class FailedMessages {
  private readonly core: DestinationCore;

  constructor(core: DestinationCore) {
    this.core = core;
  }

  /** Whether a failed listener will be given the message once more. */
  willRetry(delivery: Delivery, error: unknown): boolean {
    const { configuration, environment, isRemoved, pool } = this.core;
    const attempt = delivery.moment.attempt?.number ?? 1;
    if (pool === undefined || !delivery.isQueued) return false;
    if (attempt >= (configuration.retry?.attempts ?? 1)) return false;
    if (environment.stage === "closed" || isRemoved) return false;
    return !(error instanceof DeadLetterError) && !DeliveryContext.isGivenUp(delivery.context);
  }

  /** Puts a message off for its next attempt, if there is one. @returns whether there is */
  retry(delivery: Delivery, failures: readonly ListenerFailure[]): boolean {
    const { configuration, durable, environment, events, pool } = this.core;
    const again = failures.filter(({ error, listening }) => {
      // One that leaves a durable destination may come again.
      const isThere = listening.isRegistered || durable?.listeners.remembers(listening) === true;
      return isThere && this.willRetry(delivery, error);
    });
    if (again.length === 0 || configuration.retry === undefined || pool === undefined) return false;
    const { message, moment } = delivery;
    const number = (moment.attempt?.number ?? 1) + 1;
    const forGood = failures.filter((failure) => !again.includes(failure));
    const roster = new Roster(again.map(({ listening }) => listening));
    const attempt = {
      number,
      hasSucceeded: delivery.anySucceeded,
      retried: again,
      failures: forGood.length === 0 ? undefined : forGood,
    };
    durable?.ends.isTriedAgain(message, failures);
    DeliveryContext.keepAttempt(delivery.context);
    Message.setMoment(message, moment.again(roster, attempt));
    const pauseMs = configuration.retry.pauseAfter(number - 1, environment.clock);
    TimedMessages.of(pool).tryAgain(message, pauseMs);
    events.tell("messageRetried", message, number, pauseMs);
    return true;
  }

  /** A message has failed for good. @returns what becomes of it; "pending": its destination closes before that is known */
  bury(delivery: Delivery, failures: readonly ListenerFailure[]): Burial | Promise<Burial> {
    const { deadLetter } = this.core.configuration;
    if (deadLetter === undefined) return "failed";
    if (pathOf(delivery.message).includes(deadLetter)) {
      const error = new RejectedExecutionError("BUSLINE_DIVERSION_LOOP", deadLetter);
      return this.refused(delivery, deadLetter, error);
    }
    return this.send(delivery, failures, deadLetter);
  }

  private send(
    delivery: Delivery,
    failures: readonly ListenerFailure[],
    deadLetter: string,
  ): Burial | Promise<Burial> {
    const { durable, environment } = this.core;
    let isTaken = false;
    const taken = (): void => {
      isTaken = true;
    };
    const failed = (error: unknown): Burial | Promise<Burial> => {
      // What is stored is not lost with its letter: that is sent when the store has recovered.
      if (error instanceof StoreError && durable !== undefined) {
        durable.storeFailed(error);
        return this.sendLater(delivery, failures, deadLetter, durable);
      }
      const outcome = this.refused(delivery, deadLetter, error);
      // Where its sender's turn delivers it, it has been taken, whatever its listeners throw.
      return isTaken ? "deadLettered" : outcome;
    };
    try {
      const letter = this.letterOf(delivery, failures, deadLetter);
      const sending = environment.route(letter, { ...LETTER_ROUTING, taken });
      return sending === undefined ? "deadLettered" : sending.then(() => "deadLettered", failed);
    } catch (error) {
      return failed(error);
    }
  }

  private async sendLater(
    delivery: Delivery,
    failures: readonly ListenerFailure[],
    deadLetter: string,
    durable: DurableMessages,
  ): Promise<Burial> {
    await durable.pause(RETRY_MS);
    return durable.isHalted ? "pending" : this.send(delivery, failures, deadLetter);
  }

  private refused({ message }: Delivery, deadLetter: string, error: unknown): "failed" {
    const text = `A dead letter of "${this.core.name}" failed at "${deadLetter}"`;
    this.core.environment.reporter.problem(text, error, { messageId: message.id });
    return "failed";
  }

  private letterOf(
    { message, moment }: Delivery,
    failures: readonly ListenerFailure[],
    deadLetter: string,
  ): Message {
    const { clock } = this.core.environment;
    const headers = deadLetterHeaders(message, {
      failures,
      attempts: moment.attempt?.number ?? 1,
      at: clock.now(),
    });
    const failed = failures.map(({ listening }) => listening);
    const extras = { ...NO_EXTRAS, headers, key: message.key, failed };
    const to = this.core.environment.momentAt(deadLetter, clock.now());
    return new Message(message.payload, to, extras, message.id);
  }
}
