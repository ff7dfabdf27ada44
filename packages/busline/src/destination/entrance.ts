import type { Reading } from "../clock/reading.ts";
import { channels, isAnybodyObserving, isObserved, traced } from "../diagnostics/channels.ts";
import { AbortError } from "../errors/abort-error.ts";
import { NoListenerError } from "../errors/no-listener-error.ts";
import { RejectedExecutionError } from "../errors/rejected-execution-error.ts";
import { Message } from "../message/message.ts";
import { NO_EXTRAS } from "../message/message-extras.ts";
import type { SendMoment } from "../message/send-moment.ts";
import { checkSendOptions, type SendOptions } from "../message/send-options.ts";
import {
  checkRequestOptions,
  type CheckedRequestOptions,
  type RequestOptions,
  USUAL_REQUEST,
} from "../reply/request-options.ts";
import type { DestinationCounters } from "../statistics/destination-counters.ts";
import type { RequestTerms } from "../reply/pending-reply.ts";
import { validate, ValidationGoingOn } from "../validation/standard-schema.ts";
import type { Delivery } from "../worker/delivery.ts";
import { listenerDepth } from "../worker/running-worker.ts";
import type { SendersTurn } from "../worker/senders-turn.ts";
import type { WorkerPool } from "../worker/worker-pool.ts";
import { isReply, letsIn } from "./admission.ts";
import type { DurableMessages } from "./durable-messages.ts";
import type { DestinationCore } from "./destination-core.ts";
import { PLAIN_ROUTING, type Routing } from "./destination-environment.ts";
import { DestinationNames } from "./destination-names.ts";
import { checkFit } from "./message-fit.ts";
import { dropPlainly } from "./plain-drop.ts";
import { watchSender } from "./sender-watch.ts";
import { NO_RUN, SendMoments } from "./send-moments.ts";
import { turnAway } from "./turn-away.ts";

/** How deep listeners may run in each other's senders' turns. */
const DEEPEST = 100;

/** Where messages come into a destination: a payload becomes a message, and the message is taken in or turned away. */
export class Entrance {
  private readonly core: DestinationCore;

  /**
   * As long as this run of code goes on, and nothing has changed, a message may be delivered in its sender's turn without
   * a closer look, and is sent in this moment.
   */
  private openTurn: SendMoment | undefined = undefined;
  private openRun: Reading = NO_RUN;
  readonly moments: SendMoments;
  /** What a request without options asks for. */
  private usualTerms: RequestTerms | undefined = undefined;
  private readonly counters: DestinationCounters;
  private readonly turns: SendersTurn;

  constructor(core: DestinationCore) {
    this.core = core;
    this.moments = new SendMoments(core);
    this.counters = core.counters;
    this.turns = core.environment.sendersTurn;
  }

  /** To be called whenever anything changes that every message would otherwise have to ask for. */
  lookAgain(): void {
    this.openTurn = undefined;
    this.moments.forget();
    this.usualTerms = undefined;
  }

  send(payload: unknown, options: SendOptions | undefined): void | Promise<void> {
    if (options !== undefined) return this.sendWith(payload, options);
    const { line } = this.core;
    if (line !== undefined) return line.takesAtOnce(payload) ? undefined : this.sendBare(payload);
    const { openTurn } = this;
    if (openTurn === undefined) return this.sendBare(payload);
    const turn = this.turns.runPlainly(payload, openTurn, this.openRun, this.counters);
    if (turn === undefined) return;
    if (turn === false) return this.sendBare(payload);
    this.remember(turn);
    return this.turnOf(turn);
  }

  private sendBare(payload: unknown): void | Promise<void> {
    const { core } = this;
    const moment = this.moments.now();
    if (!core.isWideOpen || isAnybodyObserving() || isEmpty(moment)) {
      return this.take(new Message(payload, moment, NO_EXTRAS), PLAIN_ROUTING);
    }
    const { line } = core;
    if (line === undefined) {
      if (core.isPlainTurn) {
        this.openTurn = moment;
        this.openRun = this.moments.run;
      }
      return this.take(new Message(payload, moment, NO_EXTRAS), PLAIN_ROUTING);
    }
    if (line.offerPayload(payload, moment, this.moments.run)) return;
    if (dropPlainly(core, line, payload, moment)) return;
    return turnAway(core, new Message(payload, moment, NO_EXTRAS), PLAIN_ROUTING, "queue-full");
  }

  private sendWith(payload: unknown, options: SendOptions): void | Promise<void> {
    const { name } = this.core;
    const where = `send to "${name}"`;
    const { id, signal, extras } = checkSendOptions(options, where, this.core.environment.clock);
    checkFit(this.core, extras, where);
    if (signal?.aborted) throw new AbortError(name, signal.reason);
    const message = new Message(payload, this.moments.now(), extras, id);
    if (signal === undefined && id === undefined) return this.take(message, PLAIN_ROUTING);
    const claimsId = id !== undefined;
    return this.take(message, {
      ...PLAIN_ROUTING,
      signal,
      claimsId,
      isAwaited: signal !== undefined,
    });
  }

  request(payload: unknown, options: RequestOptions | undefined): Promise<unknown> {
    if (options === undefined) {
      this.usualTerms ??= this.termsOf(USUAL_REQUEST);
      return this.ask(payload, this.usualTerms, undefined, false);
    }
    const { name } = this.core;
    let checked: CheckedRequestOptions;
    try {
      const where = `request to "${name}"`;
      checked = checkRequestOptions(options, where);
      checkFit(this.core, checked.extras, where);
    } catch (error) {
      return Promise.reject(error);
    }
    const { id, signal, mode } = checked;
    if (signal?.aborted) return Promise.reject(new AbortError(name, signal.reason));
    return this.ask(payload, this.termsOf(checked), id, mode === "direct");
  }

  private termsOf({ timeoutMs, signal, extras }: CheckedRequestOptions): RequestTerms {
    const { name, configuration } = this.core;
    return {
      destinationName: name,
      responseDestinationName: DestinationNames.MESSAGE_BUS_DEFAULT_RESPONSE,
      timeoutMs,
      signal,
      replySchema: configuration.replySchema,
      extras,
    };
  }

  private ask(
    payload: unknown,
    terms: RequestTerms,
    id: string | undefined,
    isDirect: boolean,
  ): Promise<unknown> {
    const { environment } = this.core;
    const reply = environment.requests.open(terms);
    environment.dispatcher.lookAround();
    const message = new Message(payload, this.moments.now(), reply, id);
    try {
      const entering = this.take(message, PLAIN_ROUTING, isDirect);
      entering?.catch((error: unknown) => reply.fail(error));
    } catch (error) {
      reply.fail(error);
    }
    return reply.promise;
  }

  /** Takes a message in, or turns it away. @param isDirect it passes queue and workers by */
  take(message: Message, routing: Routing, isDirect = false): void | Promise<void> {
    if (isObserved(channels.send)) return this.takeObserved(message, routing, isDirect);
    if (!this.core.isWideOpen) return this.checked(message, routing, isDirect);
    return this.enter(message, routing, isDirect);
  }

  private takeObserved(
    message: Message,
    routing: Routing,
    isDirect: boolean,
  ): void | Promise<void> {
    const trace = { message, destinationName: this.core.name };
    return traced(channels.send, trace, () => {
      // An observer may have bound a store to the send, which belongs to the context that is kept.
      if (!routing.isKnown) Message.setMoment(message, this.moments.since(message.sentAt));
      return this.checked(message, routing, isDirect);
    });
  }

  /** Past all that may refuse it, a message is taken into the queue, or delivered at once. */
  private enter(message: Message, routing: Routing, isDirect: boolean): void | Promise<void> {
    if (isEmpty(Message.momentOf(message)) && !this.keeps(message)) {
      return this.undelivered(message, routing);
    }
    const pool = this.core.hasQueue && !isDirect ? this.core.workerPool : undefined;
    if (pool !== undefined) {
      const { durable } = this.core;
      if (durable === undefined) return this.queue(message, routing, pool);
      return this.store(message, routing, pool, durable);
    }
    if (!routing.isAnswer) this.refuseIfTooDeep(true);
    this.refuseIfPutOff(message);
    return this.deliver(message, routing, !isDirect);
  }

  private queue(message: Message, routing: Routing, pool: WorkerPool): void | Promise<void> {
    let isTaken: boolean;
    try {
      isTaken = pool.offer(message);
    } catch (error) {
      // A queue of the user's own refuses it in its own way.
      this.core.counters.turnedAway("rejected");
      throw error;
    }
    if (!isTaken) return turnAway(this.core, message, routing, "queue-full");
    this.accepted(message, routing);
  }

  /** Takes a message in that is to be stored. Whatever becomes of it, its sender is told by a promise. */
  private async store(
    message: Message,
    routing: Routing,
    pool: WorkerPool,
    durable: DurableMessages,
  ): Promise<void> {
    const { core } = this;
    let stored: Message;
    try {
      if (durable.start.failure !== undefined) throw durable.start.failure;
      // Before anything is waited for: what its sender does with it afterwards is not sent.
      stored = durable.prepare(message, routing);
    } catch (error) {
      core.counters.turnedAway("rejected");
      throw error;
    }
    const queue = (): void | Promise<void> =>
      this.queue(stored, { ...routing, taken: undefined }, pool);
    if (durable.start.isOver) {
      await queue();
    } else {
      const isWanted = await durable.start.whenOver(stored, routing, queue);
      if (!isWanted) return;
    }
    await Message.extrasOf(stored).record?.storing;
    routing.taken?.();
  }

  /** The sender's turn delivers. @param tellsSender it gets what its listeners throw */
  private deliver(message: Message, routing: Routing, tellsSender: boolean): void | Promise<void> {
    const delivery = this.runInTurn(message, routing, tellsSender);
    return delivery === undefined ? undefined : this.turnOf(delivery);
  }

  private turnOf(delivery: Delivery): void | Promise<void> {
    if (delivery.ending === undefined) return throwErrorsOf(delivery);
    return delivery.ending.then(() => throwErrorsOf(delivery));
  }

  /** So that a close can interrupt it. */
  private remember(delivery: Delivery | undefined): void {
    if (delivery?.ending === undefined) return;
    this.core.inTurn ??= new Set();
    this.core.inTurn.add(delivery);
  }

  /**
   * Runs a message's listeners in the sender's turn.
   *
   * @param tellsSender the sender gets what the listeners throw
   */
  runInTurn(message: Message, routing: Routing, tellsSender: boolean): Delivery | undefined {
    const { counters, environment, type } = this.core;
    counters.acceptedAtOnce();
    // Before it runs: a listener may give its own sender reason to give up.
    this.accepted(message, routing);
    const { sendersTurn } = environment;
    const delivery =
      type.workerPer === "listener" && Message.momentOf(message).listenings.length > 1
        ? sendersTurn.runAtOnce(message, tellsSender)
        : sendersTurn.run(message, tellsSender);
    this.remember(delivery);
    return delivery;
  }

  /** Whether it is kept where nobody listens. A request is not: nobody would answer. */
  private keeps(message: Message): boolean {
    const { durable, type } = this.core;
    const isKept = type.isHolding === true || durable !== undefined;
    return isKept && Message.extrasOf(message).request === undefined;
  }

  /** It was diverted here, where nothing can wait, before its time. */
  private refuseIfPutOff(message: Message): void {
    const { counters, environment, name } = this.core;
    const { timing } = Message.extrasOf(message);
    if (timing === undefined || timing.notBefore <= environment.clock.monotonicNow()) return;
    counters.turnedAway("rejected");
    checkFit(this.core, Message.extrasOf(message), `diversion to "${name}"`);
  }

  /** Each turn in a turn lies on the same stack, which would end somewhere in the middle of the books. */
  refuseIfTooDeep(isBookedHere: boolean): void {
    if (listenerDepth() < DEEPEST) return;
    if (isBookedHere) this.core.counters.turnedAway("rejected");
    throw new RejectedExecutionError("BUSLINE_TOO_DEEP", this.core.name);
  }

  /** The message is in: from now on its sender and its requester can give up. */
  accepted(message: Message, routing: Routing): void {
    const extras = Message.extrasOf(message);
    if (extras === NO_EXTRAS && routing === PLAIN_ROUTING) return;
    routing.taken?.();
    if (routing.signal !== undefined) watchSender(this.core, message, routing.signal);
    if (extras.request !== undefined) extras.request.message = message;
  }

  private undelivered(message: Message, routing: Routing): void {
    const { name, counters, events } = this.core;
    counters.turnedAway("undelivered");
    events.tell("messageUndelivered", message);
    routing.taken?.();
    Message.extrasOf(message).request?.fail(new NoListenerError(name));
  }

  /** Lets the destination's schema check the payload, and make of it what it will, before the message enters. */
  private checked(message: Message, routing: Routing, isDirect: boolean): void | Promise<void> {
    const { name, counters, configuration } = this.core;
    if (configuration.schema === undefined || routing.isKnown) {
      return this.admit(message, routing, isDirect);
    }
    const refused = (error: unknown): never => {
      counters.turnedAway("rejected");
      throw error;
    };
    const checked = (payload: unknown, moment: SendMoment): void | Promise<void> =>
      this.admit(Message.resent(message, moment, payload), routing, isDirect);
    let output: unknown;
    try {
      output = validate(configuration.schema, message.payload, name, "payload");
    } catch (error) {
      return refused(error);
    }
    if (!(output instanceof ValidationGoingOn)) {
      if (output === message.payload) return this.admit(message, routing, isDirect);
      return checked(output, Message.momentOf(message));
    }
    return output.promise.then((payload) => {
      // Time has passed: nothing is sent for a sender or a requester who has given up meanwhile.
      if (routing.signal?.aborted) throw new AbortError(name, routing.signal.reason);
      if (Message.extrasOf(message).request?.isSettled === true) return;
      return checked(payload, this.moments.now());
    }, refused);
  }

  /** Where listeners run somewhere else, it is asked whether the payload can come there. */
  private admit(message: Message, routing: Routing, isDirect: boolean): void | Promise<void> {
    const { place, counters } = this.core;
    const placed = place?.placed;
    if (placed === undefined) return this.letIn(message, routing, isDirect);
    const moment = Message.momentOf(message);
    const listeners = moment.listenings.map(({ listener }) => listener);
    let payload: unknown;
    try {
      payload = placed.admit(message.payload, listeners);
    } catch (error) {
      counters.turnedAway("rejected");
      throw error;
    }
    const admitted =
      payload === message.payload ? message : Message.resent(message, moment, payload);
    return this.letIn(admitted, routing, isDirect);
  }

  /** Lets a message in, unless its destination is closing, or holds up senders' turns in a pause. */
  private letIn(message: Message, routing: Routing, isDirect: boolean): void | Promise<void> {
    const { counters, environment, hasQueue, isClosing, isPaused, name } = this.core;
    if ((environment.stage !== "open" || isClosing) && !letsIn(this.core, message, routing)) {
      if (!isDirect) return turnAway(this.core, message, routing, "closed");
      counters.turnedAway("rejected");
      throw new RejectedExecutionError("BUSLINE_CLOSED", name);
    }
    const isHeldUp = isPaused && !hasQueue && !isDirect;
    // An answer would be lost, and what was accepted with it.
    if (isHeldUp && !routing.isAnswer && !isReply(message) && !isEmpty(Message.momentOf(message))) {
      return turnAway(this.core, message, routing, "queue-full");
    }
    return this.enter(message, routing, isDirect);
  }
}

function isEmpty({ listenings }: SendMoment): boolean {
  return listenings.length === 0;
}

function throwErrorsOf({ failures, request, message }: Delivery): void {
  if (failures === undefined || request !== undefined) return;
  const errors = failures.map(({ error }) => error);
  if (errors.length === 1) throw errors[0];
  throw new AggregateError(
    errors,
    `${errors.length} listeners of "${message.destinationName}" failed`,
  );
}
