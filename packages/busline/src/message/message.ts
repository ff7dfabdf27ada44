import { type Headers, NO_HEADERS } from "./headers.ts";
import type { MessageIds } from "./message-ids.ts";

/** The parts of an envelope that most messages go without. */
export interface MessageExtras {
  readonly headers: Headers;
  readonly key: string | undefined;
  readonly responseDestinationName: string | undefined;
  readonly responseId: string | undefined;
}

/** None of them. Every field is there: what is missing would be looked up on a prototype that others can change. */
export const NO_EXTRAS: MessageExtras = Object.freeze({
  headers: NO_HEADERS,
  key: undefined,
  responseDestinationName: undefined,
  responseId: undefined,
});

/**
 * What travels: a payload in its envelope. No field of the envelope can be assigned; the payload is passed by reference
 * inside one thread.
 */
export class Message<Payload = unknown> {
  readonly #payload: Payload;
  readonly #destinationName: string;
  readonly #sentAt: number;
  readonly #extras: MessageExtras;
  // The id, or the source of ids until somebody asks: most messages are never asked.
  #id: string | MessageIds;

  /** @internal Made by `send` and `request`. */
  constructor(
    payload: Payload,
    destinationName: string,
    sentAt: number,
    id: string | MessageIds,
    extras: MessageExtras,
  ) {
    this.#payload = payload;
    this.#destinationName = destinationName;
    this.#sentAt = sentAt;
    this.#id = id;
    this.#extras = extras;
  }

  /** What the sender sent, or what the destination's schema made of it. */
  get payload(): Payload {
    return this.#payload;
  }

  /** The destination that delivers the message. */
  get destinationName(): string {
    return this.#destinationName;
  }

  /** When it was sent: milliseconds since the epoch, by the bus's clock. */
  get sentAt(): number {
    return this.#sentAt;
  }

  /** The sender's own id, or one that is unique over all processes. */
  get id(): string {
    if (typeof this.#id !== "string") this.#id = this.#id.next();
    return this.#id;
  }

  /** Texts by name; empty where the sender gave none. */
  get headers(): Headers {
    return this.#extras.headers;
  }

  /** The sender's ordering key. */
  get key(): string | undefined {
    return this.#extras.key;
  }

  /** Where a reply is to be sent. */
  get responseDestinationName(): string | undefined {
    return this.#extras.responseDestinationName;
  }

  /** What a reply must carry as its own `responseId` so that it finds its request. */
  get responseId(): string | undefined {
    return this.#extras.responseId;
  }

  /** @internal The same message on its way to another destination. */
  static readdressed(message: Message, destinationName: string): Message {
    return new Message(
      message.#payload,
      destinationName,
      message.#sentAt,
      message.id,
      message.#extras,
    );
  }

  /** @internal The same message with what a schema has made of its payload. */
  static withPayload(message: Message, payload: unknown): Message {
    return new Message(
      payload,
      message.#destinationName,
      message.#sentAt,
      message.#id,
      message.#extras,
    );
  }

  /** All fields as plain data, for logs and JSON. */
  toJSON(): Record<string, unknown> {
    return {
      id: this.id,
      destinationName: this.destinationName,
      sentAt: this.sentAt,
      headers: this.headers,
      key: this.key,
      responseDestinationName: this.responseDestinationName,
      responseId: this.responseId,
      payload: this.payload,
    };
  }

  static {
    // What `console.log` and `util.inspect` call: private fields would not show.
    Object.defineProperty(this.prototype, Symbol.for("nodejs.util.inspect.custom"), {
      value(
        this: Message,
        depth: number,
        options: object,
        inspect: (value: unknown, options: object) => string,
      ) {
        const fields = Object.entries(this.toJSON()).filter(([, value]) => value !== undefined);
        return `Message ${inspect(Object.fromEntries(fields), { ...options, depth })}`;
      },
    });
  }
}
