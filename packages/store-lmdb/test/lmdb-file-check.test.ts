import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkLmdbFile } from "../src/lmdb-file-check.ts";
import type { LmdbProblem } from "../src/lmdb-problem.ts";
import {
  buildFiles,
  keyOf,
  type LmdbFile,
  openLmdb,
  randomOf,
  rewrite,
  sealed,
} from "./lmdb-damage-fixture.ts";
import { LmdbDamageProcess } from "./lmdb-damage-process.ts";
import { LmdbMutants } from "./lmdb-mutants.ts";

const IS_LONG = process.env["BUSLINE_LONG"] !== undefined;
const MUTANT_COUNT = IS_LONG ? 50_000 : 1_500;
const timeout = IS_LONG ? 3_600_000 : 120_000;
/** Repeats what a run has done, but for the moments at which writers were killed. */
const SEED = Number(process.env["BUSLINE_SEED"] ?? Date.now() % 2 ** 31);
const PAGE = 4096;

const random = randomOf(SEED);
const folder = mkdtempSync(join(tmpdir(), "busline-lmdb-"));
let files: LmdbFile[] = [];

beforeAll(async () => {
  console.log(`BUSLINE_SEED=${SEED}`);
  files = await buildFiles(folder, random);
}, timeout);

afterAll(() => rmSync(folder, { recursive: true }));

function check(path: string, { name }: { readonly name?: string | undefined } = {}) {
  return checkLmdbFile(path, { databases: name === undefined ? [] : [name] });
}

function fileOf(kind: string): LmdbFile {
  return files.find((file) => file.kind === kind) as LmdbFile;
}

/** Checks what becomes of a file's bytes. */
function checkBytes(bytes: Uint8Array, options?: Parameters<typeof checkLmdbFile>[1]) {
  const path = join(folder, "bytes.mdb");
  writeFileSync(path, bytes);
  return checkLmdbFile(path, options);
}

describe("check of LMDB files", () => {
  test("check - finds files sound that were written in many ways", () => {
    const problems = files.map((file) => [file.kind, check(file.path, file)]);
    expect(problems).toEqual(files.map(({ kind }) => [kind, undefined]));
  });

  test("check - finds a file sound after each transaction", { timeout }, async () => {
    const path = join(folder, "each.mdb");
    const lmdb = openLmdb(path);
    const problems: (LmdbProblem | undefined)[] = [];
    for (let round = 0; round < (IS_LONG ? 3_000 : 150); round += 1) {
      if (random(40) === 0) lmdb.clearSync();
      rewrite(lmdb, 10 ** (1 + random(4)), 1, random);
      problems.push(check(path));
    }
    await lmdb.close();
    expect(problems.filter((problem) => problem !== undefined)).toEqual([]);
  });

  test("check - finds a file sound of which each writer was killed", { timeout }, async () => {
    const path = join(folder, "killed.mdb");
    for (let round = 0; round < (IS_LONG ? 30 : 4); round += 1) {
      await LmdbDamageProcess.writeUntilKilled(path, random(2 ** 31), random(300));
      expect(check(path)).toBeUndefined();
    }
    files.push({ kind: "killed", path, name: undefined });
  });

  test("check - reports what is no file of LMDB", () => {
    expect(checkLmdbFile(join(folder, "none.mdb"))).toMatchObject({ page: 0 });
    expect(checkLmdbFile(folder)).toMatchObject({ page: 0 });
    for (let round = 0; round < 300; round += 1) {
      const bytes = Buffer.alloc(random(4 * PAGE), round % 2 === 0 ? 0 : "LMDB");
      for (let at = 0; at < random(bytes.length + 1); at += 1) bytes[at] = random(256);
      expect(checkBytes(bytes)).toBeDefined();
    }
  });

  test("check - tells which page is damaged, and how", () => {
    const bytes = readFileSync(fileOf("middle").path);
    expect(checkBytes(bytes.subarray(0, -PAGE))).toEqual({
      page: bytes.length / PAGE - 1,
      problem: `lies beyond the file's end, ${bytes.length - PAGE}`,
    });
    bytes.copy(bytes, 5 * PAGE, 4 * PAGE, 5 * PAGE);
    expect(checkBytes(bytes)).toEqual({ page: 5, problem: "says that it is page 4" });
  });

  test("check - finds flipped bits of keys and values, if they have checksums", async () => {
    const path = join(folder, "bits.mdb");
    const lmdb = openLmdb(path);
    const [short, long] = [keyOf(0x51_52_53_54), keyOf(0x61_62_63_64)];
    await lmdb.put(short, sealed(short, 20, random));
    await lmdb.put(long, sealed(long, 5_000, random));
    const values = [lmdb.get(short), lmdb.get(long)].map((value) => Buffer.from(value as Buffer));
    await lmdb.close();
    const bytes = readFileSync(path);
    const flip = (at: number, bit: number): void => {
      bytes[at] = (bytes.at(at) as number) ^ (1 << bit);
    };
    for (const content of [short, long, ...values]) {
      const start = bytes.lastIndexOf(content);
      for (let at = 0; at < content.length; at += content.length > 100 ? 37 : 1) {
        flip(start + at, at & 7);
        expect(checkBytes(bytes)?.problem).toMatch(/wrong checksum|out of order/u);
        flip(start + at, at & 7);
      }
    }
    expect(checkBytes(bytes)).toBeUndefined();
    flip(bytes.lastIndexOf(values.at(1) as Buffer), 0);
    expect(checkBytes(bytes, { checksums: false })).toBeUndefined();
  });

  test("check - misses a database of another name only if it is not told which there are", () => {
    const { path } = fileOf("named");
    expect(checkLmdbFile(path)).toBeUndefined();
    expect(checkLmdbFile(path, { databases: ["entries"] })).toBeUndefined();
    for (const databases of [[], ["entrees"], ["entries", "more"]]) {
      expect(checkLmdbFile(path, { databases })).toBeDefined();
    }
  });

  /** No part of a file tells that there was more: it is the same as after a crash. */
  test("check - takes a lost meta page for a transaction that was interrupted", async () => {
    const path = join(folder, "lost.mdb");
    const before = openLmdb(path);
    rewrite(before, 300, 20, random);
    await before.put(keyOf(1), sealed(keyOf(1), 10, random));
    const meta = readFileSync(path).subarray(0, 2 * PAGE);
    const value = Buffer.from(before.get(keyOf(1)) as Buffer);
    await before.put(keyOf(1), sealed(keyOf(1), 10, random));
    await before.close();
    const bytes = readFileSync(path);
    meta.copy(bytes);
    writeFileSync(path, bytes);
    rmSync(`${path}-lock`);
    expect(check(path)).toBeUndefined();
    const after = openLmdb(path);
    expect(after.get(keyOf(1))).toEqual(value);
    await after.close();
  });

  test(
    "check - lets no damaged file pass of which LMDB loses an entry or dies",
    { timeout },
    async () => {
      const kinds = [...files];
      const originals = kinds.map(({ path }) => readFileSync(path));
      const outcomes: Record<string, number> = {};
      const failures: string[] = [];
      let left = MUTANT_COUNT;
      // Two processes: while one reads a file, the next is made for the other.
      const damage = async (seed: number): Promise<void> => {
        const own = randomOf(seed);
        const mutants = new LmdbMutants(own);
        const child = new LmdbDamageProcess();
        while (left > 0) {
          left -= 1;
          // The largest file takes as long as all others.
          const which = own(kinds.length);
          const at = kinds[which]?.kind === "many" ? own(kinds.length) : which;
          const original = kinds.at(at) as LmdbFile;
          const mutant = mutants.make(originals.at(at) as Buffer, originals);
          const damaged = join(folder, `damaged-${left}.mdb`);
          writeFileSync(damaged, mutant.bytes);
          let outcome = "found";
          if (check(damaged, original) === undefined) {
            const answer = await child.use({ damaged, original, seed: own(2 ** 31) });
            const later = check(damaged, original);
            outcome = answer === "right" && later === undefined ? "harmless" : "missed";
            // As sound as the one in whose place it is: nothing in a page tells whose it is.
            const isOfAnother = mutant.damage === "a page of another file" && later === undefined;
            if (isOfAnother && answer === "Error: has a wrong entry") outcome = "exchanged";
            if (outcome === "missed") {
              const kept = join(tmpdir(), `busline-missed-${SEED}-${left}.mdb`);
              copyFileSync(original.path, `${kept}.original`);
              writeFileSync(kept, mutant.bytes);
              failures.push(
                `${original.kind}, ${mutant.damage}, ${kept}: ${later?.problem ?? answer}`,
              );
            }
            rmSync(`${damaged}-lock`, { force: true });
          }
          rmSync(damaged, { force: true });
          const what = `${mutant.damage}: ${outcome}`;
          outcomes[what] = (outcomes[what] ?? 0) + 1;
        }
        child.end();
      };
      await Promise.all([damage(SEED + 1), damage(SEED + 2)]);
      console.log(outcomes);
      expect(failures).toEqual([]);
    },
  );
});
