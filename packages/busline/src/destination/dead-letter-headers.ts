import { type Headers } from "../message/headers.ts";
import type { Message } from "../message/message.ts";
import type { ListenerFailure } from "../worker/delivery.ts";

/** How long the text of an error may be in a header. */
const LONGEST_TEXT = 1_024;

/**
 * What a dead letter says of itself, in headers beside those that its message had. A message that dies twice says of the
 * last time.
 */
export const DeadLetterHeaders = {
  /** The name of the destination at which it failed. */
  DESTINATION: "dead-letter-destination",
  /** All the destinations at which it has failed for good, the first one first, with commas between. */
  PATH: "dead-letter-path",
  /** How many attempts it had. */
  ATTEMPTS: "dead-letter-attempts",
  /** The listeners that failed for good, with commas between; a comma in a name is `%2C`, a percent sign `%25`. */
  LISTENERS: "dead-letter-listeners",
  /** The name of the last error's class. */
  ERROR: "dead-letter-error",
  /** Its code, where it has one. */
  CODE: "dead-letter-code",
  /** Its text, cut after 1,024 characters. */
  REASON: "dead-letter-reason",
  /** When it died: a date and time of ISO 8601 in UTC. */
  AT: "dead-letter-at",
} as const;

/** The headers of a dead letter. */
export function deadLetterHeaders(
  message: Message,
  death: {
    readonly failures: readonly ListenerFailure[];
    readonly attempts: number;
    /** Milliseconds since the epoch. */
    readonly at: number;
  },
): Headers {
  const headers = Object.assign(Object.create(null) as Record<string, string>, message.headers);
  const { failures, attempts, at } = death;
  const { name, code, text } = describe(failures.at(-1)?.error);
  headers[DeadLetterHeaders.DESTINATION] = message.destinationName;
  headers[DeadLetterHeaders.PATH] = [...pathOf(message), message.destinationName].join(",");
  headers[DeadLetterHeaders.ATTEMPTS] = String(attempts);
  headers[DeadLetterHeaders.LISTENERS] = failures
    .map(({ listening }) => escaped(listening.name))
    .join(",");
  headers[DeadLetterHeaders.ERROR] = name;
  if (code === undefined) delete headers[DeadLetterHeaders.CODE];
  else headers[DeadLetterHeaders.CODE] = code;
  headers[DeadLetterHeaders.REASON] = text.slice(0, LONGEST_TEXT);
  headers[DeadLetterHeaders.AT] = new Date(at).toISOString();
  return Object.freeze(headers);
}

/** The listeners that failed. */
export function listenersOf({ headers }: Message): readonly string[] {
  const names = headers[DeadLetterHeaders.LISTENERS]?.split(",") ?? [];
  return names.map((name) => name.replaceAll("%2C", ",").replaceAll("%25", "%"));
}

function escaped(name: string): string {
  return name.replaceAll("%", "%25").replaceAll(",", "%2C");
}

/** The destinations at which a message has failed for good. */
export function pathOf({ headers }: Message): readonly string[] {
  return headers[DeadLetterHeaders.PATH]?.split(",") ?? [];
}

/** What an error says of itself; anything may be thrown, also what throws when it is read. */
function describe(error: unknown): { name: string; code: string | undefined; text: string } {
  try {
    if (!(error instanceof Error))
      return { name: typeof error, code: undefined, text: String(error) };
    const code: unknown = Reflect.get(error, "code");
    return {
      name: String(error.name),
      code: typeof code === "string" ? code : undefined,
      text: String(error.message),
    };
  } catch {
    return { name: "unknown", code: undefined, text: "(the thrown value cannot be printed)" };
  }
}
