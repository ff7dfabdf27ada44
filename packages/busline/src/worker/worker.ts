import { isPromise } from "node:util/types";
import { channels, isObserved, traced } from "../diagnostics/channels.ts";
import type { Listening } from "../listener/listening.ts";
import type { Delivery } from "./delivery.ts";
import { enter, hasEnded, leave, receiveInContext } from "./running-worker.ts";
import type { WorkerPool } from "./worker-pool.ts";

/**
 * Carries messages to listeners, one at a time: calls the listener, waits for its promise if it returns one, and tells
 * the delivery how it ended. A synchronous listener costs no promise and no closure.
 */
export class Worker {
  /** Whose worker it is; undefined for a sender that runs listeners in its own turn. */
  readonly pool: WorkerPool | undefined;
  /** What it carries. */
  delivery: Delivery | undefined;
  /** Changes whenever it takes up or puts down a delivery. */
  carriedCount = 0;
  /** Called when a delivery that `carry` could not finish at once has been finished. */
  onFree: ((worker: Worker) => void) | undefined;
  #outer: Worker | undefined;
  #outerCarried = 0;
  #next = 0;
  #end = 0;
  #listening: Listening | undefined;
  #startedAt: number | undefined;
  /** How its listener goes on: in async context; or unseen, since it never went on before. */
  #goingOn: "in-context" | "unseen" | undefined;

  constructor(pool: WorkerPool | undefined) {
    this.pool = pool;
  }

  /** The worker in whose listener this sender's turn happens, as long as that listener has not ended. */
  get outer(): Worker | undefined {
    return this.#outer?.carriedCount === this.#outerCarried ? this.#outer : undefined;
  }

  /** This sender's turn happens in a listener of another worker. */
  isWithin(outer: Worker | undefined): void {
    this.#outer = outer;
    this.#outerCarried = outer?.carriedCount ?? 0;
  }

  /**
   * Carries a message to its listeners from number `from` to number `end`, one after another.
   *
   * @returns true if all have ended; false if one goes on, and `onFree` is called later
   */
  carry(delivery: Delivery, from: number, end: number): boolean {
    this.delivery = delivery;
    this.carriedCount += 1;
    this.#next = from;
    this.#end = end;
    return delivery.scope === undefined
      ? this.#run()
      : delivery.scope.runInAsyncScope(this.#run, this);
  }

  #run(): boolean {
    const delivery = this.delivery as Delivery;
    const outer = enter(this);
    try {
      while (this.#next < this.#end) {
        const listening = delivery.listenings[this.#next] as Listening;
        this.#next += 1;
        if (!listening.isRegistered || delivery.isInterrupted) {
          delivery.listenersSkipped(1, delivery.isInterrupted);
          continue;
        }
        const goingOn = this.#deliver(delivery, listening);
        if (goingOn !== undefined) {
          goingOn.then(this.#returned, this.#threw);
          return false;
        }
      }
      this.delivery = undefined;
      this.carriedCount += 1;
      return true;
    } finally {
      leave(outer);
    }
  }

  /** @returns the promise to wait for, if any */
  #deliver(delivery: Delivery, listening: Listening): Promise<unknown> | undefined {
    this.#listening = listening;
    this.#startedAt = listening.reportsStatus ? delivery.host.clock.monotonicNow() : undefined;
    let result: unknown;
    try {
      result = isObserved(channels.deliver)
        ? traced(
            channels.deliver,
            {
              message: delivery.message,
              destinationName: delivery.message.destinationName,
              listenerName: listening.name,
            },
            () => this.#call(delivery, listening),
          )
        : this.#call(delivery, listening);
    } catch (error) {
      this.#failed(error);
      return undefined;
    }
    return result instanceof Promise ? result : this.#conclude(result);
  }

  #call(delivery: Delivery, listening: Listening): unknown {
    const mayGoOn = listening.mayGoOn;
    let promise: Promise<unknown> | undefined;
    try {
      const result = mayGoOn
        ? receiveInContext(this, delivery, listening)
        : listening.receive(delivery.message, delivery.context);
      promise = promiseOf(result);
      return promise ?? result;
    } finally {
      if (mayGoOn || promise !== undefined) listening.returned(promise !== undefined);
      if (promise === undefined) {
        if (mayGoOn) hasEnded(!listening.mayGoOn);
      } else if (mayGoOn) {
        this.#goingOn = "in-context";
      } else {
        this.#goingOn = "unseen";
        delivery.host.goesOnUnseen(1);
      }
    }
  }

  /** Sends the listener's value to whoever asked for it. @returns the promise to wait for, if any */
  #reply(delivery: Delivery, value: unknown): Promise<unknown> | undefined {
    if (value === undefined) return undefined;
    return delivery.host.replied(delivery, value)?.then(() => undefined);
  }

  /** What a listener has returned, now or in the end. @returns the promise to wait for, if any */
  #conclude(value: unknown): Promise<unknown> | undefined {
    let sending: Promise<unknown> | undefined;
    try {
      sending = this.#reply(this.delivery as Delivery, value);
    } catch (error) {
      this.#failed(error);
      return undefined;
    }
    if (sending === undefined) this.#succeeded();
    return sending;
  }

  readonly #returned = (value: unknown): void => {
    this.#settled();
    const outer = enter(this);
    let sending: Promise<unknown> | undefined;
    try {
      sending = this.#conclude(value);
    } finally {
      leave(outer);
    }
    if (sending === undefined) this.#goOn();
    else sending.then(this.#returned, this.#threw);
  };

  readonly #threw = (error: unknown): void => {
    this.#settled();
    const outer = enter(this);
    try {
      this.#failed(error);
    } finally {
      leave(outer);
    }
    this.#goOn();
  };

  #succeeded(): void {
    (this.delivery as Delivery).listenerSucceeded(this.#listening as Listening, this.#startedAt);
  }

  #failed(error: unknown): void {
    (this.delivery as Delivery).listenerFailed(
      this.#listening as Listening,
      error,
      this.#startedAt,
    );
  }

  #settled(): void {
    if (this.#goingOn === "in-context") hasEnded(false);
    if (this.#goingOn === "unseen") (this.delivery as Delivery).host.goesOnUnseen(-1);
    this.#goingOn = undefined;
  }

  #goOn(): void {
    if (this.#run()) this.onFree?.(this);
  }
}

const intrinsicThen = Promise.prototype.then;

/**
 * The promise that a listener returned. What is not a real one, or has a `then` or a class of its own, is adopted by
 * one that settles once, and later.
 */
function promiseOf(result: unknown): Promise<unknown> | undefined {
  if (result === undefined || result === null) return undefined;
  if (typeof result !== "object" && typeof result !== "function") return undefined;
  const then: unknown = (result as { then?: unknown }).then;
  if (typeof then !== "function") return undefined;
  if (then === intrinsicThen && isPromise(result) && result.constructor === Promise) return result;
  return new Promise((resolve) => {
    resolve(result);
  });
}
