import { type Headers, NO_HEADERS } from "../message/headers.ts";

/** A message as it lies in a store. */
export interface StoredMessage {
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly sentAt: number;
  readonly headers: Headers;
  readonly key: string | undefined;
  readonly priority: number | undefined;
  readonly responseDestinationName: string | undefined;
  readonly responseId: string | undefined;
  /** By when it must have started, in milliseconds since the epoch. */
  readonly expiresAt: number | undefined;
  /** For which of the destination's lists of listeners it is; `undefined`: for those that come first. */
  readonly roster: number | undefined;
  /** The payload as its codec has encoded it. */
  readonly payload: Uint8Array;
}

/** What has become of a message so far. */
export interface StoredState {
  /** How many attempts have begun. */
  readonly attempts: number;
  /** The listeners that are done with it. */
  readonly done: readonly string[];
  /** What has become of it where one of those has failed for good. */
  readonly failure: "failed" | "deadLettered" | undefined;
  /** The last of the attempts has not ended, or that has not been written down. */
  readonly isRunning: boolean;
}

const FRESH: StoredState = Object.freeze({
  attempts: 0,
  done: Object.freeze([]),
  failure: undefined,
  isRunning: false,
});

/** What is true of a state, as bits of a number. */
const HAS_FAILED = 1;
const HAS_ENDED = 2;
const HAS_LETTER = 4;

const LENGTH_BYTES = 4;
const text = new TextDecoder();

/** The names of the fields are short, since each message has them. */
interface Head {
  readonly i: string;
  readonly t: number;
  readonly h?: Readonly<Record<string, string>> | undefined;
  readonly k?: string | undefined;
  readonly p?: number | undefined;
  readonly d?: string | undefined;
  readonly r?: string | undefined;
  readonly e?: number | undefined;
  readonly l?: number | undefined;
}

export function writeMessage(message: StoredMessage): Uint8Array {
  const { headers, payload } = message;
  const head: Head = {
    i: message.id,
    t: message.sentAt,
    h: headers === NO_HEADERS ? undefined : headers,
    k: message.key,
    p: message.priority,
    d: message.responseDestinationName,
    r: message.responseId,
    e: message.expiresAt,
    l: message.roster,
  };
  const json = JSON.stringify(head);
  const length = Buffer.byteLength(json);
  const bytes = Buffer.allocUnsafe(LENGTH_BYTES + length + payload.length);
  bytes.writeUInt32LE(length, 0);
  bytes.write(json, LENGTH_BYTES);
  bytes.set(payload, LENGTH_BYTES + length);
  return bytes;
}

/** Throws if the bytes are not what `writeMessage` makes. */
export function readMessage(bytes: Uint8Array): StoredMessage {
  const length = new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(0, true);
  const payloadAt = LENGTH_BYTES + length;
  const head = JSON.parse(text.decode(bytes.subarray(LENGTH_BYTES, payloadAt))) as Head;
  return {
    id: head.i,
    sentAt: head.t,
    headers: head.h === undefined ? NO_HEADERS : withoutPrototype(head.h),
    key: head.k,
    priority: head.p,
    responseDestinationName: head.d,
    responseId: head.r,
    expiresAt: head.e,
    roster: head.l,
    payload: bytes.subarray(payloadAt),
  };
}

export function writeState({ attempts, done, failure, isRunning }: StoredState): Uint8Array {
  const failed = failure === undefined ? 0 : failure === "failed" ? HAS_FAILED : HAS_LETTER;
  const flags = failed | (isRunning ? 0 : HAS_ENDED);
  return Buffer.from(JSON.stringify([attempts, flags, ...done]));
}

export function readState(bytes: Uint8Array | undefined): StoredState {
  if (bytes === undefined) return FRESH;
  const [attempts, flags, ...done] = JSON.parse(text.decode(bytes)) as [
    number,
    number,
    ...string[],
  ];
  const failed = (flags & HAS_FAILED) === 0 ? undefined : "failed";
  const failure = (flags & HAS_LETTER) === 0 ? failed : "deadLettered";
  return { attempts, done, failure, isRunning: (flags & HAS_ENDED) === 0 };
}

// `JSON.parse` makes an own property of `__proto__`; copied to an object without a prototype it stays one.
function withoutPrototype(given: Readonly<Record<string, string>>): Headers {
  const headers = Object.create(null) as Record<string, string>;
  for (const [name, value] of Object.entries(given)) headers[name] = value;
  return Object.freeze(headers);
}
