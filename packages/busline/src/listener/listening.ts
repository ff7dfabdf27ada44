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

/** One listener's registration at one destination, with its share of the statistics. */
export class Listening {
  readonly listener: MessageListener;
  readonly name: string;
  readonly reportsStatus: boolean;
  readonly isInternal: boolean;
  /** False as soon as it is unregistered: asked at the listener's own turn. */
  isRegistered = true;
  /** Whether its code may go on after it has returned. Assumed until it has once returned something plain. */
  mayGoOn = true;
  deliveredCount = 0;
  failedCount = 0;
  readonly #isAsyncFunction: boolean;
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
    this.#isAsyncFunction =
      (typeof listener === "function" ? listener : listener.receive) instanceof AsyncFunction;
  }

  /** Hands it a message. May throw, and may return anything. */
  receive(message: Message, context: MessageListenerContext): unknown {
    return this.#receive(message, context);
  }

  /** Learns from what it has returned. */
  returned(isPromise: boolean): void {
    this.mayGoOn = isPromise || this.#isAsyncFunction;
  }

  statistics(): ListenerStatistics {
    return Object.freeze({
      name: this.name,
      deliveredCount: this.deliveredCount,
      failedCount: this.failedCount,
    });
  }
}
