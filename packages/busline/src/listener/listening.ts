import type { Message } from "../message/message.ts";
import type { ListenerStatistics } from "../statistics/destination-statistics.ts";
import type { CheckedListenOptions } from "./listen-options.ts";
import {
  type MessageListener,
  type MessageListenerFunction,
  nameOfListener,
} from "./message-listener.ts";
import type { MessageListenerContext } from "./message-listener-context.ts";

const AsyncFunction = (async () => {}).constructor;

/** After so many plain returns, and no promise ever, a listener is taken for a synchronous one. */
const ENOUGH_PLAIN_RETURNS = 1_000;

/** One listener's registration at one destination, with its share of the statistics. */
export class Listening {
  readonly listener: MessageListener;
  readonly name: string;
  readonly reportsStatus: boolean;
  readonly isInternal: boolean;
  /** False as soon as it is unregistered: asked at the listener's own turn. */
  isRegistered = true;
  /** Whether its code may go on after it has returned: assumed until it has often returned something plain. */
  mayGoOn = true;
  deliveredCount = 0;
  failedCount = 0;
  #plainReturns: number;
  readonly #receive: MessageListenerFunction;

  constructor(listener: MessageListener, options: CheckedListenOptions, position: number) {
    this.listener = listener;
    this.name = options.name ?? nameOfListener(listener, position);
    this.reportsStatus = options.reportsStatus;
    this.isInternal = options.isInternal === true;
    this.#receive =
      typeof listener === "function"
        ? listener
        : (message, context) => listener.receive(message, context);
    const method = typeof listener === "function" ? listener : listener.receive;
    this.#plainReturns = method instanceof AsyncFunction ? -Infinity : 0;
  }

  /** Hands it a message. May throw, and may return anything. */
  receive(message: Message, context: MessageListenerContext): unknown {
    return this.#receive(message, context);
  }

  /** Learns from what it has returned. A promise is never forgotten. */
  returned(isPromise: boolean): void {
    if (isPromise) {
      this.mayGoOn = true;
      this.#plainReturns = -Infinity;
    } else {
      this.#plainReturns += 1;
      this.mayGoOn = this.#plainReturns < ENOUGH_PLAIN_RETURNS;
    }
  }

  statistics(): ListenerStatistics {
    return Object.freeze({
      name: this.name,
      deliveredCount: this.deliveredCount,
      failedCount: this.failedCount,
    });
  }
}
