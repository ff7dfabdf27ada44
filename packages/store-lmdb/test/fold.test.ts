import { existsSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { Gate, soFar } from "./gate.ts";
import { InlineEngine } from "./inline-engine.ts";
import type { LmdbStore } from "../src/lmdb-store.ts";
import { nodeFiles } from "../src/file-operations.ts";
import {
  ALL,
  asTexts,
  contentsAt,
  contentsOf,
  copyOf,
  drop,
  logsIn,
  newFolder,
  openStore,
  put,
  SMALL,
} from "./store-fixture.ts";
import { systemError } from "./watched-files.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

/** A store that folds after five changes, with its engine. */
async function openFolding(): Promise<{ store: LmdbStore; engine: InlineEngine }> {
  let engine: InlineEngine | undefined;
  const startEngine = (folder: string): InlineEngine => {
    engine = new InlineEngine(folder, nodeFiles);
    return engine;
  };
  const store = await openStore(newFolder(), { limits: SMALL, startEngine });
  return { store, engine: engine as InlineEngine };
}

/** A commit for each. */
function commitAll(store: LmdbStore, from: number, to: number): Promise<void>[] {
  const commits: Promise<void>[] = [];
  for (let at = from; at < to; at += 1) commits.push(store.commit([put(keyOf(at))], "process"));
  return commits;
}

function keyOf(at: number): string {
  return `k/${String(at).padStart(4, "0")}`;
}

describe("fold", () => {
  test("fold - has LMDB take over a log that has grown, and removes it", async () => {
    const { store, engine } = await openFolding();
    const gate = new Gate();
    await Promise.all(commitAll(store, 0, 4));
    expect(logsIn(store.name).map((log) => path.basename(log))).toEqual(["log-0000000001"]);
    engine.beforeFold = gate.pass;
    await Promise.all(commitAll(store, 4, 5));
    await gate.reached;
    const names = (): string[] => logsIn(store.name).map((log) => path.basename(log));
    expect(names()).toEqual(["log-0000000001", "log-0000000002"]);
    gate.open();
    await vi.waitFor(() => expect(names()).toEqual(["log-0000000002"]));
    expect(Object.keys(await contentsOf(store))).toEqual([0, 1, 2, 3, 4].map(keyOf));
  });

  test("fold - lets commits and reads go on meanwhile, and mixes what lies in three places", async () => {
    const { store, engine } = await openFolding();
    await store.commit(
      [0, 1, 2, 3, 4].map((at) => put(keyOf(at), "LMDB")),
      "process",
    );
    await vi.waitFor(() => expect(logsIn(store.name)).toHaveLength(1));
    const gate = new Gate();
    engine.beforeFold = gate.pass;
    const folded = [
      put(keyOf(1), "old"),
      drop(keyOf(2)),
      put(keyOf(5), "old"),
      put(keyOf(6), "old"),
    ];
    await store.commit([...folded, drop("none")], "process");
    await gate.reached;
    await store.commit([put(keyOf(2), "new"), drop(keyOf(3)), drop(keyOf(5))], "process");
    const expected = {
      [keyOf(0)]: "LMDB",
      [keyOf(1)]: "old",
      [keyOf(2)]: "new",
      [keyOf(4)]: "LMDB",
      [keyOf(6)]: "old",
    };
    expect(await contentsOf(store)).toEqual(expected);
    expect(await store.count(ALL)).toBe(5);
    const values = await store.get([0, 1, 2, 3, 4, 5, 6].map(keyOf));
    expect(values.map((value) => value?.toString())).toEqual([
      "LMDB",
      "old",
      "new",
      undefined,
      "LMDB",
      undefined,
      "old",
    ]);
    const some = await store.read({ from: keyOf(1), to: keyOf(6) }, { entries: 2, bytes: 100 });
    expect(asTexts(some)).toEqual({ [keyOf(1)]: "old", [keyOf(2)]: "new" });
    gate.open();
    await vi.waitFor(() => expect(logsIn(store.name)).toHaveLength(1));
    expect(await contentsOf(store)).toEqual(expected);
  });

  test("fold - a read that was asked for before it ended has what LMDB had not yet", async () => {
    const { store, engine } = await openFolding();
    const gate = new Gate();
    engine.beforeFold = gate.pass;
    await Promise.all(commitAll(store, 0, 5));
    await gate.reached;
    const late = new Gate();
    const read = engine.read.bind(engine);
    // LMDB's answer is from before the fold, and comes after it.
    vi.spyOn(engine, "read").mockImplementation(async (order) => {
      const page = await read(order);
      await late.pass();
      return page;
    });
    const contents = contentsOf(store);
    await late.reached;
    gate.open();
    await vi.waitFor(() => expect(logsIn(store.name)).toHaveLength(1));
    late.open();
    expect(Object.keys(await contents)).toEqual([0, 1, 2, 3, 4].map(keyOf));
  });

  test("fold - holds commits back while the log grows too far, and keeps their order", async () => {
    const { store, engine } = await openFolding();
    const gate = new Gate();
    engine.beforeFold = gate.pass;
    await Promise.all(commitAll(store, 0, 5));
    await gate.reached;
    // Eight times five changes fit into the log that is in use meanwhile.
    await Promise.all(commitAll(store, 5, 45));
    const held = [...commitAll(store, 45, 50), store.commit([put(keyOf(45), "again")], "stable")];
    expect(new Set(await soFar(...held))).toEqual(new Set(["pending"]));
    engine.beforeFold = () => {};
    gate.open();
    await Promise.all(held);
    expect(await store.count(ALL)).toBe(50);
    expect((await store.get([keyOf(45)])).map(String)).toEqual(["again"]);
  });

  test("fold - folds what is left when it is closed", async () => {
    const { store } = await openFolding();
    await Promise.all(commitAll(store, 0, 3));
    await store.close();
    expect(logsIn(store.name)).toHaveLength(1);
    rmSync(path.join(store.name, "synced"));
    expect(Object.keys(await contentsAt(store.name))).toEqual([0, 1, 2].map(keyOf));
  });

  test("fold - is tried again, after a while, if there was no room for it", async () => {
    const { store, engine } = await openFolding();
    const now = vi.spyOn(performance, "now").mockReturnValue(0);
    let tries = 0;
    engine.beforeFold = () => {
      tries += 1;
      throw systemError("ENOSPC");
    };
    await Promise.all(commitAll(store, 0, 5));
    await vi.waitFor(() => expect(tries).toBe(1));
    await Promise.all(commitAll(store, 5, 45));
    expect(await soFar(...commitAll(store, 45, 46))).toEqual(["rejected"]);
    await expect(commitAll(store, 45, 46)[0]).rejects.toThrow(
      /has no room left: the disk is full$/,
    );
    expect(tries).toBe(1);
    engine.beforeFold = () => {};
    now.mockReturnValue(250);
    await Promise.all(commitAll(store, 45, 50));
    expect(await store.count(ALL)).toBe(50);
    await store.close();
    expect(Object.keys(await contentsAt(store.name))).toHaveLength(50);
  });

  test("fold - where there is no room for it, a store is closed all the same, and loses nothing", async () => {
    const { store, engine } = await openFolding();
    engine.beforeFold = () => {
      throw systemError("ENOSPC");
    };
    await Promise.all(commitAll(store, 0, 12));
    await store.close();
    expect(logsIn(store.name).length).toBeGreaterThan(1);
    expect(Object.keys(await contentsAt(store.name))).toHaveLength(12);
  });

  test("fold - the store has failed for good if LMDB fails otherwise", async () => {
    const { store, engine } = await openFolding();
    const gate = new Gate();
    engine.beforeFold = async () => {
      await gate.pass();
      throw systemError("EIO");
    };
    await Promise.all(commitAll(store, 0, 5));
    await gate.reached;
    await Promise.all(commitAll(store, 5, 45));
    const held = commitAll(store, 45, 46);
    gate.open();
    await expect(held[0]).rejects.toThrow(/the disk reports an error$/);
    await expect(store.get(["a"])).rejects.toThrow(/the disk reports an error$/);
    await expect(store.close()).rejects.toThrow(/the disk reports an error$/);
    expect(Object.keys(await contentsAt(store.name))).toHaveLength(45);
  });

  test("fold - the store has failed if somebody else has its lock by then", async () => {
    const { store } = await openFolding();
    writeFileSync(path.join(store.name, "lock"), "somebody else's");
    await Promise.all(commitAll(store, 0, 5));
    const text = /it has lost its lock$/;
    await vi.waitFor(() => expect(store.commit([], "process")).rejects.toThrow(text));
    await expect(store.close()).rejects.toThrow(text);
    expect(existsSync(path.join(store.name, "lock"))).toBe(true);
    expect(Object.keys(await contentsAt(copyOf(store.name)))).toHaveLength(5);
  });

  test("fold - finds a damaged log before it gives it to LMDB", async () => {
    const { store, engine } = await openFolding();
    engine.beforeFold = () => writeFileSync(logsIn(store.name)[0] ?? "", "nothing");
    await Promise.all(commitAll(store, 0, 5));
    await vi.waitFor(() =>
      expect(store.commit([], "process")).rejects.toMatchObject({
        code: "BUSLINE_STORE_DAMAGED",
        message: expect.stringMatching(/log-0000000001 has lost its header$/),
      }),
    );
  });
});
