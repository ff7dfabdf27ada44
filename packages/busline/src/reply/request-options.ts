import { type CheckedSendOptions, readSendOptions } from "../message/send-options.ts";
import { NO_EXTRAS } from "../message/message-extras.ts";
import { OptionReader } from "../validation/option-reader.ts";

/** How a request is made. */
export interface RequestOptions {
  /** How long to wait for the reply, in milliseconds: 0 to 2^31 - 1. Default: 10,000. */
  readonly timeoutMs?: number;
  /**
   * `"default"`: through the destination's queue and workers; the reply travels over
   * `DestinationNames.MESSAGE_BUS_DEFAULT_RESPONSE`. `"direct"`: passes queue and workers by and runs the listeners in the
   * sender's turn. Default: `"default"`.
   */
  readonly mode?: "default" | "direct";
  /** Texts that travel with the message. Default: none. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The message's id. Default: one that is unique over all processes. */
  readonly id?: string;
  /** The ordering key. Default: none. */
  readonly key?: string;
  /** Who goes first where many wait: see `SendOptions`. Default: 0. */
  readonly priority?: number;
  /** Ends the waiting with an `AbortError`, withdraws the message if it still waits, and aborts `context.signal`. */
  readonly signal?: AbortSignal;
}

/** Request options that have been checked. */
export interface CheckedRequestOptions extends CheckedSendOptions {
  readonly timeoutMs: number;
  readonly mode: "default" | "direct";
}

/** The names that `request` knows. */
const REQUEST_OPTION_NAMES: readonly (keyof RequestOptions)[] = [
  "timeoutMs",
  "mode",
  "headers",
  "id",
  "key",
  "priority",
  "signal",
];
const MODES = ["default", "direct"] as const;

const DEFAULT_TIMEOUT_MS = 10_000;

/** A request without options. */
export const USUAL_REQUEST: CheckedRequestOptions = {
  timeoutMs: DEFAULT_TIMEOUT_MS,
  mode: "default",
  id: undefined,
  signal: undefined,
  extras: NO_EXTRAS,
};

/** @throws {InvalidConfigurationError} */
export function checkRequestOptions(options: RequestOptions, where: string): CheckedRequestOptions {
  const reader = new OptionReader(where, options, REQUEST_OPTION_NAMES);
  // Taken apart by name: on Node 20 a spread costs as much as the rest.
  const { id, signal, extras } = readSendOptions(reader, where);
  return {
    id,
    signal,
    extras,
    timeoutMs: reader.duration("timeoutMs") ?? DEFAULT_TIMEOUT_MS,
    mode: reader.oneOf("mode", MODES) ?? "default",
  };
}
