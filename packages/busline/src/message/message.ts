import type { Delivery } from "../worker/delivery.ts";
import type { DeliveryContext } from "../worker/delivery-context.ts";
import { type Headers, NO_HEADERS } from "./headers.ts";
import type { MessageExtras } from "./message-extras.ts";
import type { SendMoment } from "./send-moment.ts";

/**
 * How far a message has come: not taken in; `waiting` for its first listener to begin; begun, or shared by several
 * workers, with what they keep of it; `ended`; or it goes on as another message, with another payload or elsewhere.
 */
export type MessageProgress =
  | undefined
  | "waiting"
  | DeliveryContext
  | Delivery
  | "ended"
  | Message;

/**
 * What travels: a payload in its envelope. No field of the envelope can be assigned; the payload is passed by reference
 * inside one thread.
 */
export class Message<Payload = unknown> {
  readonly #payload: Payload;
  #moment: SendMoment;
  readonly #extras: MessageExtras;
  // Made when somebody asks: most messages are never asked.
  #id: string | undefined;
  #progress: MessageProgress;

  /** @internal Made by `send` and `request`, or when it is delivered, if nobody needs it before. */
  constructor(payload: Payload, moment: SendMoment, extras: MessageExtras, id?: string) {
    this.#payload = payload;
    this.#moment = moment;
    this.#extras = extras;
    this.#id = id;
  }

  /** What the sender sent, or what the destination's schema made of it. */
  get payload(): Payload {
    return this.#payload;
  }

  /** The destination that delivers the message. */
  get destinationName(): string {
    return this.#moment.destinationName;
  }

  /** When it was sent: milliseconds since the epoch, by the bus's clock. */
  get sentAt(): number {
    return this.#moment.sentAt;
  }

  /** The sender's own id, or one that is unique over all processes. */
  get id(): string {
    this.#id ??= this.#moment.ids.next();
    return this.#id;
  }

  /** Texts by name; empty where the sender gave none. */
  get headers(): Headers {
    const { headers } = this.#extras;
    return headers === NO_HEADERS ? headers : Object.freeze(headers);
  }

  /** The sender's ordering key. */
  get key(): string | undefined {
    return this.#extras.key;
  }

  /** The sender's priority: higher goes first, where the destination knows priorities. */
  get priority(): number | undefined {
    return this.#extras.priority;
  }

  /** Where a reply is to be sent. */
  get responseDestinationName(): string | undefined {
    return this.#extras.responseDestinationName;
  }

  /** What a reply must carry as its own `responseId` so that it finds its request. */
  get responseId(): string | undefined {
    return this.#extras.responseId;
  }

  /** @internal The same message on its way to another destination, or with another payload, or with more to be kept. */
  static resent(
    message: Message,
    moment: SendMoment,
    payload: unknown,
    extras: MessageExtras = message.#extras,
  ): Message {
    const other = new Message(payload, moment, extras, message.id);
    message.#progress = other;
    return other;
  }

  /** @internal */
  static momentOf(message: Message): SendMoment {
    return message.#moment;
  }

  /** @internal */
  static setMoment(message: Message, moment: SendMoment): void {
    message.#moment = moment;
  }

  /** @internal */
  static extrasOf(message: Message): MessageExtras {
    return message.#extras;
  }

  /** @internal */
  static progressOf(message: Message): MessageProgress {
    return message.#progress;
  }

  /** @internal Whether it has been taken in and has not ended, as itself or as what it goes on as. */
  static isGoingOn(message: Message): boolean {
    let last = message;
    while (last.#progress instanceof Message) last = last.#progress;
    return last.#progress !== undefined && last.#progress !== "ended";
  }

  /** @internal */
  static setProgress(message: Message, progress: MessageProgress): void {
    message.#progress = progress;
  }

  /** All fields as plain data, for logs and JSON. */
  toJSON(): Record<string, unknown> {
    return {
      id: this.id,
      destinationName: this.destinationName,
      sentAt: this.sentAt,
      headers: this.headers,
      key: this.key,
      priority: this.priority,
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
