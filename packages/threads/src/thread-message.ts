import type { Message } from "busline";
import type { CarriedMessage } from "./crossing.ts";

/** A message as a listener in a thread has it: the same fields, as little to be changed. */
export class ThreadMessage {
  readonly #carried: CarriedMessage;

  constructor(carried: CarriedMessage) {
    this.#carried = carried;
  }

  get id(): string {
    return this.#carried.id;
  }

  get destinationName(): string {
    return this.#carried.destinationName;
  }

  get payload(): unknown {
    return this.#carried.payload;
  }

  get headers(): Message["headers"] {
    return this.#carried.headers;
  }

  get sentAt(): number {
    return this.#carried.sentAt;
  }

  get key(): string | undefined {
    return this.#carried.key;
  }

  get responseDestinationName(): string | undefined {
    return this.#carried.responseDestinationName;
  }

  get responseId(): string | undefined {
    return this.#carried.responseId;
  }

  toJSON(): CarriedMessage {
    return { ...this.#carried };
  }
}
