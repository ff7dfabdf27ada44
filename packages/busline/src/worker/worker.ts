import { channels, isObserved, traced } from "../diagnostics/channels.ts";
import type { Listening } from "../listener/listening.ts";
import type { Roster } from "../listener/roster.ts";
import { Message } from "../message/message.ts";
import { NO_EXTRAS } from "../message/message-extras.ts";
import { Delivery } from "./delivery.ts";
import { DeliveryContext } from "./delivery-context.ts";
import type { DeliveryHost } from "./delivery-host.ts";
import {
  callFollowed,
  enter,
  followNoMore,
  hasEnded,
  isOnStack,
  leave,
  workerAround,
} from "./running-worker.ts";
import { isPlainPromise, promiseOf, whenSettled } from "./listener-result.ts";
import { plainReturnOf } from "./plain-return.ts";
import { callInContext } from "./sender-context.ts";
import { notBegun } from "./worker-placement.ts";
import type { WorkerPool } from "./worker-pool.ts";

/** Where so many wait for a listener, following it would cost most. */
const MANY = 64;

/**
 * Carries messages to listeners, one at a time: calls the listener, waits for its promise if it returns one, and books
 * how it ended. Most calls are plain: the listener succeeds and returns nothing, at once or later. Those cost no closure,
 * no promise of ours, and no object but the listeners' context; what is not plain makes a `Delivery` that keeps more.
 */
export class Worker {
  /** Whose worker it is; undefined for a sender that runs listeners in its own turn. */
  readonly pool: WorkerPool | undefined;
  /** The destination whose message it carries, or carries whenever it does. */
  host: DeliveryHost | undefined;
  /** What it carries, or has just carried, where that takes more than plain calls. */
  delivery: Delivery | undefined = undefined;
  /** Changes whenever it puts down a message. */
  carriedCount = 0;
  /** The sender gets what the listeners throw. */
  tellsSender: boolean;
  /** Called when a message that `carry` could not finish at once has been finished in a sender's turn. */
  onFree: ((worker: Worker) => void) | undefined = undefined;
  /** The next one that carries nothing. */
  nextResting: Worker | undefined = undefined;
  /** What it keeps of its message while a listener goes on. */
  context: DeliveryContext | undefined = undefined;
  /** In whose listener this sender's turn happens. */
  outerWorker: Worker | undefined = undefined;
  private outerCarried = 0;
  /** Which listener is the next, or, after plain calls, goes on. */
  next = 0;
  private end = 0;
  private listening: Listening | undefined = undefined;
  private startedAt: number | undefined = undefined;
  private readonly returnedPlainly: (value: unknown) => void;
  /** How its listener goes on, unless a pool's worker has called it plainly. */
  goingOn: "followed" | "unseen" | undefined = undefined;

  constructor(pool: WorkerPool | undefined, tellsSender = false) {
    this.pool = pool;
    this.tellsSender = tellsSender;
    this.host = pool?.host;
    // A sender's turn that goes on has a worker of its own, for which that would be made in vain.
    this.returnedPlainly = pool === undefined ? this.returned : plainReturnOf(this);
  }

  /** It has begun with a message. */
  get isUnderway(): boolean {
    return this.context !== undefined || this.delivery !== undefined || isOnStack(this);
  }

  /** The worker in whose listener this sender's turn happens, as long as that listener has not ended. */
  get outer(): Worker | undefined {
    if (this.pool !== undefined) return undefined;
    if (this.outerWorker === undefined) return workerAround(this);
    return this.outerWorker.carriedCount === this.outerCarried ? this.outerWorker : undefined;
  }

  /** Its listener goes on and is not followed. One that was called plainly never is. */
  get isUnseen(): boolean {
    if (this.goingOn !== undefined || this.delivery !== undefined) return this.goingOn === "unseen";
    return this.context !== undefined;
  }

  /** Carries a message to its listeners, one after another. @returns false if one goes on, and `onFree` is called later */
  carry(message: Message): boolean {
    // In its own turn a sender is in its own context.
    if (this.pool === undefined) return this.begin(message);
    return callInContext(Message.momentOf(message).context, this.begin, this, message);
  }

  /** Carries a message that other workers carry too to its listeners from number `from` to number `end`. */
  carryShared(delivery: Delivery, from: number, end: number): boolean {
    this.host = delivery.host;
    this.delivery = delivery;
    delivery.isQueued = this.pool !== undefined;
    this.next = from;
    this.end = end;
    if (this.pool === undefined) return this.run();
    return callInContext(delivery.moment.context, this.run, this, undefined);
  }

  /** What it carries is to be kept in a delivery from now on. */
  keepMore(): Delivery {
    if (this.delivery !== undefined) return this.delivery;
    const context = this.context as DeliveryContext;
    const message = DeliveryContext.messageOf(context);
    const { listenings } = Message.momentOf(message);
    const delivery = new Delivery(message, context, this.next);
    delivery.isSendersTurn = this.tellsSender;
    delivery.isQueued = this.pool !== undefined;
    delivery.begunCount = listenings.length;
    Message.setProgress(message, delivery);
    this.delivery = delivery;
    this.listening = listenings[this.next];
    this.startedAt = undefined;
    this.next += 1;
    this.end = listenings.length;
    return delivery;
  }

  goesOnAt(context: DeliveryContext, at: number, roster: Roster): void {
    this.context = context;
    this.next = at;
    if (at > 0) roster.countFirst(at);
  }

  private begin(message: Message): boolean {
    const context = new DeliveryContext(message);
    this.host = Message.momentOf(message).host;
    // Nobody takes back, or gives up, what has begun and has no signal, and asks for no reply.
    const isLoose =
      Message.extrasOf(message) === NO_EXTRAS && (this.tellsSender || this.pool !== undefined);
    if (!isLoose) Message.setProgress(message, context);
    return this.callFrom(message, context, 0);
  }

  /** Calls listeners plainly, from number `start` on. The message stays on the stack as long as nothing goes on. */
  private callFrom(message: Message, context: DeliveryContext, start: number): boolean {
    const { listenings, host } = Message.momentOf(message);
    const outer = this.enter();
    let at = start;
    try {
      for (; at < listenings.length; at += 1) {
        const listening = listenings[at] as Listening;
        if (!this.mayCallPlainly(listening, host, message)) break;
        const { receive } = listening;
        const result = receive(message, context);
        if (result !== undefined && !this.isDoneWith(result, message, at)) {
          leave(outer);
          this.context = context;
          this.next = at;
          return false;
        }
        listening.deliveredCount += 1;
      }
    } catch (error) {
      leave(outer);
      return this.goOnLess(context, at, { error });
    }
    leave(outer);
    if (at < listenings.length) return this.goOnLess(context, at, undefined);
    this.endPlainly(message, context, host);
    return true;
  }

  endPlainly(message: Message, context: DeliveryContext, host: DeliveryHost): void {
    if (Message.progressOf(message) === context) Message.setProgress(message, "ended");
    this.putDown();
    host.endedPlainly(message);
  }

  private mayCallPlainly(listening: Listening, host: DeliveryHost, message: Message): boolean {
    if (host.acknowledgesEach && Message.momentOf(message).listenings.length > 1) return false;
    if (!listening.isPlain) this.learn(listening, message);
    if (!listening.isPlain || (host.followsListeners && !listening.isSynchronous)) return false;
    return !isObserved(channels.deliver);
  }

  private learn(listening: Listening, message: Message): void {
    const isBusy = this.pool !== undefined && this.pool.counters.pending >= MANY;
    if (isBusy || Message.extrasOf(message).request !== undefined) followNoMore(listening);
  }

  /** A listener failed, or is not one for a plain call. */
  goOnLess(
    context: DeliveryContext,
    at: number,
    failure: { readonly error: unknown } | undefined,
  ): boolean {
    this.context = context;
    this.next = at;
    this.keepMore();
    if (failure !== undefined) this.failed(failure.error);
    // It has not been called yet.
    else this.next = at;
    return this.run();
  }

  /** Whether a plain call's result needs no waiting: a value, sent to whoever asked for it. */
  isDoneWith(result: unknown, message: Message, at: number): boolean {
    const { host, listenings } = Message.momentOf(message);
    const listening = listenings[at] as Listening;
    const promise = isPlainPromise(result) ? result : promiseOf(result);
    if (promise === undefined) {
      const sending = host.replied(message, result);
      if (sending === undefined) return true;
      sending.then(this.sent, this.threw);
    } else {
      this.awaits(promise);
      if (this.pool === undefined || listening.isSynchronous) this.goesOnUnseen(host, listening);
    }
    return false;
  }

  private run(): boolean {
    const delivery = this.delivery as Delivery;
    const { listenings } = delivery.moment;
    const outer = this.enter();
    try {
      while (this.next < this.end) {
        const listening = listenings[this.next] as Listening;
        this.next += 1;
        if (!listening.isRegistered || delivery.isInterrupted) {
          if (delivery.isInterrupted) delivery.cutShort(1);
          else delivery.listenerLeft(listening);
          continue;
        }
        const promise = this.deliver(delivery, listening);
        if (promise === undefined) continue;
        this.awaits(promise);
        return false;
      }
      this.putDown();
      return true;
    } finally {
      leave(outer);
    }
  }

  private enter(): Worker | undefined {
    const outer = enter(this);
    // A sender's turn may happen in a listener of another worker.
    if (outer !== undefined && outer !== this && this.pool === undefined) this.isAround(outer);
    return outer;
  }

  isAround(outer: Worker): void {
    this.outerWorker = outer;
    this.outerCarried = outer.carriedCount;
  }

  private putDown(): void {
    if (this.context !== undefined) this.context = undefined;
    if (this.outerWorker !== undefined) this.outerWorker = undefined;
    this.carriedCount += 1;
  }

  awaits(promise: Promise<unknown>): void {
    whenSettled(promise, this.returned, this.threw);
  }

  /** The same for a message's only listener, where there is nothing to be said of it. */
  awaitsOnly(promise: Promise<unknown>): void {
    whenSettled(promise, this.returnedPlainly, this.threw);
  }

  /** @returns the promise to wait for, if any */
  private deliver(delivery: Delivery, listening: Listening): Promise<unknown> | undefined {
    this.listening = listening;
    this.startedAt = listening.reportsStatus ? delivery.host.clock.monotonicNow() : undefined;
    let result: unknown;
    try {
      result = isObserved(channels.deliver)
        ? traced(channels.deliver, delivery.traceAt(listening), () =>
            this.call(delivery, listening),
          )
        : this.call(delivery, listening);
    } catch (error) {
      this.failed(error);
      return undefined;
    }
    return result instanceof Promise
      ? delivery.host.limited(result, delivery)
      : this.conclude(result);
  }

  /** @returns what the listener returned; a promise only as one that can be waited for */
  private call(delivery: Delivery, listening: Listening): unknown {
    const { host, message } = delivery;
    if (!listening.isFree && !listening.isSynchronous) this.learn(listening, message);
    const isUnseen = listening.isSynchronous || (listening.isFree && !host.followsListeners);
    if (!isUnseen) return callFollowed(this, delivery, listening);
    const { receive } = listening;
    const result = receive(message, delivery.context);
    const promise = promiseOf(result);
    if (promise === undefined) return result;
    this.goesOnUnseen(host, listening);
    return promise;
  }

  private goesOnUnseen(host: DeliveryHost, listening: Listening): void {
    if (listening.isSynchronous) listening.goesOnAfterAll();
    this.goingOn = "unseen";
    if (this.pool === undefined) host.unseenCount += 1;
  }

  /**
   * What a listener has returned, now or in the end, is sent to whoever asked for it.
   *
   * @returns the promise to wait for, if any
   */
  private conclude(value: unknown): Promise<unknown> | undefined {
    const delivery = this.delivery as Delivery;
    const { host, message } = delivery;
    let sending: Promise<unknown> | undefined;
    try {
      if (value !== undefined) sending = host.replied(message, value)?.then(() => undefined);
    } catch (error) {
      this.failed(error);
      return undefined;
    }
    if (sending !== undefined) return sending;
    delivery.listenerSucceeded(this.listening as Listening, this.startedAt);
    return undefined;
  }

  readonly returned = (value: unknown): void => {
    const { context, host } = this;
    // Only what was called plainly has no delivery.
    if (this.delivery === undefined && context !== undefined && host !== undefined) {
      const message = DeliveryContext.messageOf(context);
      if (value === undefined || host.answered(message, value)) return this.sent();
    }
    this.settled();
    this.keepMore();
    const outer = enter(this);
    let sending: Promise<unknown> | undefined;
    try {
      sending = this.conclude(value);
    } finally {
      leave(outer);
    }
    if (sending === undefined) this.goOn(this.run());
    else sending.then(this.returned, this.threw);
  };

  /** A listener that was called plainly has succeeded, and its reply, if any, is on its way. */
  private readonly sent = (): void => {
    if (this.delivery !== undefined) return this.returned(undefined);
    if (this.goingOn !== undefined) this.settled();
    const context = this.context as DeliveryContext;
    const message = DeliveryContext.messageOf(context);
    const { listenings } = Message.momentOf(message);
    const at = this.next;
    (listenings[at] as Listening).deliveredCount += 1;
    if (at + 1 < listenings.length) return this.goOn(this.callFrom(message, context, at + 1));
    this.endPlainly(message, context, this.host as DeliveryHost);
    this.goOn(true);
  };

  private readonly threw = (error: unknown): void => {
    this.settled();
    this.keepMore();
    const outer = enter(this);
    try {
      if (error === notBegun) (this.delivery as Delivery).cutShort(1);
      else this.failed(error);
    } finally {
      leave(outer);
    }
    this.goOn(this.run());
  };

  private failed(error: unknown): void {
    (this.delivery as Delivery).listenerFailed(this.listening as Listening, error, this.startedAt);
  }

  private settled(): void {
    if (this.goingOn === "followed") {
      const listening = this.listening as Listening;
      listening.wentOn();
      hasEnded(listening.isFree);
    }
    if (this.goingOn === "unseen" && this.pool === undefined) {
      (this.host as DeliveryHost).unseenCount -= 1;
    }
    this.goingOn = undefined;
  }

  private goOn(isDone: boolean): void {
    if (isDone && this.pool !== undefined) this.pool.freed(this);
    else if (isDone) this.onFree?.(this);
  }
}
