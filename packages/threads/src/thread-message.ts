import type { Message } from "busline";
import type { DeliverOrder } from "./crossing.ts";

const NO_HEADERS: Readonly<Record<string, string>> = Object.freeze(
  Object.create(null) as Record<string, string>,
);

/** A message as a listener in a thread has it: the same fields, as little to be changed. */
export class ThreadMessage {
  readonly #order: DeliverOrder;

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
    return this.#order[9] ?? NO_HEADERS;
  }

  get key(): string | undefined {
    return this.#order[10];
  }

  get responseDestinationName(): string | undefined {
    return this.#order[11];
  }

  get responseId(): string | undefined {
    return this.#order[12];
  }

  toJSON(): object {
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
}
