import type { MessageListenerObject } from "../listener/message-listener.ts";
import type { MessageListenerContext } from "../listener/message-listener-context.ts";
import type { Message } from "../message/message.ts";
import { Arrivals } from "./arrivals.ts";

interface Held<Payload, Reply> {
  readonly message: Message<Payload>;
  readonly resolve: (reply: Reply | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/** A listener that keeps every message running until a test lets it end. */
export class GateListener<Payload = unknown, Reply = unknown> implements MessageListenerObject<
  Payload,
  Reply
> {
  readonly #arrivals = new Arrivals();
  readonly #held: Held<Payload, Reply>[] = [];
  #isOpen = false;

  /** The contexts that it was given, in the order of the messages' coming. */
  readonly contexts: MessageListenerContext<Reply>[] = [];

  /** The messages that it keeps running now, the oldest first. */
  get held(): readonly Message<Payload>[] {
    return this.#held.map(({ message }) => message);
  }

  receive(
    message: Message<Payload>,
    context: MessageListenerContext<Reply>,
  ): Promise<Reply | undefined> {
    this.contexts.push(context);
    const ending = new Promise<Reply | undefined>((resolve, reject) => {
      this.#held.push({ message, resolve, reject });
    });
    if (this.#isOpen) this.release();
    this.#arrivals.add();
    return ending;
  }

  /** Resolves as soon as so many messages have come in all. */
  entered(count: number): Promise<void> {
    return this.#arrivals.reached(count);
  }

  /** Lets the oldest end, with a reply if one is given. @returns false if none is running */
  release(reply?: Reply): boolean {
    const held = this.#held.shift();
    held?.resolve(reply);
    return held !== undefined;
  }

  /** Lets the oldest fail. @returns false if none is running */
  fail(error: unknown): boolean {
    const held = this.#held.shift();
    held?.reject(error);
    return held !== undefined;
  }

  /** Lets all end, and from now on every message at once. */
  open(): void {
    this.#isOpen = true;
    while (this.release());
  }
}
