import type { Message } from "busline";
import type { DeliverOrder } from "./crossing.ts";

/** A message as a listener in a thread has it: the same fields, as little to be changed. */
export class ThreadMessage {
  readonly #order: DeliverOrder;
  readonly #destinationName: string;
  #headers: Message["headers"] | undefined;

  constructor(order: DeliverOrder, destinationName: string) {
    this.#order = order;
    this.#destinationName = destinationName;
  }

  get id(): string {
    return this.#order[4];
  }

  get destinationName(): string {
    return this.#destinationName;
  }

  get sentAt(): number {
    return this.#order[5];
  }

  get payload(): unknown {
    return this.#order[6];
  }

  get headers(): Message["headers"] {
    this.#headers ??= headersOf(this.#order[10]);
    return this.#headers;
  }

  get key(): string | undefined {
    return this.#order[11];
  }

  get priority(): number | undefined {
    return this.#order[12];
  }

  get responseDestinationName(): string | undefined {
    return this.#order[7];
  }

  get responseId(): string | undefined {
    return this.#order[8];
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
