import type { StoreRange } from "./message-store.ts";

/*
 * The keys of a store: printable ASCII, so that their order is that of their bytes and every store can keep it. A
 * destination has a number, so that keys are short. Numbers are written to base 36 with leading zeros, so that their order
 * is that of their values.
 */

/** Which layout of keys and values a store has. */
export const SCHEMA_KEY = "schema";
const LAST_LEVEL = 255;
const NUMBER_DIGITS = 11;

/** Where a destination of the bus is written down: its name, its listeners, and what else it remembers. */
export function destinationKey(id: number): string {
  return `d/${id.toString(36)}`;
}

/** All destinations. */
export const DESTINATION_KEYS: StoreRange = { from: "d/", to: "d0" };

/** Where one schedule is written down. */
export function scheduleKey(name: string): string {
  return `c/${Buffer.from(name).toString("base64url")}`;
}

/** The messages of one priority that wait, in the order of their numbers: higher priorities come first. */
export function laneKeys(id: number, level: number): StoreRange {
  const lane = `q/${id.toString(36)}/${(LAST_LEVEL - level).toString(16).padStart(2, "0")}`;
  return { from: `${lane}/`, to: `${lane}0` };
}

/** All messages of a destination that wait. */
export function queueKeys(id: number): StoreRange {
  return prefix("q", id);
}

/** Where one of a lane's messages is. */
export function messageKey(lane: StoreRange, sequence: number): string {
  return lane.from + digits(sequence);
}

/** The number of a message in its lane. */
export function sequenceOf(key: string): number {
  return Number.parseInt(key.slice(key.lastIndexOf("/") + 1), 36);
}

/** Where is written what has become of a message so far. */
export function stateKey(ofMessage: string): string {
  return `s${ofMessage.slice(1)}`;
}

/** Where one is kept that cannot be read. */
export function setAsideKey(ofMessage: string): string {
  return `x/${ofMessage}`;
}

/** Where one is that is put off. */
export function delayedKey(id: number, dueAt: number, sequence: number): string {
  return `${prefix("t", id).from}${digits(Math.ceil(dueAt))}/${digits(sequence)}`;
}

/** Those that are put off, up to a moment in milliseconds since the epoch. */
export function delayedKeys(id: number, dueBy: number = Infinity): StoreRange {
  const { from, to } = prefix("t", id);
  return { from, to: dueBy === Infinity ? to : `${from}${digits(Math.floor(dueBy) + 1)}` };
}

/** When one of those is due. */
export function dueAtOf(key: string): number {
  return Number.parseInt(key.split("/")[2] ?? "", 36);
}

/** Where is written that an id has been seen. */
export function seenIdKey(id: number, hash: string): string {
  return `${prefix("u", id).from}${hash}`;
}

/** The same in the order of time. */
export function seenIdTimeKey(id: number, at: number, hash: string): string {
  return `${prefix("v", id).from}${digits(at)}/${hash}`;
}

/** All ids that have been seen, in the order of time. */
export function seenIdTimeKeys(id: number): StoreRange {
  return prefix("v", id);
}

/** When an id was seen, and which. */
export function readSeenIdTimeKey(key: string): { readonly at: number; readonly hash: string } {
  const [, , at = "", hash = ""] = key.split("/");
  return { at: Number.parseInt(at, 36), hash };
}

/** The rest of a range behind a key. */
export function behind(key: string, { to }: StoreRange): StoreRange {
  return { from: `${key}!`, to };
}

function prefix(kind: string, id: number): StoreRange {
  const start = `${kind}/${id.toString(36)}`;
  return { from: `${start}/`, to: `${start}0` };
}

function digits(value: number): string {
  return value.toString(36).padStart(NUMBER_DIGITS, "0");
}
