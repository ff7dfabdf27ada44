import type { Clock } from "../clock/clock.ts";
import { checkDestinationName } from "../validation/destination-name.ts";
import { OptionReader } from "../validation/option-reader.ts";
import { copyHeaders } from "./headers.ts";
import type { MessageExtras } from "./message-extras.ts";
import type { MessageTiming } from "./message-timing.ts";

/** What a sender may add to a payload. */
export interface SendOptions {
  /** Texts that travel with the message: at most 64, and 8,192 characters in all. Default: none. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The message's id: 1 to 255 characters. Default: one that is unique over all processes. */
  readonly id?: string;
  /** Messages of one key belong together; destinations that keep order by key look at it. Default: none. */
  readonly key?: string;
  /**
   * Who goes first where many wait: a whole number of at least 0, higher first. Only at a destination with
   * `priorityLevels`, and below that number. Default: 0.
   */
  readonly priority?: number;
  /**
   * How long the message waits before it waits for a worker, in milliseconds: 0 to 2^31 - 1. It counts as waiting, and in
   * the bound of the queue, from the start. Not where there is no queue. Default: not at all.
   */
  readonly delayMs?: number;
  /** The same as a moment, at most 365 days ahead: a `Date`, or milliseconds since the epoch. One that has passed is now. */
  readonly deliverAt?: Date | number;
  /**
   * By when, in milliseconds from now, a worker must have started it: more than the delay, at most 2^31 - 1. Otherwise it
   * is dropped and counted as expired. Not where there is no queue. Default: it waits as long as it takes.
   */
  readonly ttlMs?: number;
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
  "priority",
  "delayMs",
  "deliverAt",
  "ttlMs",
  "responseDestinationName",
  "responseId",
  "signal",
];

/** The furthest that a message may be put off. */
const LONGEST_DELAY_DAYS = 365;
const DAY_MS = 86_400_000;

/** Checks what a sender gave. @throws {InvalidConfigurationError} */
export function checkSendOptions(
  options: SendOptions | undefined,
  where: string,
  clock: Clock,
): CheckedSendOptions {
  const reader = new OptionReader(where, options, SEND_OPTION_NAMES);
  return readSendOptions(reader, where, readTiming(reader, clock));
}

/** Reads the options of a message out of a reader that may know more names. */
export function readSendOptions(
  reader: OptionReader,
  where: string,
  timing?: MessageTiming,
): CheckedSendOptions {
  const responseDestinationName = reader.text("responseDestinationName");
  if (responseDestinationName !== undefined) {
    checkDestinationName(responseDestinationName, where, "responseDestinationName");
  }
  const extras: MessageExtras = {
    headers: copyHeaders(reader.any("headers"), where),
    key: reader.text("key"),
    priority: reader.wholeNumber("priority", 0),
    responseDestinationName,
    responseId: reader.text("responseId"),
    timing,
    failed: undefined,
    record: undefined,
    request: undefined,
    answers: undefined,
  };
  return { id: reader.text("id"), signal: reader.signal("signal"), extras };
}

function readTiming(reader: OptionReader, clock: Clock): MessageTiming | undefined {
  const delayMs = reader.duration("delayMs");
  const deliverAt = reader.moment("deliverAt");
  const ttlMs = reader.duration("ttlMs");
  if (delayMs === undefined && deliverAt === undefined && ttlMs === undefined) return undefined;
  if (delayMs !== undefined && deliverAt !== undefined) {
    reader.refuse("deliverAt", "given without delayMs");
  }
  const waitMs = deliverAt === undefined ? (delayMs ?? 0) : Math.max(0, deliverAt - clock.now());
  if (waitMs > LONGEST_DELAY_DAYS * DAY_MS) {
    reader.refuse("deliverAt", `at most ${LONGEST_DELAY_DAYS} days ahead`);
  }
  if (ttlMs !== undefined && ttlMs <= waitMs) {
    reader.refuse("ttlMs", `longer than the time that the message is put off, ${waitMs} ms`);
  }
  const now = clock.monotonicNow();
  return {
    notBefore: waitMs === 0 ? 0 : now + waitMs,
    expiresAt: ttlMs === undefined ? Infinity : now + ttlMs,
  };
}
