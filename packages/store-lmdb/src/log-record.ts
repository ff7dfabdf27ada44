import { crc32 } from "node:zlib";
import type { StoreChange } from "busline";
import { sizeOfChanges, writeChanges } from "./change-list.ts";

/*
 * A record of a log, behind its header and the records before:
 *
 *    0   4 bytes   MAGIC
 *    4   1 byte    kind
 *    5   1 byte    1 if the commit is a stable one
 *    8   4 bytes   length of the body
 *   12   6 bytes   sequence number: of a commit its own, of an end that of the last commit
 *   20   4 bytes   crc32 of all before, so that the length can be relied upon
 *   24   4 bytes   crc32 of all before and of the body
 *   28             the body: a commit's changes, or the number of the log that follows
 */

const MAGIC = Buffer.from([0xb5, 0x6c, 0x6f, 0x67]);
const COMMIT = 1;
const END = 2;
const HEADER_CRC_AT = 20;
const CRC_AT = 24;
const KEPT_BYTES = 16 * 1_048_576;

const RECORD_HEADER_BYTES = 28;

/** A record that is sound. */
export interface LogRecord {
  readonly isCommit: boolean;
  readonly sequence: number;
  readonly body: Buffer;
  /** Where the next one begins. */
  readonly end: number;
}

/** Why there is no record: its bytes make no sense, they end too early, or they are all there and wrong. */
export type RecordFault = "none" | "cut off" | "wrong";

/** Writes records of one log, each into the same memory. */
export class RecordWriter {
  readonly #seed: number;
  #bytes: Buffer = Buffer.allocUnsafeSlow(65_536);

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** @returns bytes that are good until the next record */
  commit(sequence: number, changes: readonly StoreChange[], isStable: boolean): Buffer {
    const length = sizeOfChanges(changes);
    const record = this.#room(length);
    writeChanges(changes, record, RECORD_HEADER_BYTES);
    return this.#seal(record, COMMIT, isStable, sequence);
  }

  /** The last record of a log. */
  end(sequence: number, nextNumber: number): Buffer {
    const record = this.#room(4);
    record.writeUInt32LE(nextNumber, RECORD_HEADER_BYTES);
    return this.#seal(record, END, true, sequence);
  }

  #room(bodyLength: number): Buffer {
    const length = RECORD_HEADER_BYTES + bodyLength;
    if (length > KEPT_BYTES) return Buffer.allocUnsafeSlow(length);
    if (length > this.#bytes.length) {
      this.#bytes = Buffer.allocUnsafeSlow(Math.min(KEPT_BYTES, 2 * length));
    }
    return this.#bytes.subarray(0, length);
  }

  #seal(record: Buffer, kind: number, isStable: boolean, sequence: number): Buffer {
    record.fill(0, 0, HEADER_CRC_AT);
    record.set(MAGIC, 0);
    record[4] = kind;
    record[5] = isStable ? 1 : 0;
    record.writeUInt32LE(record.length - RECORD_HEADER_BYTES, 8);
    record.writeUIntLE(sequence, 12, 6);
    const ofHeader = crc32(record.subarray(0, HEADER_CRC_AT), this.#seed);
    record.writeUInt32LE(ofHeader, HEADER_CRC_AT);
    record.writeUInt32LE(checksumOf(record, 0, record.length, ofHeader), CRC_AT);
    return record;
  }
}

/** Reads the record at a place of a log. */
export function readRecord(log: Buffer, at: number, seed: number): LogRecord | RecordFault {
  if (!looksLikeRecord(log, at)) return "none";
  if (log.length - at < CRC_AT) return "cut off";
  const ofHeader = crc32(log.subarray(at, at + HEADER_CRC_AT), seed);
  if (log.readUInt32LE(at + HEADER_CRC_AT) !== ofHeader) return "none";
  if (log.length - at < RECORD_HEADER_BYTES) return "cut off";
  const end = at + RECORD_HEADER_BYTES + log.readUInt32LE(at + 8);
  if (end > log.length) return "cut off";
  if (log.readUInt32LE(at + CRC_AT) !== checksumOf(log, at, end, ofHeader)) return "wrong";
  const body = log.subarray(at + RECORD_HEADER_BYTES, end);
  const sequence = log.readUIntLE(at + 12, 6);
  return { isCommit: log[at + 4] === COMMIT, sequence, body, end };
}

/** @returns where a sound record is, of whichever sequence number, from a place on; -1 if nowhere */
export function findRecord(log: Buffer, from: number, seed: number): number {
  for (let at = log.indexOf(MAGIC, from); at >= 0; at = log.indexOf(MAGIC, at + 1)) {
    if (typeof readRecord(log, at, seed) === "object") return at;
  }
  return -1;
}

/** Of what is there of its first bytes. */
function looksLikeRecord(log: Buffer, at: number): boolean {
  const begin = log.subarray(at, at + MAGIC.length);
  return begin.equals(MAGIC.subarray(0, begin.length));
}

function checksumOf(log: Buffer, at: number, end: number, ofHeader: number): number {
  return crc32(log.subarray(at + RECORD_HEADER_BYTES, end), ofHeader);
}
