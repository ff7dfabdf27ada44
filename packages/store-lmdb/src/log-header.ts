import { crc32 } from "node:zlib";

/*
 * How a log begins:
 *
 *    0   8 bytes   "busline" and a line feed
 *    8   1 byte    version of the format
 *   12   4 bytes   number of the log, as in its name
 *   16   6 bytes   sequence number that its first commit has, or will have
 *   24   6 bytes   sequence number of the last commit that LMDB had when the log was begun
 *   32  16 bytes   id of the store
 *   60   4 bytes   crc32 of all before
 */

const MAGIC = "busline\n";
const FORMAT = 1;
const CRC_AT = 60;

/** Which log it is, and how it goes together with the rest of its store. */
export interface LogHeader {
  readonly storeId: string;
  readonly number: number;
  readonly firstSequence: number;
  readonly foldedSequence: number;
}

export const LOG_HEADER_BYTES = 64;

export function packLogHeader(header: LogHeader): Buffer {
  const bytes = Buffer.alloc(LOG_HEADER_BYTES);
  bytes.write(MAGIC, 0, "latin1");
  bytes.writeUInt8(FORMAT, 8);
  bytes.writeUInt32LE(header.number, 12);
  bytes.writeUIntLE(header.firstSequence, 16, 6);
  bytes.writeUIntLE(header.foldedSequence, 24, 6);
  bytes.write(header.storeId, 32, "hex");
  bytes.writeUInt32LE(crc32(bytes.subarray(0, CRC_AT)), CRC_AT);
  return bytes;
}

/** @returns undefined if there is none, or not a sound one */
export function unpackLogHeader(
  bytes: Buffer,
): LogHeader | { readonly laterFormat: number } | undefined {
  if (bytes.length < LOG_HEADER_BYTES || bytes.toString("latin1", 0, 8) !== MAGIC) return undefined;
  if (bytes.readUInt32LE(CRC_AT) !== crc32(bytes.subarray(0, CRC_AT))) return undefined;
  const format = bytes.readUInt8(8);
  if (format > FORMAT) return { laterFormat: format };
  return {
    number: bytes.readUInt32LE(12),
    firstSequence: bytes.readUIntLE(16, 6),
    foldedSequence: bytes.readUIntLE(24, 6),
    storeId: bytes.toString("hex", 32, 48),
  };
}

/**
 * Where the checksums of a log's records begin. So a record of another log, or one that somebody has put into a message, is
 * not a record of this log.
 */
export function seedOf({ storeId, number }: Pick<LogHeader, "storeId" | "number">): number {
  return crc32(`${storeId}/${number}`);
}
