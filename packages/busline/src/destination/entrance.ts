import { channels, isObserved, traced } from "../diagnostics/channels.ts";
import { AbortError } from "../errors/abort-error.ts";
import { NoListenerError } from "../errors/no-listener-error.ts";
import { RejectedExecutionError } from "../errors/rejected-execution-error.ts";
import { Message, NO_EXTRAS } from "../message/message.ts";
import { checkSendOptions, type SendOptions } from "../message/send-options.ts";
import type { RejectionReason } from "../queue/rejection.ts";
import {
  checkRequestOptions,
  type CheckedRequestOptions,
  type RequestOptions,
} from "../reply/request-options.ts";
import { DestinationNames } from "./destination-names.ts";
import { validate, ValidationGoingOn } from "../validation/standard-schema.ts";
import { Delivery } from "../worker/delivery.ts";
import type { DiscardReason } from "../worker/delivery-host.ts";
import { listenerDepth, runningWorker } from "../worker/running-worker.ts";
import type { DestinationCore } from "./destination-core.ts";
import { PLAIN_ROUTING, type Routing } from "./destination-environment.ts";
import { turnAway } from "./turn-away.ts";

type Enter = (message: Message, routing: Routing) => void | Promise<void>;

/** How deep listeners may run in each other's senders' turns. */
const DEEPEST = 100;

/** Where messages come into a destination: a payload becomes a message, and the message is taken in or turned away. */
export class Entrance {
  readonly #core: DestinationCore;

  constructor(core: DestinationCore) {
    this.#core = core;
  }

  send(payload: unknown, options: SendOptions | undefined): void | Promise<void> {
    const { name, environment } = this.#core;
    if (options === undefined) {
      const { clock, ids } = environment;
      return this.take(new Message(payload, name, clock.now(), ids, NO_EXTRAS), PLAIN_ROUTING);
    }
    const { id, signal, extras } = checkSendOptions(options, `send to "${name}"`);
    if (signal?.aborted) throw new AbortError(name, signal.reason);
    const message = new Message(
      payload,
      name,
      environment.clock.now(),
      id ?? environment.ids,
      extras,
    );
    return this.take(message, signal === undefined ? PLAIN_ROUTING : { ...PLAIN_ROUTING, signal });
  }

  request(payload: unknown, options: RequestOptions | undefined): Promise<unknown> {
    const { name, environment, configuration } = this.#core;
    let checked: CheckedRequestOptions;
    try {
      checked = checkRequestOptions(options, `request to "${name}"`);
    } catch (error) {
      return Promise.reject(error);
    }
    const { signal, timeoutMs, mode } = checked;
    if (signal?.aborted) return Promise.reject(new AbortError(name, signal.reason));
    const { replySchema } = configuration;
    const reply = environment.requests.open({
      destinationName: name,
      timeoutMs,
      signal,
      replySchema,
    });
    environment.dispatcher.lookAround();
    const message = new Message(
      payload,
      name,
      environment.clock.now(),
      checked.id ?? environment.ids,
      {
        ...checked.extras,
        responseDestinationName: DestinationNames.MESSAGE_BUS_DEFAULT_RESPONSE,
        responseId: reply.id,
      },
    );
    const routing: Routing = { ...PLAIN_ROUTING, reply };
    const failed = (error: unknown): void => reply.fail(error);
    try {
      const entering =
        mode === "direct"
          ? this.take(message, routing, this.#enterDirectly)
          : this.take(message, routing);
      entering?.catch(failed);
    } catch (error) {
      failed(error);
    }
    return reply.promise;
  }

  /** Takes a message in, or turns it away. */
  take(message: Message, routing: Routing, enter: Enter = this.#enter): void | Promise<void> {
    if (!isObserved(channels.send)) return this.#checked(message, routing, enter);
    const trace = { message, destinationName: this.#core.name };
    return traced(channels.send, trace, () => this.#checked(message, routing, enter));
  }

  /** The sender or the requester waits no more for what it has sent. */
  giveUp(delivery: Delivery, reason: DiscardReason, error: unknown): void {
    const { pool } = this.#core;
    if (
      delivery.stage === "ended" ||
      pool?.waiters.refuse(delivery, error) ||
      pool?.withdraw(delivery, reason)
    )
      return;
    delivery.interrupt(error);
  }

  readonly #enter = (message: Message, routing: Routing): void | Promise<void> => {
    const { listeners, type, pool, counters } = this.#core;
    if (!this.#letsIn(message, routing)) {
      return this.#turnAway(this.#delivery(message, routing, true), routing, "closed");
    }
    if (listeners.current.length === 0) return this.#undelivered(message, routing);
    if (pool === undefined || type.createQueue === undefined) {
      return this.#takeInTurn(message, routing);
    }
    const delivery = this.#delivery(message, routing, true);
    let isTaken: boolean;
    try {
      isTaken = pool.offer(delivery);
    } catch (error) {
      // A queue of the user's own refuses it in its own way.
      counters.turnedAway("rejected");
      throw error;
    }
    if (!isTaken) return this.#turnAway(delivery, routing, "queue-full");
    this.#accepted(delivery, routing);
  };

  /** Passes queue and workers by. */
  readonly #enterDirectly = (message: Message, routing: Routing): void | Promise<void> => {
    const { name, counters, listeners } = this.#core;
    if (!this.#letsIn(message, routing)) {
      counters.turnedAway("rejected");
      throw new RejectedExecutionError("BUSLINE_CLOSED", name);
    }
    if (listeners.current.length === 0) return this.#undelivered(message, routing);
    if (!routing.isAnswer) this.refuseIfTooDeep(true);
    return this.runInTurn(this.#delivery(message, routing, false), routing);
  };

  /** A type without a queue: the sender's turn delivers, and the sender gets what its listeners throw. */
  #takeInTurn(message: Message, routing: Routing): void | Promise<void> {
    const delivery = this.#delivery(message, routing, false);
    // An answer would be lost, and what was accepted with it.
    if (this.#core.isPaused && !routing.isAnswer && !isReply(message)) {
      return this.#turnAway(delivery, routing, "queue-full");
    }
    if (!routing.isAnswer) this.refuseIfTooDeep(true);
    delivery.isSendersTurn = true;
    const goingOn = this.runInTurn(delivery, routing);
    if (goingOn === undefined) throwErrorsOf(delivery);
    else return goingOn.then(() => throwErrorsOf(delivery));
  }

  /** Runs a message's listeners in the sender's turn. */
  runInTurn(delivery: Delivery, routing: Routing): void | Promise<void> {
    const { counters, environment, type } = this.#core;
    counters.acceptedAtOnce();
    // Before it runs: a listener may give its own sender reason to give up.
    this.#accepted(delivery, routing);
    const goingOn = environment.sendersTurn.run(delivery, type.workerPer === "listener");
    if (goingOn !== undefined) this.#core.inTurn.add(delivery);
    return goingOn;
  }

  /** Each turn in a turn lies on the same stack, which would end somewhere in the middle of the books. */
  refuseIfTooDeep(isBookedHere: boolean): void {
    if (listenerDepth() < DEEPEST) return;
    if (isBookedHere) this.#core.counters.turnedAway("rejected");
    throw new RejectedExecutionError("BUSLINE_TOO_DEEP", this.#core.name);
  }

  #turnAway(delivery: Delivery, routing: Routing, reason: RejectionReason): void | Promise<void> {
    return turnAway(this.#core, delivery, routing, reason, () => this.watch(delivery, routing));
  }

  #accepted(delivery: Delivery, routing: Routing): void {
    routing.taken?.();
    if (routing !== PLAIN_ROUTING) this.watch(delivery, routing);
  }

  #undelivered(message: Message, routing: Routing): void {
    const { name, counters, events } = this.#core;
    counters.turnedAway("undelivered");
    events.tell("messageUndelivered", message);
    routing.taken?.();
    routing.reply?.fail(new NoListenerError(name));
  }

  /** Lets the destination's schema check the payload, and make of it what it will, before the message enters. */
  #checked(message: Message, routing: Routing, enter: Enter): void | Promise<void> {
    const { name, counters, configuration } = this.#core;
    if (configuration.schema === undefined) return enter(message, routing);
    const refused = (error: unknown): never => {
      counters.turnedAway("rejected");
      throw error;
    };
    const checked = (payload: unknown): void | Promise<void> =>
      enter(payload === message.payload ? message : Message.withPayload(message, payload), routing);
    let output: unknown;
    try {
      output = validate(configuration.schema, message.payload, name, "payload");
    } catch (error) {
      return refused(error);
    }
    if (!(output instanceof ValidationGoingOn)) return checked(output);
    return output.promise.then((payload) => {
      // Time has passed: nothing is sent for a sender or a requester who has given up meanwhile.
      if (routing.signal?.aborted) throw new AbortError(name, routing.signal.reason);
      if (routing.reply?.isSettled !== true) return checked(payload);
    }, refused);
  }

  #letsIn(message: Message, routing: Routing): boolean {
    const { environment, isClosing, isRemoved, outcomes } = this.#core;
    if (environment.stage === "open" && !isClosing) return true;
    if (environment.stage === "closed" || isRemoved) return false;
    if (routing.isAnswer || isReply(message)) return true;
    if (environment.unseenCount > 0) return true;
    // What is draining lets in what comes out of it.
    for (let worker = runningWorker(); worker !== undefined; worker = worker.outer) {
      const host = worker.delivery?.host;
      if (host === undefined) continue;
      if (isClosing ? host === outcomes : host.environment === environment) return true;
    }
    return false;
  }

  #delivery(message: Message, routing: Routing, isQueued: boolean): Delivery {
    return new Delivery(
      message,
      this.#core.listeners.current,
      this.#core.outcomes,
      routing.reply,
      isQueued,
    );
  }

  /** From now on the sender and the requester can give up. */
  watch(delivery: Delivery, { signal, reply }: Routing): void {
    if (reply !== undefined) reply.giveUp = (reason, error) => this.giveUp(delivery, reason, error);
    if (signal === undefined || delivery.stage === "ended") return;
    const aborted = (): void =>
      this.giveUp(delivery, "aborted", new AbortError(this.#core.name, signal.reason));
    signal.addEventListener("abort", aborted);
    delivery.unwatch = () => signal.removeEventListener("abort", aborted);
  }
}

function throwErrorsOf({ failures, reply, message }: Delivery): void {
  if (failures === undefined || reply !== undefined) return;
  const errors = failures.map(({ error }) => error);
  if (errors.length === 1) throw errors[0];
  throw new AggregateError(
    errors,
    `${errors.length} listeners of "${message.destinationName}" failed`,
  );
}

/** A request carries an id for its reply too, but says where to send it. */
function isReply({ responseId, responseDestinationName }: Message): boolean {
  return responseId !== undefined && responseDestinationName === undefined;
}
