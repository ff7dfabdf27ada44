import type { Destination } from "../destination/destination.ts";
import type { MessageListenerContext } from "../listener/message-listener-context.ts";
import { Message } from "../message/message.ts";

/** What all listeners of one message are given beside it. */
export class DeliveryContext implements MessageListenerContext {
  readonly #message: Message;
  #controller: AbortController | undefined;

  constructor(message: Message) {
    this.#message = message;
    this.#controller = undefined;
  }

  // Made when somebody asks: a signal costs more than the rest of the delivery.
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    return this.#controller.signal;
  }

  get attempt(): number {
    return 1;
  }

  get destination(): Destination {
    return Message.momentOf(this.#message).host.handle;
  }

  reply(value: unknown): void {
    const { host } = Message.momentOf(this.#message);
    const sent = host.replied(this.#message, value);
    // The listener does not wait for its reply's journey; whoever the failure concerns is told by the destination.
    sent?.catch((error: unknown) => host.replyFailed(this.#message, error));
  }

  /** @internal */
  static messageOf(context: DeliveryContext): Message {
    return context.#message;
  }

  /** @internal Aborts the signal. */
  static interrupt(context: DeliveryContext, reason: unknown): void {
    context.#controller ??= new AbortController();
    context.#controller.abort(reason);
  }
}
