import { checkDestinationName } from "../validation/destination-name.ts";
import { OptionReader } from "../validation/option-reader.ts";
import { copyHeaders } from "./headers.ts";
import type { MessageExtras } from "./message-extras.ts";

/** What a sender may add to a payload. */
export interface SendOptions {
  /** Texts that travel with the message: at most 64, and 8,192 characters in all. Default: none. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The message's id: 1 to 255 characters. Default: one that is unique over all processes. */
  readonly id?: string;
  /** Messages of one key belong together; destinations that keep order by key look at it. Default: none. */
  readonly key?: string;
  /** Where listeners' replies are sent to. Default: nowhere; returned values are then ignored. */
  readonly responseDestinationName?: string;
  /** What a reply carries so that it finds its request. A listener that replies by message sets it. Default: none. */
  readonly responseId?: string;
  /**
   * Aborted before the send: `AbortError`, nothing is sent. While the sender waits for room: `AbortError`. While the
   * message waits in the queue: it is withdrawn and counted as discarded. Later: aborts the listener's `context.signal`.
   */
  readonly signal?: AbortSignal;
}

/** Send options that have been checked. */
export interface CheckedSendOptions {
  readonly id: string | undefined;
  readonly extras: MessageExtras;
  readonly signal: AbortSignal | undefined;
}

/** The names that `send` knows. */
const SEND_OPTION_NAMES: readonly (keyof SendOptions)[] = [
  "headers",
  "id",
  "key",
  "responseDestinationName",
  "responseId",
  "signal",
];

/** Checks what a sender gave. @throws {InvalidConfigurationError} */
export function checkSendOptions(
  options: SendOptions | undefined,
  where: string,
): CheckedSendOptions {
  return readSendOptions(new OptionReader(where, options, SEND_OPTION_NAMES), where);
}

/** Reads the options of a message out of a reader that may know more names. */
export function readSendOptions(reader: OptionReader, where: string): CheckedSendOptions {
  const responseDestinationName = reader.text("responseDestinationName");
  if (responseDestinationName !== undefined) {
    checkDestinationName(responseDestinationName, where, "responseDestinationName");
  }
  return {
    id: reader.text("id"),
    signal: reader.signal("signal"),
    extras: {
      headers: copyHeaders(reader.any("headers"), where),
      key: reader.text("key"),
      responseDestinationName,
      responseId: reader.text("responseId"),
      request: undefined,
      answers: undefined,
    },
  };
}
