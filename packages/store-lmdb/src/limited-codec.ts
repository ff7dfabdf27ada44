import type { PayloadCodec } from "busline";

/** A codec whose messages may not be of any size. */
export class LimitedCodec implements PayloadCodec {
  readonly #codec: PayloadCodec;
  readonly #mostBytes: number;

  constructor(codec: PayloadCodec, mostBytes: number) {
    this.#codec = codec;
    this.#mostBytes = mostBytes;
  }

  encode(payload: unknown): Uint8Array {
    const bytes = this.#codec.encode(payload);
    if (!(bytes instanceof Uint8Array))
      throw new Error("the codec has not made a Uint8Array of it");
    if (bytes.length <= this.#mostBytes) return bytes;
    throw new RangeError(
      `payload becomes ${bytes.length} bytes, and maximumMessageBytes is ${this.#mostBytes}`,
    );
  }

  decode(bytes: Uint8Array): unknown {
    return this.#codec.decode(bytes);
  }
}
