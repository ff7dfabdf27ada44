import { describe, expect, test } from "vitest";
import type { Durability, MessageStore, ReadLimits, StoreChange } from "busline";
import type { StoreEntry, StoreRange } from "busline";
import { MemoryStore, storeConformance, type StoreConformanceSubject } from "busline/testing";

const NO_LIMITS: ReadLimits = { entries: Infinity, bytes: Infinity };

/** What a store keeps over a closing: here the store itself. */
function subjectOf(create: () => MessageStore): StoreConformanceSubject {
  return { create, reopen: (store) => store };
}

/** The names of the cases that a store does not pass. */
async function failedCases(create: () => MessageStore): Promise<string[]> {
  const failed: string[] = [];
  for (const { name, run } of storeConformance) {
    try {
      await run(subjectOf(create));
    } catch {
      failed.push(name);
    }
  }
  return failed;
}

describe("MemoryStore", () => {
  test.each(storeConformance)("store - $name", async ({ run }) => {
    await expect(run(subjectOf(() => new MemoryStore()))).resolves.toBeUndefined();
  });

  test("store - says how many changes have been committed, and shows its entries in order", async () => {
    const store = new MemoryStore();
    expect(store.changeCount).toBe(0);
    expect(store.entries).toEqual([]);
    const value = Uint8Array.of(1);
    await store.commit(
      [
        { key: "b", value },
        { key: "a", value },
        { key: "c", value: undefined },
      ],
      "stable",
    );
    expect(store.changeCount).toBe(3);
    expect(store.entries).toEqual([
      { key: "a", value },
      { key: "b", value },
    ]);
  });

  test("store - its codec is plain JSON, and writes what JSON does not have as null", () => {
    const { codec } = new MemoryStore();
    const through = (payload: unknown): unknown => codec.decode(codec.encode(payload));
    expect(through({ a: [1, "ü", null, true] })).toEqual({ a: [1, "ü", null, true] });
    expect(through(undefined)).toBeNull();
    expect(through(() => {})).toBeNull();
    expect(() => codec.encode(1n)).toThrow(TypeError);
  });
});

class ReadsTheEndToo extends MemoryStore {
  override async read(range: StoreRange, limits: ReadLimits): Promise<readonly StoreEntry[]> {
    return super.read({ ...range, to: `${range.to}!` }, limits);
  }
}

class LeavesTheBeginningOut extends MemoryStore {
  override async read(
    { from, to }: StoreRange,
    limits: ReadLimits,
  ): Promise<readonly StoreEntry[]> {
    return super.read({ from: `${from}!`, to }, limits);
  }
}

class ReadsBackwards extends MemoryStore {
  override async read(range: StoreRange, limits: ReadLimits): Promise<readonly StoreEntry[]> {
    return [...(await super.read(range, limits))].toReversed();
  }
}

class OrdersWithoutCase extends MemoryStore {
  override async read(range: StoreRange, limits: ReadLimits): Promise<readonly StoreEntry[]> {
    const entries = await super.read(range, limits);
    return entries.toSorted((a, b) => (a.key.toLowerCase() < b.key.toLowerCase() ? -1 : 1));
  }
}

class ReadsAsManyAsItLikes extends MemoryStore {
  override async read(range: StoreRange, { bytes }: ReadLimits): Promise<readonly StoreEntry[]> {
    return super.read(range, { entries: Infinity, bytes });
  }
}

class ReadsAsMuchAsItLikes extends MemoryStore {
  override async read(range: StoreRange, { entries }: ReadLimits): Promise<readonly StoreEntry[]> {
    return super.read(range, { entries, bytes: Infinity });
  }
}

class EndsBeforeTheLimit extends MemoryStore {
  override async read(range: StoreRange, limits: ReadLimits): Promise<readonly StoreEntry[]> {
    let left = limits.bytes;
    const entries = await super.read(range, { ...limits, bytes: Infinity });
    return entries.filter(({ value }) => {
      left -= value.length;
      return left >= 0;
    });
  }
}

class CountsAll extends MemoryStore {
  override async count(): Promise<number> {
    return this.entries.length;
  }
}

class DeletesFirst extends MemoryStore {
  override async commit(changes: readonly StoreChange[], durability: Durability): Promise<void> {
    const deleted = changes.filter(({ value }) => value === undefined);
    const put = changes.filter(({ value }) => value !== undefined);
    await super.commit([...deleted, ...put], durability);
  }
}

class KeepsTheFirst extends MemoryStore {
  override async commit(changes: readonly StoreChange[], durability: Durability): Promise<void> {
    const seen = new Set<string>();
    const first = changes.filter(({ key }) => !seen.has(key) && seen.add(key));
    await super.commit(first, durability);
  }
}

class NeverDeletes extends MemoryStore {
  override async commit(changes: readonly StoreChange[], durability: Durability): Promise<void> {
    await super.commit(
      changes.filter(({ value }) => value !== undefined),
      durability,
    );
  }
}

class TakesItsTimeToSync extends MemoryStore {
  override async commit(changes: readonly StoreChange[], durability: Durability): Promise<void> {
    if (durability === "stable") await new Promise(setImmediate);
    await super.commit(changes, durability);
  }
}

class TellsTooEarly extends MemoryStore {
  override async commit(changes: readonly StoreChange[], durability: Durability): Promise<void> {
    if (durability === "stable") return super.commit(changes, durability);
    setImmediate(() => void super.commit(changes, durability));
  }
}

class ForgetsWhatWasNotSynced extends MemoryStore {
  readonly #undo: StoreChange[] = [];

  override async commit(changes: readonly StoreChange[], durability: Durability): Promise<void> {
    if (durability === "process") {
      const before = await super.get(changes.map(({ key }) => key));
      this.#undo.unshift(...changes.map(({ key }, at) => ({ key, value: before[at] })));
    }
    await super.commit(changes, durability);
  }

  override async close(): Promise<void> {
    await super.commit(this.#undo.splice(0), "stable");
  }
}

class AnswersInOrderOfKeys extends MemoryStore {
  override async get(keys: readonly string[]): Promise<readonly (Uint8Array | undefined)[]> {
    return super.get(keys.toSorted());
  }
}

class LeavesOutWhatIsMissing extends MemoryStore {
  override async get(keys: readonly string[]): Promise<readonly (Uint8Array | undefined)[]> {
    return (await super.get(keys)).filter((value) => value !== undefined);
  }
}

class StoresTexts extends MemoryStore {
  override async commit(changes: readonly StoreChange[], durability: Durability): Promise<void> {
    const texts = changes.map(({ key, value }) => ({
      key,
      value: value && new TextEncoder().encode(new TextDecoder().decode(value)),
    }));
    await super.commit(texts, durability);
  }
}

class CutsLargeValues extends MemoryStore {
  override async commit(changes: readonly StoreChange[], durability: Durability): Promise<void> {
    const cut = changes.map(({ key, value }) => ({ key, value: value?.subarray(0, 65_536) }));
    await super.commit(cut, durability);
  }
}

class TakesEmptyForNothing extends MemoryStore {
  override async get(keys: readonly string[]): Promise<readonly (Uint8Array | undefined)[]> {
    return (await super.get(keys)).map((value) => (value?.length === 0 ? undefined : value));
  }
}

class ForgetsAllAtTheEnd extends MemoryStore {
  override async close(): Promise<void> {
    const { entries } = this;
    await super.commit(
      entries.map(({ key }) => ({ key, value: undefined })),
      "stable",
    );
  }
}

class CutsLongKeys extends MemoryStore {
  override async get(keys: readonly string[]): Promise<readonly (Uint8Array | undefined)[]> {
    return super.get(keys.map((key) => key.slice(0, 64)));
  }

  override async commit(changes: readonly StoreChange[], durability: Durability): Promise<void> {
    const cut = changes.map(({ key, value }) => ({ key: key.slice(0, 64), value }));
    await super.commit(cut, durability);
  }
}

class ReadsNothingThatIsEmpty extends MemoryStore {
  override async read(range: StoreRange, limits: ReadLimits): Promise<readonly StoreEntry[]> {
    return (await super.read(range, limits)).filter(({ value }) => value.length > 0);
  }
}

class ReadsIntoOneBuffer extends MemoryStore {
  readonly #buffer = new Uint8Array(2_097_152);

  override async read(range: StoreRange, limits: ReadLimits): Promise<readonly StoreEntry[]> {
    const entries = await super.read(range, limits);
    return entries.map(({ key, value }) => {
      this.#buffer.set(value);
      return { key, value: this.#buffer.subarray(0, value.length) };
    });
  }
}

describe("a store with a bug fails the suite", () => {
  test.each([
    CutsLongKeys,
    ReadsNothingThatIsEmpty,
    ReadsIntoOneBuffer,
    ReadsTheEndToo,
    LeavesTheBeginningOut,
    ReadsBackwards,
    OrdersWithoutCase,
    ReadsAsManyAsItLikes,
    ReadsAsMuchAsItLikes,
    EndsBeforeTheLimit,
    CountsAll,
    DeletesFirst,
    KeepsTheFirst,
    NeverDeletes,
    TakesItsTimeToSync,
    TellsTooEarly,
    ForgetsWhatWasNotSynced,
    AnswersInOrderOfKeys,
    LeavesOutWhatIsMissing,
    StoresTexts,
    CutsLargeValues,
    TakesEmptyForNothing,
    ForgetsAllAtTheEnd,
  ])("storeConformance - $name", async (Broken) => {
    expect(await failedCases(() => new Broken())).not.toEqual([]);
  });

  test("storeConformance - a case closes the stores that it has opened, also where it fails", async () => {
    const closed: MessageStore[] = [];
    class Closed extends ReadsBackwards {
      override async close(): Promise<void> {
        closed.push(this);
      }
    }
    const opened: MessageStore[] = [];
    await failedCases(() => {
      const store = new Closed();
      opened.push(store);
      return store;
    });
    expect(new Set(closed)).toEqual(new Set(opened));
    expect((await opened[0]?.read({ from: "!", to: "~" }, NO_LIMITS))?.length).toBeGreaterThan(0);
  });
});
