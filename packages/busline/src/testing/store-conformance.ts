import assert from "node:assert/strict";
import type { MessageStore, StoreChange } from "../store/message-store.ts";

/** How a store of your own is made for the suite. */
export interface StoreConformanceSubject {
  /** Makes a store with nothing in it, not opened. */
  create(): MessageStore | Promise<MessageStore>;
  /** Makes another one on what that store, which is closed, has left; not opened. */
  reopen(store: MessageStore): MessageStore | Promise<MessageStore>;
}

/** One thing that a store has to do. */
export interface StoreConformanceCase {
  readonly name: string;
  /** Rejects if the store does not do it. */
  run(subject: StoreConformanceSubject): Promise<void>;
}

const NO_LIMITS = { entries: Infinity, bytes: Infinity };
const ALL = { from: "!", to: "~" };

/** The cases of the suite: a test runner of any kind runs each as a test. */
export const storeConformance: readonly StoreConformanceCase[] = [
  testCase("gives back what was committed, and undefined for what was not", async (open) => {
    const store = await open();
    await store.commit([put("a", 1, 2, 3), put("b")], "stable");
    assert.deepEqual(await valuesOf(store, ["b", "x", "a"]), [[], undefined, [1, 2, 3]]);
  }),
  testCase("keeps every byte of a value", async (open) => {
    const store = await open();
    const bytes = Array.from({ length: 256 }, (_, at) => at);
    await store.commit([put("all", ...bytes)], "process");
    assert.deepEqual(await valuesOf(store, ["all"]), [bytes]);
  }),
  testCase("keeps a value of a megabyte", async (open) => {
    const store = await open();
    const value = new Uint8Array(1_048_576).map((_, at) => at * 31);
    await store.commit([{ key: "large", value }], "stable");
    const [kept] = await store.get(["large"]);
    assert.ok(kept !== undefined && Buffer.compare(kept, value) === 0);
  }),
  testCase(
    "reads in the order of the keys, from the first included to the last left out",
    async (open) => {
      const store = await open();
      await store.commit(
        ["b/2", "a", "b/10", "b", "c", "b/1", "B"].map((key) => put(key, 7)),
        "stable",
      );
      assert.deepEqual(await keysOf(store, "b", "c"), ["b", "b/1", "b/10", "b/2"]);
      assert.deepEqual(await keysOf(store, "!", "~"), ["B", "a", "b", "b/1", "b/10", "b/2", "c"]);
      assert.deepEqual(await keysOf(store, "c", "b"), []);
    },
  ),
  testCase("keeps keys of 256 characters apart that differ in the last one alone", async (open) => {
    const store = await open();
    const [one, other] = ["a".padEnd(255, "/") + "1", "a".padEnd(255, "/") + "2"] as const;
    await store.commit([put(one, 1), put(other, 2)], "stable");
    assert.deepEqual(await valuesOf(store, [one, other]), [[1], [2]]);
    assert.deepEqual(await keysOf(store, one, other), [one]);
    await store.commit([drop(one)], "process");
    assert.deepEqual(await valuesOf(store, [one, other]), [undefined, [2]]);
  }),
  testCase("reads values, each in bytes of its own, and empty ones too", async (open) => {
    const store = await open();
    await store.commit([put("a", 1, 2), put("b"), put("c", 3)], "stable");
    const read = await store.read(ALL, NO_LIMITS);
    assert.deepEqual(
      read.map(({ value }) => Array.from(value)),
      [[1, 2], [], [3]],
    );
  }),
  testCase("reads no more entries than asked for", async (open) => {
    const store = await open();
    await store.commit(
      ["a", "b", "c"].map((key) => put(key, 1)),
      "stable",
    );
    const read = await store.read(ALL, { entries: 2, bytes: Infinity });
    assert.deepEqual(
      read.map(({ key }) => key),
      ["a", "b"],
    );
  }),
  testCase("ends a read with the entry that reaches the limit of bytes", async (open) => {
    const store = await open();
    await store.commit(
      ["a", "b", "c"].map((key) => put(key, 1, 2, 3)),
      "stable",
    );
    const read = await store.read(ALL, { entries: 9, bytes: 4 });
    assert.deepEqual(
      read.map(({ key }) => key),
      ["a", "b"],
    );
  }),
  testCase("counts what is there", async (open) => {
    const store = await open();
    await store.commit(
      ["a/1", "a/2", "b"].map((key) => put(key)),
      "stable",
    );
    await store.commit([drop("a/1")], "process");
    assert.equal(await store.count({ from: "a/", to: "a0" }), 1);
    assert.equal(await store.count(ALL), 2);
    assert.equal(await store.count({ from: "x", to: "y" }), 0);
  }),
  testCase("makes the changes of a commit in their order", async (open) => {
    const store = await open();
    await store.commit([put("a", 1), put("a", 2), put("b", 1), drop("b"), drop("none")], "stable");
    assert.deepEqual(await valuesOf(store, ["a", "b"]), [[2], undefined]);
  }),
  testCase("makes commits in the order of the calls, whatever their durability", async (open) => {
    const store = await open();
    const commits: Promise<void>[] = [];
    for (let at = 0; at < 50; at += 1) {
      commits.push(store.commit([put("a", at)], at % 2 === 0 ? "stable" : "process"));
    }
    await Promise.all(commits);
    assert.deepEqual(await valuesOf(store, ["a"]), [[49]]);
  }),
  testCase("has what a process commit has made when it resolves", async (open) => {
    const store = await open();
    void store.commit([put("s", 1)], "stable").catch(() => {});
    await store.commit([put("p", 1)], "process");
    assert.deepEqual(await keysOf(store, "p", "q"), ["p"]);
  }),
  testCase(
    "keeps everything over a closing, also what was committed last",
    async (open, reopen) => {
      const store = await open();
      const keys = Array.from({ length: 3_000 }, (_, at) => `k/${String(at).padStart(5, "0")}`);
      await store.commit(
        keys.map((key) => put(key, 1, 2)),
        "stable",
      );
      await store.commit([drop(keys[0] as string)], "process");
      void store.commit([put("last", 9)], "process");
      const again = await reopen(store);
      assert.equal(await again.count({ from: "k/", to: "k0" }), 2_999);
      assert.deepEqual(await valuesOf(again, ["last", keys[0] as string]), [[9], undefined]);
    },
  ),
  testCase("reads thousands of entries page by page, with changes between", async (open) => {
    const store = await open();
    const keys = Array.from({ length: 2_500 }, (_, at) => `k/${String(at).padStart(5, "0")}`);
    await store.commit(
      keys.map((key) => put(key, 1)),
      "stable",
    );
    const seen: string[] = [];
    for (let from = "k/"; ;) {
      const page = await store.read({ from, to: "k0" }, { entries: 100, bytes: Infinity });
      if (page.length === 0) break;
      seen.push(...page.map(({ key }) => key));
      await store.commit(
        page.map(({ key }) => drop(key)),
        "process",
      );
      from = `${seen.at(-1) as string}!`;
    }
    assert.deepEqual(seen, keys);
    assert.equal(await store.count(ALL), 0);
  }),
];

type Open = () => Promise<MessageStore>;
type Reopen = (store: MessageStore) => Promise<MessageStore>;

/** A case that has its stores closed when it ends. */
function testCase(
  name: string,
  test: (open: Open, reopen: Reopen) => Promise<void>,
): StoreConformanceCase {
  const run = async (subject: StoreConformanceSubject): Promise<void> => {
    const opened = new Set<MessageStore>();
    const opening = async (store: MessageStore): Promise<MessageStore> => {
      await store.open();
      opened.add(store);
      return store;
    };
    const reopen = async (store: MessageStore): Promise<MessageStore> => {
      opened.delete(store);
      await store.close();
      return opening(await subject.reopen(store));
    };
    try {
      await test(async () => opening(await subject.create()), reopen);
    } finally {
      for (const store of opened) await store.close();
    }
  };
  return { name, run };
}

function put(key: string, ...bytes: number[]): StoreChange {
  return { key, value: Uint8Array.from(bytes) };
}

function drop(key: string): StoreChange {
  return { key, value: undefined };
}

async function keysOf(store: MessageStore, from: string, to: string): Promise<string[]> {
  const read = await store.read({ from, to }, NO_LIMITS);
  return read.map(({ key }) => key);
}

async function valuesOf(
  store: MessageStore,
  keys: readonly string[],
): Promise<(number[] | undefined)[]> {
  const values = await store.get(keys);
  return values.map((value) => (value === undefined ? undefined : Array.from(value)));
}
