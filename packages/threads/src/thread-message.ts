import type { Message } from "busline";
import type { DeliverOrder } from "./crossing.ts";

/** A message as a listener in a thread has it: the same fields, as little to be changed. */
export class ThreadMessage {
  readonly #order: DeliverOrder;
  #headers: Message["headers"] | undefined;

  constructor(order: DeliverOrder) {
    this.#order = order;
  }

  get id(): string {
    return this.#order[5];
  }

  get destinationName(): string {
    return this.#order[6];
  }

  get sentAt(): number {
    return this.#order[7];
  }

  get payload(): unknown {
    return this.#order[8];
  }

  get headers(): Message["headers"] {
    this.#headers ??= headersOf(this.#order[9]);
    return this.#headers;
  }

  get key(): string | undefined {
    return this.#order[10];
  }

  get priority(): number | undefined {
    return this.#order[11];
  }

  get responseDestinationName(): string | undefined {
    return this.#order[12];
  }

  get responseId(): string | undefined {
    return this.#order[13];
  }

  toJSON(): object {
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
}

/** As on the other side: frozen, and with nothing but the headers. */
function headersOf(given: Readonly<Record<string, string>> | undefined): Message["headers"] {
  return Object.freeze(Object.assign(Object.create(null) as Record<string, string>, given));
}
