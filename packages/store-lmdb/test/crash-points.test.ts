import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { StoreError } from "busline";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Dice } from "./dice.ts";
import { InlineEngine } from "./inline-engine.ts";
import { DiskModel, type Luck } from "./disk-model.ts";
import { NumberedCommits } from "./numbered-commits.ts";
import {
  contentsAt,
  copyOf,
  errorOf,
  inlineStore,
  logsIn,
  newFolder,
  openStore,
  SMALL,
} from "./store-fixture.ts";
import { WatchedFiles } from "./watched-files.ts";

beforeEach(() => {
  vi.spyOn(process, "emitWarning").mockImplementation(() => {});
});

afterEach(() => {
  vi.restoreAllMocks();
});

const COMMITS = 12;
/** Of the images of a disk, for each place. */
const IMAGES = process.env["BUSLINE_LONG"] === undefined ? 2 : 60;
const SEED = process.env["BUSLINE_LONG"] === undefined ? 1 : Date.now();

/** A store's life: commits one by one and some at a time, folds, closing. */
async function live(folder: string, files: WatchedFiles, commits: NumberedCommits): Promise<void> {
  // While LMDB takes over a log, too.
  const startEngine = (real: string): InlineEngine => {
    return new InlineEngine(real, files, () => files.watch("write", 0));
  };
  const store = inlineStore(folder, { files, limits: SMALL, startEngine });
  await store.open();
  while (commits.called < COMMITS) {
    await commits.commit(store, "stable");
    await commits.commit(store, "process");
    await Promise.all([commits.commit(store, "stable"), commits.commit(store, "process")]);
  }
  await store.close();
}

/** What a folder was like before each operation, and what had been acknowledged then. */
interface Moment {
  readonly folder: string;
  readonly operation: string;
  readonly acknowledged: number;
  readonly called: number;
}

/** @returns copies of a folder, one for each operation */
function copiesOf(folder: string, files: WatchedFiles, commits: NumberedCommits): Moment[] {
  const moments: Moment[] = [];
  files.watch = (operation) => {
    const { acknowledged, called } = commits;
    moments.push({ folder: copyOf(folder), operation, acknowledged, called });
  };
  return moments;
}

describe("crash points", { timeout: 60_000 }, () => {
  test("crash - a process that dies anywhere in a store's life loses nothing", async () => {
    const folder = newFolder();
    const files = new WatchedFiles();
    const commits = new NumberedCommits();
    const moments = copiesOf(folder, files, commits);
    await live(folder, files, commits);
    const operations = new Set(moments.map(({ operation }) => operation));
    const all = ["open", "write", "syncData", "sync", "syncFolder", "remove", "rename", "truncate"];
    expect([...operations].toSorted()).toEqual(all.toSorted());
    for (const { folder: copy, acknowledged, called } of moments) {
      const count = NumberedCommits.countIn(await contentsAt(copy));
      expect(count).toBeGreaterThanOrEqual(acknowledged);
      expect(count).toBeLessThanOrEqual(called);
    }
    expect(process.emitWarning).not.toHaveBeenCalled();
  });

  test("crash - one that dies while it recovers loses nothing, and one that dies then neither", async () => {
    const folder = newFolder();
    const commits = new NumberedCommits();
    const store = await openStore(folder, { limits: { bytes: Infinity, changes: 6 } });
    while (commits.called < 3) await commits.commit(store, "process");
    const killed = copyOf(folder);
    expect(logsIn(killed)).toHaveLength(2);
    const dieAtEach = async (from: string, depth: number): Promise<number> => {
      const copy = copyOf(from);
      const files = new WatchedFiles();
      const moments = copiesOf(copy, files, commits);
      expect(NumberedCommits.countIn(await contentsAt(copy, { files }))).toBe(3);
      let count = moments.length;
      if (depth < 2) for (const one of moments) count += await dieAtEach(one.folder, depth + 1);
      return count;
    };
    expect(await dieAtEach(killed, 1)).toBeGreaterThan(100);
    expect(process.emitWarning).not.toHaveBeenCalled();
  });

  test("power - what was acknowledged as stable is there, wherever it fails", async () => {
    const dice = new Dice(SEED);
    const images = await imagesOf({
      choose: (events) => events.slice(0, dice.below(events.length + 1)),
      bytesOf: (length) => dice.below(length + 1),
    });
    expect(images.length).toBeGreaterThan(200);
    for (const { folder, stable, called } of images) {
      const count = NumberedCommits.countIn(await contentsAt(folder));
      expect(count).toBeGreaterThanOrEqual(stable);
      expect(count).toBeLessThanOrEqual(called);
    }
  });

  test("power - on a disk that writes in any order, it is there, or the store is refused as it is", async () => {
    const dice = new Dice(SEED);
    const images = await imagesOf({
      choose: (events) => events.filter(() => dice.below(2) === 0),
      bytesOf: (length) => 512 * dice.below(length / 512 + 1),
    });
    const counts: { readonly stable: number; readonly count: number; readonly called: number }[] =
      [];
    const codes = new Set<string>();
    for (const { folder, stable, called } of images) {
      const before = logsIn(folder).map((log) => readFileSync(log));
      const opening = contentsAt(folder);
      const refusal = await errorOf(opening);
      if (refusal === undefined) {
        counts.push({ stable, count: NumberedCommits.countIn(await opening), called });
      } else {
        codes.add((refusal as StoreError).code);
        assert.deepEqual(
          logsIn(folder).map((log) => readFileSync(log)),
          before,
        );
      }
    }
    expect(counts.filter(({ stable, count, called }) => count < stable || count > called)).toEqual(
      [],
    );
    expect([...codes]).toEqual(["BUSLINE_STORE_DAMAGED"]);
    expect(counts.length).toBeGreaterThan(images.length / 2);
  });
});

interface Image {
  readonly folder: string;
  readonly stable: number;
  readonly called: number;
}

/** Lets power fail before each operation, some times each. */
async function imagesOf(luck: Luck): Promise<Image[]> {
  const folder = newFolder();
  const files = new DiskModel();
  const commits = new NumberedCommits();
  const images: Image[] = [];
  files.watch = () => {
    for (let number = 0; number < IMAGES; number += 1) {
      const image = newFolder();
      const { stable, called } = commits;
      files.makeImage(folder, image, luck);
      images.push({ folder: image, stable, called });
    }
  };
  await live(folder, files, commits);
  return images;
}
