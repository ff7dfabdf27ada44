import type { StoreChange } from "busline";

/*
 * How changes lie in a log, and entries cross from one thread to another:
 *
 *   2 bytes   length of the key
 *   4 bytes   length of the value; NOTHING if the key is deleted
 *   the key, ASCII
 *   the value
 */

const NOTHING = 0xff_ff_ff_ff;
const FIXED_BYTES = 6;
const KEY = /^[ -~]{1,256}$/;

/** Why changes cannot be committed, as a sentence that follows the name of the store. */
export function faultOfChanges(changes: readonly StoreChange[]): string | undefined {
  for (const { key, value } of changes) {
    if (!KEY.test(key)) return "was given a key that is not 1 to 256 printable characters of ASCII";
    if (value !== undefined && !(value instanceof Uint8Array)) {
      return "was given a value that is not a Uint8Array";
    }
  }
  return undefined;
}

/** How many bytes changes take. */
export function sizeOfChanges(changes: readonly StoreChange[]): number {
  let size = 0;
  for (const { key, value } of changes) {
    size += FIXED_BYTES + key.length + (value === undefined ? 0 : value.length);
  }
  return size;
}

/** Writes changes into a buffer that has room for them. @returns where they end */
export function writeChanges(changes: readonly StoreChange[], to: Buffer, at: number): number {
  let end = at;
  for (const { key, value } of changes) {
    to.writeUInt16LE(key.length, end);
    to.writeUInt32LE(value === undefined ? NOTHING : value.length, end + 2);
    to.write(key, end + FIXED_BYTES, "latin1");
    end += FIXED_BYTES + key.length;
    if (value === undefined) continue;
    to.set(value, end);
    end += value.length;
  }
  return end;
}

/** Changes as bytes that nobody else uses, so that they can be handed to another thread. */
export function packChanges(changes: readonly StoreChange[]): Uint8Array<ArrayBuffer> {
  const bytes = Buffer.from(new ArrayBuffer(sizeOfChanges(changes)));
  writeChanges(changes, bytes, 0);
  return bytes;
}

/**
 * The changes again. Their values are parts of the bytes.
 *
 * @throws {RangeError} they end where they should not
 */
export function unpackChanges(bytes: Uint8Array): StoreChange[] {
  const from = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const changes: StoreChange[] = [];
  for (let at = 0; at < from.length;) {
    const keyEnd = at + FIXED_BYTES + from.readUInt16LE(at);
    const valueLength = from.readUInt32LE(at + 2);
    const end = valueLength === NOTHING ? keyEnd : keyEnd + valueLength;
    if (end > from.length) throw new RangeError("a list of changes is cut off");
    const key = from.toString("latin1", at + FIXED_BYTES, keyEnd);
    changes.push({ key, value: valueLength === NOTHING ? undefined : from.subarray(keyEnd, end) });
    at = end;
  }
  return changes;
}
