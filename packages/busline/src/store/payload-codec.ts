/** How payloads become bytes, and come back as what they were. */
export interface PayloadCodec {
  /**
   * What a message's payload is stored as.
   *
   * Throws if it cannot be stored, in words that say which part of it; the sender gets that as the `cause` of an
   * `InvalidMessageError`.
   */
  encode(payload: unknown): Uint8Array;
  /** The payload again. Only ever given what `encode` made, also in earlier runs of the program. */
  decode(bytes: Uint8Array): unknown;
}
