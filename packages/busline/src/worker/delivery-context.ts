import type { Destination } from "../destination/destination.ts";
import { DeadLetterError } from "../errors/dead-letter-error.ts";
import { ListenerTimeoutError } from "../errors/listener-timeout-error.ts";
import { Message } from "../message/message.ts";
import type { PlacedContext } from "./worker-placement.ts";

/** What all listeners of one message are given beside it. */
export class DeliveryContext implements PlacedContext {
  readonly #message: Message;
  /** Who is to be told of an interruption. */
  #told: AbortController | ((reason: unknown) => void)[] | undefined;

  /** Kept when the message goes on to its next attempt. */
  #attempt: number | undefined;

  constructor(message: Message) {
    this.#message = message;
  }

  // Made when somebody asks: a signal costs more than the rest of the delivery.
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** @internal */
  whenInterrupted(callback: (reason: unknown) => void): void {
    if (this.#told instanceof AbortController) tell(callback, this.#told.signal);
    else if (this.#told === undefined) this.#told = [callback];
    else this.#told.push(callback);
  }

  get #controller(): AbortController {
    const told = this.#told;
    if (told instanceof AbortController) return told;
    const controller = new AbortController();
    for (const callback of told ?? []) tell(callback, controller.signal);
    this.#told = controller;
    return controller;
  }

  get attempt(): number {
    return this.#attempt ?? Message.momentOf(this.#message).attempt?.number ?? 1;
  }

  deadLetter(reason: string): never {
    throw new DeadLetterError(Message.momentOf(this.#message).destinationName, reason);
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

  /** @internal The message goes on to its next attempt without it. */
  static keepAttempt(context: DeliveryContext): void {
    context.#attempt = context.attempt;
  }

  /** @internal Whether nobody waits for the end any more: the signal has been aborted, and not since a listener took too long. */
  static isGivenUp(context: DeliveryContext): boolean {
    const told = context.#told;
    if (!(told instanceof AbortController) || !told.signal.aborted) return false;
    return !(told.signal.reason instanceof ListenerTimeoutError);
  }

  /** @internal Aborts the signal. */
  static interrupt(context: DeliveryContext, reason: unknown): void {
    const told = context.#told;
    if (Array.isArray(told)) {
      context.#told = undefined;
      for (const callback of told) callback(reason);
    }
    context.#controller.abort(reason);
  }
}

function tell(callback: (reason: unknown) => void, signal: AbortSignal): void {
  if (signal.aborted) callback(signal.reason);
  else signal.addEventListener("abort", () => callback(signal.reason), { once: true });
}
