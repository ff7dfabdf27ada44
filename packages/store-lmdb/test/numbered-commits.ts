import assert from "node:assert/strict";
import type { Durability, StoreChange } from "busline";
import type { LmdbStore } from "../src/lmdb-store.ts";
import { drop, put } from "./store-fixture.ts";

/** Commits of which the contents tell which of them have been made: always the first so many. */
export class NumberedCommits {
  /** So many have been asked for. */
  called = 0;
  /** All up to this one have been acknowledged. */
  acknowledged = 0;
  /** All up to this one must be there when power has failed. */
  stable = 0;

  /** Two keys of which one is dropped again, and one that always changes. */
  static changes(number: number): StoreChange[] {
    return [put(`k/${number}`), put("last", `${number}`), drop(`k/${number - 2}`)];
  }

  async commit(store: LmdbStore, durability: Durability): Promise<void> {
    this.called += 1;
    const number = this.called;
    await store.commit(NumberedCommits.changes(number), durability);
    this.acknowledged = Math.max(this.acknowledged, number);
    if (durability === "stable") this.stable = Math.max(this.stable, number);
  }

  /** @returns how many of them contents are made of */
  static countIn(contents: Readonly<Record<string, string>>): number {
    const count = Number(contents["last"] ?? 0);
    const expected: Record<string, string> = count === 0 ? {} : { last: `${count}` };
    for (const number of [count - 1, count]) {
      if (number > 0) expected[`k/${number}`] = `k/${number}`;
    }
    assert.deepEqual(contents, expected);
    return count;
  }
}
