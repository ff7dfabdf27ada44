import type { MessageListenerObject } from "../listener/message-listener.ts";
import type { Message } from "../message/message.ts";
import { Arrivals } from "./arrivals.ts";

/** A listener that keeps what it receives, and lets a test wait until there is enough: never for a time. */
export class Recorder<Payload = unknown> implements MessageListenerObject<Payload> {
  readonly #arrivals = new Arrivals();
  readonly #messages: Message<Payload>[] = [];

  /** All messages so far, in the order of their coming. */
  get messages(): readonly Message<Payload>[] {
    return this.#messages;
  }

  /** Their payloads. */
  get payloads(): readonly Payload[] {
    return this.#messages.map((message) => message.payload);
  }

  receive(message: Message<Payload>): void {
    this.#messages.push(message);
    this.#arrivals.add();
  }

  /** Resolves to the payloads as soon as there are at least so many. */
  async count(count: number): Promise<readonly Payload[]> {
    await this.#arrivals.reached(count);
    return this.payloads;
  }
}
