import type { Headers } from "../message/headers.ts";
import type { Message } from "../message/message.ts";
import { DeadLetterHeaders, listenersOf } from "./dead-letter-headers.ts";

/** A message that has failed for good, with what is known of that. Frozen. */
export interface DeadLetter {
  readonly message: Message;
  readonly id: string;
  readonly payload: unknown;
  /** Those that the message had before it failed. */
  readonly headers: Headers;
  /** The destination at which it failed; undefined where it was sent here by hand. */
  readonly origin: string | undefined;
  /** How many attempts it had; 0 where that is not known. */
  readonly attempts: number;
  /** The listeners that failed. */
  readonly listeners: readonly string[];
  /** The name of the last error's class. */
  readonly error: string | undefined;
  /** Its code. */
  readonly code: string | undefined;
  /** Its text. */
  readonly reason: string | undefined;
  /** When it died, in milliseconds since the epoch; when it was sent here, where that is not known. */
  readonly at: number;
}

/** Which dead letters: all that is given must fit. */
export interface DeadLetterFilter {
  readonly ids?: readonly string[];
  /** The destination at which they failed. */
  readonly origin?: string;
  /** A listener that failed. */
  readonly listener?: string;
  /** The name of the last error's class. */
  readonly error?: string;
  readonly code?: string;
  /** A part of the reason. */
  readonly reason?: string;
  /** They died before that: a `Date`, or milliseconds since the epoch. */
  readonly before?: Date | number;
  /** They died then or later. */
  readonly since?: Date | number;
}

const OWN_HEADERS: ReadonlySet<string> = new Set(Object.values(DeadLetterHeaders));

/** Reads a message of a dead letter destination. */
export function readDeadLetter(message: Message): DeadLetter {
  const { headers } = message;
  const at = Date.parse(headers[DeadLetterHeaders.AT] ?? "");
  return Object.freeze({
    message,
    id: message.id,
    payload: message.payload,
    headers: withoutOwn(headers),
    origin: headers[DeadLetterHeaders.DESTINATION],
    attempts: Number.parseInt(headers[DeadLetterHeaders.ATTEMPTS] ?? "0", 10) || 0,
    listeners: Object.freeze(listenersOf(message)),
    error: headers[DeadLetterHeaders.ERROR],
    code: headers[DeadLetterHeaders.CODE],
    reason: headers[DeadLetterHeaders.REASON],
    at: Number.isNaN(at) ? message.sentAt : at,
  });
}

/** Whether a filter lets a letter pass. */
export function fits(letter: DeadLetter, filter: DeadLetterFilter): boolean {
  const { ids, origin, listener, error, code, reason, before, since } = filter;
  if (ids !== undefined && !ids.includes(letter.id)) return false;
  if (origin !== undefined && letter.origin !== origin) return false;
  if (listener !== undefined && !letter.listeners.includes(listener)) return false;
  if (error !== undefined && letter.error !== error) return false;
  if (code !== undefined && letter.code !== code) return false;
  if (reason !== undefined && letter.reason?.includes(reason) !== true) return false;
  if (before !== undefined && letter.at >= Number(before)) return false;
  return since === undefined || letter.at >= Number(since);
}

function withoutOwn(headers: Headers): Headers {
  const rest = Object.create(null) as Record<string, string>;
  for (const [name, value] of Object.entries(headers)) {
    if (!OWN_HEADERS.has(name)) rest[name] = value;
  }
  return Object.freeze(rest);
}
