import type { ListenerStatistics } from "../statistics/destination-statistics.ts";
import type { CheckedListenOptions } from "./listen-options.ts";
import {
  type MessageListener,
  type MessageListenerFunction,
  nameOfListener,
} from "./message-listener.ts";

/** After so many runs it is known how a listener runs. */
const ENOUGH = 1_000;

/** One listener's registration at one destination, with its share of the statistics. */
export class Listening {
  readonly listener: MessageListener;
  readonly name: string;
  readonly reportsStatus: boolean;
  readonly isInternal: boolean;
  /** Hands it a message. May throw, and may return anything. To be called as a function, not as a method. */
  receive: MessageListenerFunction;
  /** False as soon as it is unregistered: asked at the listener's own turn. */
  isRegistered = true;
  /** It has often returned something plain, and never a promise. */
  isSynchronous = false;
  private wasSynchronous = false;
  /** It has often gone on after its return, or is too busy: it is followed only where that must be. */
  isFree = false;
  /** Its time is limited. */
  private isTimed = false;
  /** Whether its call is all that its turn takes: it is registered, reports nothing, and need not be followed. */
  isPlain = false;
  deliveredCount = 0;
  failedCount = 0;
  #hasGoneOn = false;
  /** How often it has run since it first went on. */
  #runCount = 0;
  readonly #judged: () => void;

  /** @param judged called when it has become plain or synchronous, or is so no more */
  constructor(
    listener: MessageListener,
    receive: MessageListenerFunction,
    options: CheckedListenOptions,
    position: number,
    judged: () => void,
  ) {
    this.#judged = judged;
    this.receive = receive;
    this.listener = listener;
    this.name = options.name ?? nameOfListener(listener, position);
    this.reportsStatus = options.reportsStatus;
    this.isInternal = options.isInternal === true;
  }

  /**
   * From now on it runs somewhere else, and what is known of it holds no more.
   *
   * @param isElsewhere it cannot send anything from there: it need not be followed
   */
  moveTo(receive: MessageListenerFunction, isElsewhere: boolean): void {
    this.receive = receive;
    this.#hasGoneOn = false;
    this.#runCount = 0;
    this.isSynchronous = false;
    this.isFree = isElsewhere;
    this.#judge();
  }

  limitTime(isTimed: boolean): void {
    this.isTimed = isTimed;
    this.#judge();
  }

  /** It is not called any more. */
  unregister(): void {
    this.isRegistered = false;
    this.isPlain = false;
  }

  /** It has returned something plain. */
  returnedPlainly(): void {
    this.#runCount += 1;
    if (this.#runCount === ENOUGH) this.isSynchronous = !this.#hasGoneOn;
    this.#judge();
  }

  /** To follow it would make everything slower, where that matters. */
  runsFree(): void {
    this.isFree = true;
    this.#judge();
  }

  /** It was taken for synchronous, and has returned a promise. */
  goesOnAfterAll(): void {
    this.#hasGoneOn = true;
    this.#runCount = 0;
    this.isSynchronous = false;
    this.#judge();
  }

  /** It has gone on after its return, and has ended. */
  wentOn(): void {
    if (!this.#hasGoneOn) this.goesOnAfterAll();
    this.#runCount += 1;
    this.isFree ||= this.#runCount >= ENOUGH;
    this.#judge();
  }

  #judge(): void {
    const { isPlain: wasPlain, wasSynchronous } = this;
    const isWatched = this.reportsStatus || this.isTimed;
    this.isPlain = this.isRegistered && !isWatched && (this.isSynchronous || this.isFree);
    this.wasSynchronous = this.isSynchronous;
    if (this.isPlain !== wasPlain || this.isSynchronous !== wasSynchronous) this.#judged();
  }

  statistics(): ListenerStatistics {
    return Object.freeze({
      name: this.name,
      deliveredCount: this.deliveredCount,
      failedCount: this.failedCount,
    });
  }
}
