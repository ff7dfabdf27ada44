const SECRET_BYTES = 16;
const POOL_BYTES = 128 * SECRET_BYTES;

/**
 * The source of message ids: 122 random bits once per bus, then a counter. Unique over processes, short to make, and
 * ordered within a bus by the moment at which each was first asked for.
 */
export class MessageIds {
  // Made by the global `crypto`, which Node loads when it is first used: to import it would double the time of the start.
  #prefix: string | undefined;
  #count = 0;
  /** Random bytes for many at once; those before `#usedBytes` have been used. */
  #randomBytes: Buffer | undefined;
  #usedBytes = POOL_BYTES;

  /** One that cannot be guessed from any other: 128 random bits. */
  secret(): string {
    // A random UUID takes twice as long, and three times that where it is then to be copied to a thread.
    this.#randomBytes ??= Buffer.alloc(POOL_BYTES);
    if (this.#usedBytes === POOL_BYTES) {
      crypto.getRandomValues(this.#randomBytes);
      this.#usedBytes = 0;
    }
    const from = this.#usedBytes;
    this.#usedBytes += SECRET_BYTES;
    return this.#randomBytes.toString("hex", from, this.#usedBytes);
  }

  next(): string {
    this.#prefix ??= crypto.randomUUID();
    this.#count += 1;
    return `${this.#prefix}-${this.#count.toString(36)}`;
  }
}
