/**
 * The source of message ids: 122 random bits once per bus, then a counter. Unique over processes, short to make, and
 * ordered within a bus by the moment at which each was first asked for.
 */
export class MessageIds {
  // Made by the global `crypto`, which Node loads when it is first used: to import it would double the time of the start.
  #prefix: string | undefined;
  #count = 0;

  /** One that cannot be guessed from any other: 122 random bits. */
  secret(): string {
    return crypto.randomUUID();
  }

  next(): string {
    this.#prefix ??= crypto.randomUUID();
    this.#count += 1;
    return `${this.#prefix}-${this.#count.toString(36)}`;
  }
}
