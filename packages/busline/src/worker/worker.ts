import { channels, isObserved, traced } from "../diagnostics/channels.ts";
import type { Listening } from "../listener/listening.ts";
import { Message } from "../message/message.ts";
import { NO_EXTRAS } from "../message/message-extras.ts";
import { Delivery } from "./delivery.ts";
import { DeliveryContext } from "./delivery-context.ts";
import type { DeliveryHost } from "./delivery-host.ts";
import { enter, hasEnded, leave, receiveFollowed, workerAround } from "./running-worker.ts";
import { callInContext } from "./sender-context.ts";
import type { WorkerPool } from "./worker-pool.ts";

/**
 * Carries messages to listeners, one at a time: calls the listener, waits for its promise if it returns one, and books
 * how it ended. Most calls are plain: the listener succeeds and returns nothing, at once or later. Those cost no closure,
 * no promise of ours, and no object but the listeners' context; what is not plain makes a `Delivery` that keeps more.
 */
export class Worker {
  /** Whose worker it is; undefined for a sender that runs listeners in its own turn. */
  readonly pool: WorkerPool | undefined;
  /** The destination whose message it carries; undefined while it carries none. */
  host: DeliveryHost | undefined = undefined;
  /** What it carries, or has just carried, where that takes more than plain calls. */
  delivery: Delivery | undefined = undefined;
  /** Changes whenever it puts down a message. */
  carriedCount = 0;
  /** The listener that goes on has sent something since its return. */
  hasSentLater = false;
  /** The sender gets what the listeners throw. */
  tellsSender = false;
  /** Called when a message that `carry` could not finish at once has been finished. */
  onFree: ((worker: Worker) => void) | undefined = undefined;
  /** The next one that carries nothing. */
  nextResting: Worker | undefined = undefined;
  private message: Message | undefined = undefined;
  private context: DeliveryContext | undefined = undefined;
  private outerWorker: Worker | undefined = undefined;
  private outerCarried = 0;
  private next = 0;
  private end = 0;
  private listening: Listening | undefined = undefined;
  private startedAt: number | undefined = undefined;
  /** How its listener goes on. */
  private goingOn: "followed" | "unseen" | undefined = undefined;

  constructor(pool: WorkerPool | undefined) {
    this.pool = pool;
  }

  /** The worker in whose listener this sender's turn happens, as long as that listener has not ended. */
  get outer(): Worker | undefined {
    if (this.pool !== undefined) return undefined;
    if (this.outerWorker === undefined) return workerAround(this);
    return this.outerWorker.carriedCount === this.outerCarried ? this.outerWorker : undefined;
  }

  /**
   * Carries a message to all of its listeners, one after another.
   *
   * @returns true if all have ended; false if one goes on, and `onFree` is called later
   */
  carry(message: Message): boolean {
    // In its own turn a sender is in its own context.
    if (this.pool === undefined) return this.begin(message);
    return callInContext(Message.momentOf(message).context, this.begin, this, message);
  }

  /** Carries a message that other workers carry too to its listeners from number `from` to number `end`. */
  carryShared(delivery: Delivery, from: number, end: number): boolean {
    this.host = delivery.host;
    this.delivery = delivery;
    this.next = from;
    this.end = end;
    if (this.pool === undefined) return this.run();
    return callInContext(delivery.moment.context, this.run, this, undefined);
  }

  /** What it carries is to be kept in a delivery from now on. */
  keepMore(): Delivery {
    if (this.delivery !== undefined) return this.delivery;
    const message = this.message as Message;
    const { listenings } = Message.momentOf(message);
    const delivery = new Delivery(message, this.context as DeliveryContext, this.next);
    delivery.isSendersTurn = this.tellsSender;
    delivery.begunCount = listenings.length;
    Message.setProgress(message, delivery);
    this.delivery = delivery;
    this.listening = listenings[this.next];
    this.startedAt = undefined;
    this.next += 1;
    this.end = listenings.length;
    return delivery;
  }

  private begin(message: Message): boolean {
    this.host = Message.momentOf(message).host;
    const context = new DeliveryContext(message);
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
    let failure: { readonly error: unknown } | undefined;
    try {
      for (; at < listenings.length; at += 1) {
        const listening = listenings[at] as Listening;
        if (!listening.isPlain || isObserved(channels.deliver)) break;
        if (host.followsListeners && !listening.isSynchronous) break;
        const { receive } = listening;
        const result = receive(message, context);
        if (result !== undefined && !this.isDoneWith(result, message, listening)) {
          this.keep(message, context, at);
          return false;
        }
        listening.deliveredCount += 1;
      }
    } catch (error) {
      failure = { error };
    } finally {
      leave(outer);
    }
    if (at < listenings.length) {
      this.keep(message, context, at);
      return this.goOnLess(failure);
    }
    if (Message.progressOf(message) === context) Message.setProgress(message, "ended");
    this.putDown();
    host.endedPlainly(message);
    return true;
  }

  /** The listener whose turn it is failed, or is not one for a plain call. */
  private goOnLess(failure: { readonly error: unknown } | undefined): boolean {
    const at = this.next;
    this.keepMore();
    if (failure !== undefined) this.failed(failure.error);
    // It has not been called yet.
    else this.next = at;
    return this.run();
  }

  private keep(message: Message, context: DeliveryContext, at: number): void {
    this.message = message;
    this.context = context;
    this.next = at;
  }

  /** Whether a plain call's result needs no waiting: a value, which is sent to whoever asked for it. */
  private isDoneWith(result: unknown, message: Message, listening: Listening): boolean {
    const { host } = Message.momentOf(message);
    const promise = promiseOf(result);
    if (promise === undefined) {
      const sending = host.replied(message, result);
      if (sending === undefined) return true;
      sending.then(this.sent, this.threw);
    } else {
      this.awaits(promise);
      this.goesOnUnseen(host, listening);
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
          delivery.listenersSkipped(1, delivery.isInterrupted);
        } else if (this.goesOn(this.deliver(delivery, listening))) {
          return false;
        }
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
    if (outer !== undefined && outer !== this && this.pool === undefined) {
      this.outerWorker = outer;
      this.outerCarried = outer.carriedCount;
    }
    return outer;
  }

  private putDown(): void {
    if (this.message !== undefined) {
      this.message = undefined;
      this.context = undefined;
    }
    if (this.outerWorker !== undefined) this.outerWorker = undefined;
    this.host = undefined;
    this.carriedCount += 1;
  }

  private goesOn(promise: Promise<unknown> | undefined): boolean {
    if (promise === undefined) return false;
    this.awaits(promise);
    return true;
  }

  private awaits(promise: Promise<unknown>): void {
    try {
      promise.then(this.returned, this.threw);
    } catch {
      // It looks like a promise to every quick test, and is none: one behind a proxy.
      adopted(promise).then(this.returned, this.threw);
    }
  }

  /** @returns the promise to wait for, if any */
  private deliver(delivery: Delivery, listening: Listening): Promise<unknown> | undefined {
    this.listening = listening;
    this.startedAt = listening.reportsStatus ? delivery.host.clock.monotonicNow() : undefined;
    let result: unknown;
    try {
      result = isObserved(channels.deliver)
        ? this.traced(delivery, listening)
        : this.call(delivery, listening);
    } catch (error) {
      this.failed(error);
      return undefined;
    }
    return result instanceof Promise ? result : this.conclude(result);
  }

  private traced(delivery: Delivery, listening: Listening): unknown {
    const { message, moment } = delivery;
    const trace = {
      message,
      destinationName: moment.destinationName,
      listenerName: listening.name,
    };
    return traced(channels.deliver, trace, () => this.call(delivery, listening));
  }

  /** @returns what the listener returned; a promise only as one that can be waited for */
  private call(delivery: Delivery, listening: Listening): unknown {
    const { host } = delivery;
    const isUnseen = listening.isSynchronous || (listening.isLeaf && !host.followsListeners);
    if (!isUnseen) return this.callFollowed(delivery, listening);
    const { receive } = listening;
    const result = receive(delivery.message, delivery.context);
    const promise = promiseOf(result);
    if (promise === undefined) return result;
    this.goesOnUnseen(host, listening);
    return promise;
  }

  private goesOnUnseen(host: DeliveryHost, listening: Listening): void {
    if (listening.isSynchronous) listening.goesOnAfterAll();
    this.goingOn = "unseen";
    host.unseenCount += 1;
  }

  private callFollowed(delivery: Delivery, listening: Listening): unknown {
    let promise: Promise<unknown> | undefined;
    try {
      const result = receiveFollowed(this, delivery, listening);
      promise = promiseOf(result);
      return promise ?? result;
    } finally {
      if (promise === undefined) {
        listening.returnedPlainly();
        hasEnded(listening.isSynchronous);
      } else {
        this.hasSentLater = false;
        this.goingOn = "followed";
      }
    }
  }

  /** Sends the listener's value to whoever asked for it. @returns the promise to wait for, if any */
  private reply(delivery: Delivery, value: unknown): Promise<unknown> | undefined {
    if (value === undefined) return undefined;
    return delivery.host.replied(delivery.message, value)?.then(() => undefined);
  }

  /** What a listener has returned, now or in the end. @returns the promise to wait for, if any */
  private conclude(value: unknown): Promise<unknown> | undefined {
    let sending: Promise<unknown> | undefined;
    try {
      sending = this.reply(this.delivery as Delivery, value);
    } catch (error) {
      this.failed(error);
      return undefined;
    }
    if (sending === undefined) this.succeeded();
    return sending;
  }

  private readonly returned = (value: unknown): void => {
    this.settled();
    if (this.delivery === undefined && value === undefined) return this.sent();
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
    const message = this.message as Message;
    const { listenings } = Message.momentOf(message);
    (listenings[this.next] as Listening).deliveredCount += 1;
    this.goOn(this.callFrom(message, this.context as DeliveryContext, this.next + 1));
  };

  private readonly threw = (error: unknown): void => {
    this.settled();
    this.keepMore();
    const outer = enter(this);
    try {
      this.failed(error);
    } finally {
      leave(outer);
    }
    this.goOn(this.run());
  };

  private succeeded(): void {
    (this.delivery as Delivery).listenerSucceeded(this.listening as Listening, this.startedAt);
  }

  private failed(error: unknown): void {
    (this.delivery as Delivery).listenerFailed(this.listening as Listening, error, this.startedAt);
  }

  private settled(): void {
    if (this.goingOn === "followed") {
      const listening = this.listening as Listening;
      listening.wentOn(this.hasSentLater);
      hasEnded(listening.isLeaf);
    }
    if (this.goingOn === "unseen") (this.host as DeliveryHost).unseenCount -= 1;
    this.goingOn = undefined;
  }

  private goOn(isDone: boolean): void {
    if (isDone) this.onFree?.(this);
  }
}

const intrinsicThen = Promise.prototype.then;

/**
 * The promise that a listener returned. What is no promise, or has a `then` or a class of its own, is adopted by one that
 * settles once, and later.
 */
function promiseOf(result: unknown): Promise<unknown> | undefined {
  if (result === undefined || result === null) return undefined;
  if (typeof result !== "object" && typeof result !== "function") return undefined;
  const then: unknown = (result as { then?: unknown }).then;
  if (typeof then !== "function") return undefined;
  const isPlain =
    then === intrinsicThen && result instanceof Promise && result.constructor === Promise;
  return isPlain ? result : adopted(result);
}

function adopted(thenable: unknown): Promise<unknown> {
  return new Promise((resolve) => {
    resolve(thenable);
  });
}
