import { randomUUID } from "node:crypto";

/**
 * The source of message ids: 122 random bits once per bus, then a counter. Unique over processes, short to make, and
 * ordered within a bus by the moment at which each was first asked for.
 */
export class MessageIds {
  #prefix: string | undefined;
  #count = 0;

  /** One that cannot be guessed from any other: 122 random bits. */
  secret(): string {
    return randomUUID();
  }

  next(): string {
    this.#prefix ??= randomUUID();
    this.#count += 1;
    return `${this.#prefix}-${this.#count.toString(36)}`;
  }
}
