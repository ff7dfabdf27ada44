import type { PayloadCodec } from "busline";
import { PayloadWalk } from "./payload-walk.ts";
import { parseRich, stringifyRich } from "./rich-json.ts";

/** The first byte tells how the rest is to be read. */
const PLAIN = 1;
const RICH = 2;
/** Where nothing else is said. */
const MOST_BYTES = 256 * 1_048_576;

/** What `jsonCodec` returns. */
export class JsonCodec implements PayloadCodec {
  readonly #mostBytes: number;

  constructor(mostBytes: number = MOST_BYTES) {
    this.#mostBytes = mostBytes;
  }

  encode(payload: unknown): Uint8Array {
    const walk = new PayloadWalk(this.#mostBytes);
    walk.run(payload);
    const text = walk.isRich ? stringifyRich(payload) : JSON.stringify(payload);
    const bytes = Buffer.allocUnsafe(1 + Buffer.byteLength(text));
    bytes[0] = walk.isRich ? RICH : PLAIN;
    bytes.write(text, 1);
    return bytes;
  }

  decode(bytes: Uint8Array): unknown {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8", 1);
    if (bytes[0] === PLAIN) return JSON.parse(text);
    if (bytes[0] === RICH) return parseRich(text);
    throw new Error(`a payload is of a form that is not known here, ${bytes[0]}`);
  }
}

/**
 * Payloads as JSON, and what JSON has no words for with notes: dates, maps, sets, bigints, bytes, errors, `undefined`, the
 * numbers that are none, URLs and regular expressions. Everything else is refused: functions, symbols, instances of other
 * classes, what is inside of itself.
 */
export function jsonCodec(): PayloadCodec {
  return new JsonCodec();
}
