import assert from "node:assert/strict";
import * as fc from "fast-check";
import type { StoreChange } from "busline";
import { expect, test } from "vitest";
import { contentsAt, copyOf, newFolder, openStore } from "./store-fixture.ts";

const RUNS = process.env["BUSLINE_LONG"] === undefined ? 40 : 2_000;

const key = fc.integer({ min: 0, max: 60 }).map((at) => `k/${at.toString(36)}`);
const value = fc.option(fc.uint8Array({ maxLength: 20 }), { nil: undefined });
const changes: fc.Arbitrary<StoreChange[]> = fc.array(fc.record({ key, value }), { maxLength: 6 });
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("commit" as const), changes }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("read" as const),
      from: key,
      to: key,
      entries: fc.integer({ min: 0, max: 8 }),
      bytes: fc.integer({ min: 0, max: 60 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("count" as const), from: key, to: key }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("get" as const), keys: fc.array(key) }) },
);

/** The same, in a map. */
class Model {
  readonly values = new Map<string, Uint8Array>();

  commit(all: readonly StoreChange[]): void {
    for (const { key: changed, value: now } of all) {
      if (now === undefined) this.values.delete(changed);
      else this.values.set(changed, now);
    }
  }

  keysIn(from: string, to: string): string[] {
    return [...this.values.keys()].filter((one) => one >= from && one < to).toSorted();
  }

  read(from: string, to: string, entries: number, bytes: number): [string, number[]][] {
    const found: [string, number[]][] = [];
    let left = bytes;
    for (const one of this.keysIn(from, to)) {
      if (found.length >= entries || left <= 0) break;
      const bytesOfIt = [...(this.values.get(one) as Uint8Array)];
      found.push([one, bytesOfIt]);
      left -= bytesOfIt.length;
    }
    return found;
  }
}

function listOf(bytes: Uint8Array | undefined): number[] | undefined {
  return bytes === undefined ? undefined : Array.from(bytes);
}

test("store - answers as a map would, whatever lies in logs, in LMDB or on the way between", async () => {
  const steps = fc.array(step, { minLength: 5, maxLength: 40 });
  const run = fc.asyncProperty(steps, fc.integer({ min: 1, max: 20 }), async (all, folds) => {
    const model = new Model();
    const store = await openStore(newFolder(), { limits: { bytes: Infinity, changes: folds } });
    for (const one of all) {
      if (one.kind === "commit") {
        model.commit(one.changes);
        // Some folds begin before others have ended.
        await store.commit(one.changes, "process");
      } else if (one.kind === "read") {
        const { from, to, entries, bytes } = one;
        const read = await store.read({ from, to }, { entries, bytes });
        const found = read.map((entry) => [entry.key, listOf(entry.value)]);
        assert.deepEqual(found, model.read(from, to, entries, bytes));
      } else if (one.kind === "count") {
        const { from, to } = one;
        assert.equal(await store.count({ from, to }), model.keysIn(from, to).length);
      } else {
        const values = await store.get(one.keys);
        const expected = one.keys.map((wanted) => model.values.get(wanted));
        assert.deepEqual(values.map(listOf), expected.map(listOf));
      }
    }
    const texts = [...model.values].map(([one, bytes]) => [one, Buffer.from(bytes).toString()]);
    expect(await contentsAt(copyOf(store.name))).toEqual(Object.fromEntries(texts));
    await store.close();
  });
  await fc.assert(run, { numRuns: RUNS });
}, 120_000);
