import { crc32 } from "node:zlib";
import { StoreProblem } from "./store-problem.ts";

const MARKER = /^busline store, format (\d{1,9}), id ([0-9a-f]{32}), check ([0-9a-f]{8})\n$/u;
const FORMAT = 1;

/** What the file `STORE` says. It is the first thing that a later version would say about itself. */
export function packMarker(storeId: string): Buffer {
  return Buffer.from(`${bodyOf(FORMAT, storeId)}, check ${checkOf(bodyOf(FORMAT, storeId))}\n`);
}

/** @returns the id of the store */
export function unpackMarker(bytes: Buffer, file: string): string {
  const [, format = "", storeId = "", check] = MARKER.exec(bytes.toString("latin1")) ?? [];
  if (check !== checkOf(bodyOf(Number(format), storeId))) {
    throw StoreProblem.damaged(`${file} does not say what it should`);
  }
  if (Number(format) <= FORMAT) return storeId;
  throw StoreProblem.laterVersion(
    `it has files of format ${format}, and this version knows ${FORMAT}`,
  );
}

function bodyOf(format: number, storeId: string): string {
  return `busline store, format ${format}, id ${storeId}`;
}

function checkOf(body: string): string {
  return crc32(body).toString(16).padStart(8, "0");
}
