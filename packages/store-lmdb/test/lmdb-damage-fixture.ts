import { join } from "node:path";
import { crc32 } from "node:zlib";
import { open, type RootDatabase } from "lmdb";

/** @returns an integer below the limit */
export type Random = (limit: number) => number;

/** Random numbers that a seed repeats: mulberry32. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return (limit) => {
    state = (state + 0x6d_2b_79_f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  };
}

export type Lmdb = RootDatabase<Buffer, Buffer>;

/** As the store opens it, with pages of the same size everywhere. @param name of a database beside the main one */
export function openLmdb(path: string, name?: string): Lmdb {
  return open<Buffer, Buffer>({
    path,
    encoding: "binary",
    keyEncoding: "binary",
    overlappingSync: false,
    cache: false,
    pageSize: 4096,
    ...(name === undefined ? {} : { name }),
  });
}

export function keyOf(number: number, length = 8): Buffer {
  const key = Buffer.alloc(length, "a");
  key.writeUInt32BE(number, 0);
  return key;
}

/** A value of so many bytes, with the checksum behind it. */
export function sealed(key: Buffer, length: number, random: Random): Buffer {
  const value = Buffer.alloc(length + 4, random(256));
  for (let at = 0; at < Math.min(length, 64); at += 1) value[at] = random(256);
  value.writeUInt32LE(crc32(value.subarray(0, length), crc32(key)), length);
  return value;
}

/** Many transactions that put, replace and remove, some of them far more than others. */
export function rewrite(lmdb: Lmdb, space: number, transactions: number, random: Random): void {
  for (let round = 0; round < transactions; round += 1) {
    lmdb.transactionSync(() => {
      const count = 1 + random(random(8) === 0 ? 300 : 20);
      for (let at = 0; at < count; at += 1) {
        const key = keyOf(random(space));
        if (random(5) < 2) lmdb.removeSync(key);
        else
          lmdb.putSync(key, sealed(key, random(20) === 0 ? random(15_000) : random(300), random));
      }
    });
  }
}

function put(lmdb: Lmdb, keys: readonly Buffer[], random: Random, lengthOf: () => number): void {
  lmdb.transactionSync(() => {
    for (const key of keys) lmdb.putSync(key, sealed(key, lengthOf(), random));
  });
}

function numbered(count: number, step = 1): Buffer[] {
  return Array.from({ length: count }, (_, at) => keyOf(at * step));
}

/** The kinds of files, and how each comes about. */
const builds: Readonly<Record<string, (lmdb: Lmdb, random: Random) => unknown>> = {
  empty: () => undefined,
  single: (lmdb, random) => put(lmdb, numbered(1), random, () => 50),
  small: (lmdb, random) => put(lmdb, numbered(30), random, () => 20 + random(281)),
  middle: (lmdb, random) => put(lmdb, numbered(1_500), random, () => 20 + random(281)),
  many: (lmdb, random) => {
    const all = numbered(20_000, 7919);
    for (let from = 0; from < all.length; from += 1_000) {
      put(lmdb, all.slice(from, from + 1_000), random, () => 20 + random(281));
    }
  },
  overflow: (lmdb, random) => {
    put(lmdb, numbered(100), random, () => (random(3) === 0 ? random(200) : random(30_000)));
    rewrite(lmdb, 100, 10, random);
  },
  "long keys": (lmdb, random) => {
    const long = numbered(300, 7919).map((key) =>
      Buffer.concat([key, Buffer.alloc(random(1_500))]),
    );
    put(lmdb, long, random, () => random(300));
  },
  rewritten: (lmdb, random) => rewrite(lmdb, 1_000, 80, random),
  /** A reader keeps the pages of all transactions from being used again: their list becomes a tree. */
  "read meanwhile": (lmdb, random) => {
    put(lmdb, numbered(20), random, () => 99);
    const reader = lmdb.useReadTransaction();
    for (let at = 0; at < 300; at += 1) put(lmdb, [keyOf(at % 20)], random, () => 99);
    reader.done();
    rewrite(lmdb, 20, 2, random);
  },
  /** More pages become free at once than are listed on one. */
  cleared: (lmdb, random) => {
    put(lmdb, numbered(6_000), random, () => 20 + random(281));
    lmdb.clearSync();
    put(lmdb, numbered(300), random, () => 20 + random(281));
    rewrite(lmdb, 300, 3, random);
  },
  /** The file ends long before the last page: those between were freed before they were written. */
  unwritten: (lmdb, random) => {
    rewrite(lmdb, 30, 5, random);
    const long = numbered(20).map((key) => Buffer.concat([key, key]));
    lmdb.transactionSync(() => {
      for (const key of long) lmdb.putSync(key, sealed(key, 100_000, random));
      for (const key of long) lmdb.removeSync(key);
    });
    rewrite(lmdb, 30, 2, random);
  },
  "cleared twice": (lmdb, random) => {
    put(lmdb, numbered(100), random, () => 20 + random(281));
    lmdb.clearSync();
    lmdb.clearSync();
  },
  named: (lmdb, random) => rewrite(lmdb, 400, 30, random),
};

export interface LmdbFile {
  readonly kind: string;
  readonly path: string;
  /** Of the database with the entries, if that is not the main one. */
  readonly name: string | undefined;
}

/** A file of each kind, and a copy without its free pages of one. */
export async function buildFiles(folder: string, random: Random): Promise<LmdbFile[]> {
  const files: LmdbFile[] = [];
  for (const [kind, build] of Object.entries(builds)) {
    const path = join(folder, `${kind.replaceAll(" ", "-")}.mdb`);
    const name = kind === "named" ? "entries" : undefined;
    const lmdb = openLmdb(path, name);
    build(lmdb, random);
    files.push({ kind, path, name });
    if (kind === "rewritten") {
      const copy = join(folder, "compacted.mdb");
      await lmdb.backup(copy, true);
      files.push({ kind: "compacted", path: copy, name });
    }
    await lmdb.close();
  }
  return files;
}
