import type { AsyncResource } from "node:async_hooks";
import { channels, isObserved, traced } from "../diagnostics/channels.ts";
import { AbortError } from "../errors/abort-error.ts";
import { NoListenerError } from "../errors/no-listener-error.ts";
import { RejectedExecutionError } from "../errors/rejected-execution-error.ts";
import { Message } from "../message/message.ts";
import { NO_EXTRAS } from "../message/message-extras.ts";
import { SendMoment } from "../message/send-moment.ts";
import { checkSendOptions, type SendOptions } from "../message/send-options.ts";
import { CorrelatedExtras } from "../reply/correlated-extras.ts";
import {
  checkRequestOptions,
  type CheckedRequestOptions,
  type RequestOptions,
} from "../reply/request-options.ts";
import { validate, ValidationGoingOn } from "../validation/standard-schema.ts";
import type { Delivery } from "../worker/delivery.ts";
import { listenerDepth, noteSend, runningWorker } from "../worker/running-worker.ts";
import { captureContext } from "../worker/sender-context.ts";
import type { WorkerPool } from "../worker/worker-pool.ts";
import type { DestinationCore } from "./destination-core.ts";
import { PLAIN_ROUTING, type Routing } from "./destination-environment.ts";
import { DestinationNames } from "./destination-names.ts";
import { turnAway } from "./turn-away.ts";

/** How deep listeners may run in each other's senders' turns. */
const DEEPEST = 100;

/** Where messages come into a destination: a payload becomes a message, and the message is taken in or turned away. */
export class Entrance {
  private readonly core: DestinationCore;
  private lastMoment: SendMoment | undefined;

  constructor(core: DestinationCore) {
    this.core = core;
  }

  send(payload: unknown, options: SendOptions | undefined): void | Promise<void> {
    const { name, environment } = this.core;
    const { ids } = environment;
    if (options === undefined) {
      return this.take(new Message(payload, this.moment(), ids, NO_EXTRAS), PLAIN_ROUTING);
    }
    const { id, signal, extras } = checkSendOptions(options, `send to "${name}"`);
    if (signal?.aborted) throw new AbortError(name, signal.reason);
    const message = new Message(payload, this.moment(), id ?? ids, extras);
    return this.take(message, signal === undefined ? PLAIN_ROUTING : { ...PLAIN_ROUTING, signal });
  }

  request(payload: unknown, options: RequestOptions | undefined): Promise<unknown> {
    const { name, environment, configuration } = this.core;
    let checked: CheckedRequestOptions;
    try {
      checked = checkRequestOptions(options, `request to "${name}"`);
    } catch (error) {
      return Promise.reject(error);
    }
    const { id, signal, timeoutMs, mode } = checked;
    if (signal?.aborted) return Promise.reject(new AbortError(name, signal.reason));
    const { replySchema } = configuration;
    const terms = { destinationName: name, timeoutMs, signal, replySchema };
    const reply = environment.requests.open(terms);
    environment.dispatcher.lookAround();
    const extras = CorrelatedExtras.ofRequest(
      checked.extras,
      reply,
      DestinationNames.MESSAGE_BUS_DEFAULT_RESPONSE,
    );
    const message = new Message(payload, this.moment(), id ?? environment.ids, extras);
    try {
      const entering = this.take(message, PLAIN_ROUTING, mode === "direct");
      entering?.catch((error: unknown) => reply.fail(error));
    } catch (error) {
      reply.fail(error);
    }
    return reply.promise;
  }

  /** The moment that a message belongs to which is sent now, or goes on now to here. */
  moment(sentAt: number = this.core.environment.clock.now()): SendMoment {
    const { hasQueue, listeners, name, outcomes } = this.core;
    // A sender who delivers in its own turn is in its own context anyway.
    const context = hasQueue ? captureContext() : undefined;
    if (context !== undefined) return this.momentIn(context, sentAt);
    const last = this.lastMoment;
    if (last?.sentAt === sentAt && last.listenings === listeners.current) return last;
    this.lastMoment = new SendMoment(name, sentAt, listeners.current, outcomes, undefined);
    return this.lastMoment;
  }

  /** A context may hold much, so an idle destination keeps none: of those the bus keeps the last one. */
  private momentIn(context: AsyncResource, sentAt: number): SendMoment {
    const { environment, listeners, name, outcomes } = this.core;
    const listenings = listeners.current;
    const last = environment.lastMoment;
    const isSame = last?.context === context && last.host === outcomes;
    if (isSame && last.sentAt === sentAt && last.listenings === listenings) return last;
    environment.lastMoment = new SendMoment(name, sentAt, listenings, outcomes, context);
    return environment.lastMoment;
  }

  /** Takes a message in, or turns it away. @param isDirect it passes queue and workers by */
  take(message: Message, routing: Routing, isDirect = false): void | Promise<void> {
    noteSend();
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
      Message.setMoment(message, this.moment(message.sentAt));
      return this.checked(message, routing, isDirect);
    });
  }

  /** Past all that may refuse it, a message is taken into the queue, or delivered at once. */
  private enter(message: Message, routing: Routing, isDirect: boolean): void | Promise<void> {
    if (!hasListener(message)) return this.undelivered(message, routing);
    const { hasQueue, pool } = this.core;
    if (hasQueue && !isDirect && pool !== undefined) return this.queue(message, routing, pool);
    if (!routing.isAnswer) this.refuseIfTooDeep(true);
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

  /** The sender's turn delivers. @param tellsSender it gets what its listeners throw */
  private deliver(message: Message, routing: Routing, tellsSender: boolean): void | Promise<void> {
    const delivery = this.runInTurn(message, routing, tellsSender);
    if (delivery === undefined) return;
    if (delivery.ending === undefined) return throwErrorsOf(delivery);
    return delivery.ending.then(() => throwErrorsOf(delivery));
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
    if (delivery !== undefined && delivery.ending !== undefined) {
      this.core.inTurn ??= new Set();
      this.core.inTurn.add(delivery);
    }
    return delivery;
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
    if (routing.signal !== undefined) this.watch(message, routing.signal);
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
    if (configuration.schema === undefined) return this.letIn(message, routing, isDirect);
    const refused = (error: unknown): never => {
      counters.turnedAway("rejected");
      throw error;
    };
    const checked = (payload: unknown, moment: SendMoment): void | Promise<void> =>
      this.letIn(Message.resent(message, moment, payload), routing, isDirect);
    let output: unknown;
    try {
      output = validate(configuration.schema, message.payload, name, "payload");
    } catch (error) {
      return refused(error);
    }
    if (!(output instanceof ValidationGoingOn)) {
      if (output === message.payload) return this.letIn(message, routing, isDirect);
      return checked(output, Message.momentOf(message));
    }
    return output.promise.then((payload) => {
      // Time has passed: nothing is sent for a sender or a requester who has given up meanwhile.
      if (routing.signal?.aborted) throw new AbortError(name, routing.signal.reason);
      if (Message.extrasOf(message).request?.isSettled === true) return;
      return checked(payload, this.moment());
    }, refused);
  }

  /** Lets a message in, unless its destination is closing, or holds up senders' turns in a pause. */
  private letIn(message: Message, routing: Routing, isDirect: boolean): void | Promise<void> {
    const { counters, environment, hasQueue, isClosing, isPaused, name } = this.core;
    if ((environment.stage !== "open" || isClosing) && !this.letsIn(message, routing)) {
      if (!isDirect) return turnAway(this.core, message, routing, "closed");
      counters.turnedAway("rejected");
      throw new RejectedExecutionError("BUSLINE_CLOSED", name);
    }
    const isHeldUp = isPaused && !hasQueue && !isDirect;
    // An answer would be lost, and what was accepted with it.
    if (isHeldUp && !routing.isAnswer && !isReply(message) && hasListener(message)) {
      return turnAway(this.core, message, routing, "queue-full");
    }
    return this.enter(message, routing, isDirect);
  }

  /** What is closing lets in what comes out of it. */
  private letsIn(message: Message, routing: Routing): boolean {
    const { environment, isClosing, isRemoved, outcomes } = this.core;
    if (environment.stage === "closed" || isRemoved) return false;
    if (routing.isAnswer || isReply(message)) return true;
    for (let worker = runningWorker(); worker !== undefined; worker = worker.outer) {
      const { host } = worker;
      if (host === undefined) continue;
      if (isClosing ? host === outcomes : host.environment === environment) return true;
    }
    // A listener that is not followed goes on: rather a stranger's message than the loss of one of its own.
    return (isClosing ? outcomes : environment).unseenCount > 0;
  }

  /** The sender cannot give up any more. */
  unwatch(message: Message): void {
    const { watches } = this.core;
    watches?.get(message)?.();
    watches?.delete(message);
  }

  /** Stops a message whose sender waits no more. */
  private watch(message: Message, signal: AbortSignal): void {
    if (Message.progressOf(message) === "ended") return;
    const { name, outcomes } = this.core;
    const aborted = (): void =>
      outcomes.giveUp(message, "aborted", new AbortError(name, signal.reason));
    signal.addEventListener("abort", aborted);
    this.core.watches ??= new Map();
    this.core.watches.set(message, () => signal.removeEventListener("abort", aborted));
  }
}

function hasListener(message: Message): boolean {
  return Message.momentOf(message).listenings.length > 0;
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

/** A request carries an id for its reply too, but says where to send it. */
function isReply(message: Message): boolean {
  const { responseDestinationName, request, answers, responseId } = Message.extrasOf(message);
  if (responseDestinationName !== undefined || request !== undefined) return false;
  return answers !== undefined || responseId !== undefined;
}
