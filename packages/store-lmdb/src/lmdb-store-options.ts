import { OptionReader, type PayloadCodec } from "busline";
import { JsonCodec } from "./json-codec.ts";
import { LimitedCodec } from "./limited-codec.ts";

/** How a store is. */
export interface LmdbStoreOptions {
  /** How payloads become bytes. Default: `jsonCodec()`. */
  readonly codec?: PayloadCodec;
  /** How many bytes a payload may become: a whole number of at least 1. Default: 1,048,576. */
  readonly maximumMessageBytes?: number;
  /**
   * What cannot be read at the end of the last log is set aside, and the store is opened without it, also where that may
   * have been acknowledged. Default: false, which refuses to open such a store.
   */
  readonly acceptTornTail?: boolean;
}

/** The same, checked and complete. */
export interface CheckedLmdbStoreOptions {
  readonly codec: PayloadCodec;
  readonly acceptTornTail: boolean;
}

const DEFAULT_MAXIMUM_MESSAGE_BYTES = 1_048_576;

/** @throws {InvalidConfigurationError} an option is not what is allowed */
export function readLmdbStoreOptions(
  options: LmdbStoreOptions | undefined,
): CheckedLmdbStoreOptions {
  const known = ["codec", "maximumMessageBytes", "acceptTornTail"];
  const read = new OptionReader("lmdbStore", options, known);
  const most = read.wholeNumber("maximumMessageBytes", 1) ?? DEFAULT_MAXIMUM_MESSAGE_BYTES;
  const given = read.objectWith<PayloadCodec>("codec", ["encode", "decode"]);
  return {
    codec: new LimitedCodec(given ?? new JsonCodec(most), most),
    acceptTornTail: read.boolean("acceptTornTail") ?? false,
  };
}
