import assert from "node:assert/strict";
import { StoreError } from "busline";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { LmdbStore } from "../src/lmdb-store.ts";
import {
  contentsAt,
  errorOf,
  inlineStore,
  newFolder,
  openStore,
  put,
  SMALL,
} from "./store-fixture.ts";
import { systemError, WatchedFiles, type Watcher } from "./watched-files.ts";

beforeEach(() => {
  vi.spyOn(process, "emitWarning").mockImplementation(() => {});
});

afterEach(() => {
  vi.restoreAllMocks();
});

const COMMITS = 15;

/** What the senders of commits have been told. */
interface Outcome {
  readonly acknowledged: readonly string[];
  readonly refused: readonly string[];
  /** It is not known whether they are there: the disk would not say. */
  readonly unknown: readonly string[];
}

/** Commits one by one and some at a time. Whatever is refused is refused with a `StoreError`. */
async function commitSome(store: LmdbStore): Promise<Outcome> {
  const outcome = { acknowledged: [], refused: [], unknown: [] } as Record<keyof Outcome, string[]>;
  const commit = async (number: number): Promise<void> => {
    const key = `k/${number}`;
    try {
      await store.commit([put(key)], number % 3 === 0 ? "process" : "stable");
      outcome.acknowledged.push(key);
    } catch (error) {
      assert.ok(error instanceof StoreError && error.code === "BUSLINE_STORE_FAILED");
      const isUnknown = String(error).includes("could not make sure");
      outcome[isUnknown ? "unknown" : "refused"].push(key);
    }
  };
  for (let number = 0; number < COMMITS; number += 3) {
    await commit(number);
    await Promise.all([commit(number + 1), commit(number + 2)]);
  }
  return outcome;
}

/** How many operations there are in the life of a store if none fails. */
async function operationCount(): Promise<number> {
  const files = new WatchedFiles();
  const store = await openStore(newFolder(), { files, limits: SMALL });
  const { acknowledged } = await commitSome(store);
  expect(acknowledged).toHaveLength(COMMITS);
  await store.close();
  return files.count;
}

/** Lives with faults, and looks at what is left when there are none any more. */
async function liveWith(watch: Watcher): Promise<Outcome | "not opened"> {
  const files = new WatchedFiles();
  const store = inlineStore(newFolder(), { files, limits: SMALL });
  files.watch = watch;
  const refusal = await errorOf(store.open());
  if (refusal !== undefined) {
    assert.ok(refusal instanceof StoreError && refusal.code === "BUSLINE_STORE_FAILED");
    assert.match(String(refusal.cause), /on purpose/u);
    files.watch = () => {};
    // The same store can be opened when the fault is over.
    await store.open();
  }
  const outcome = await commitSome(store);
  const unclosed = await errorOf(store.close());
  assert.ok(unclosed === undefined || unclosed instanceof StoreError);
  files.watch = () => {};
  const found = new Set(Object.keys(await contentsAt(store.name)));
  assert.deepEqual(
    outcome.acknowledged.filter((key) => !found.has(key)),
    [],
  );
  assert.deepEqual(
    outcome.refused.filter((key) => found.has(key)),
    [],
  );
  return refusal === undefined ? outcome : "not opened";
}

describe("faults", { timeout: 60_000 }, () => {
  test.each(["EIO", "ENOSPC", "EMFILE"])(
    "faults - nothing that was acknowledged is lost, whichever operation fails with %s",
    async (code) => {
      const count = await operationCount();
      let opened = 0;
      let complete = 0;
      for (let at = 1; at <= count; at += 1) {
        const outcome = await liveWith((_, number) => {
          if (number === at) throw systemError(code);
        });
        if (outcome === "not opened") continue;
        opened += 1;
        // A mark that is not written, and a log that is not removed, do no harm.
        if (outcome.acknowledged.length === COMMITS) complete += 1;
      }
      expect(count).toBeGreaterThan(60);
      expect(opened).toBeGreaterThan(count / 2);
      expect(complete).toBeLessThan(opened);
    },
  );

  test("faults - nor if it is the first of many that fail", async () => {
    const count = await operationCount();
    let acknowledgedCount = 0;
    for (let at = 1; at <= count; at += 1) {
      const outcome = await liveWith((_, number) => {
        if (number >= at) throw systemError("EIO");
      });
      if (outcome !== "not opened") acknowledgedCount += outcome.acknowledged.length;
    }
    expect(acknowledgedCount).toBeGreaterThan(COMMITS);
  });

  test("faults - a full disk refuses one commit, and not the next", async () => {
    const count = await operationCount();
    let refusedCount = 0;
    for (let at = 1; at <= count; at += 1) {
      let isWrite = false;
      const outcome = await liveWith((operation, number) => {
        if (number !== at || operation !== "write") return;
        isWrite = true;
        throw systemError("ENOSPC");
      });
      if (!isWrite || outcome === "not opened") continue;
      expect(outcome.unknown).toEqual([]);
      expect(outcome.refused.length).toBeLessThanOrEqual(1);
      refusedCount += outcome.refused.length;
    }
    expect(refusedCount).toBe(COMMITS);
  });
});
