import { statSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Gate, soFar } from "./gate.ts";
import {
  contentsAt,
  contentsOf,
  copyOf,
  drop,
  inlineStore,
  logsIn,
  newFolder,
  openStore,
  put,
} from "./store-fixture.ts";
import { failing, WatchedFiles } from "./watched-files.ts";

/** Counts what is done from now on. */
function counted(files: WatchedFiles): Map<string, number> {
  const counts = new Map<string, number>();
  files.watch = (operation) => counts.set(operation, (counts.get(operation) ?? 0) + 1);
  return counts;
}

describe("commit log", () => {
  test("commit log - shares one sync among the commits that wait", async () => {
    const files = new WatchedFiles();
    const store = await openStore(newFolder(), { files });
    const counts = counted(files);
    const keys = Array.from({ length: 50 }, (_, at) => `k/${at}`);
    await Promise.all(keys.map((key) => store.commit([put(key)], "stable")));
    expect(counts.get("syncData")).toBe(1);
    // One write for each, and one for the mark.
    expect(counts.get("write")).toBe(51);
  });

  test("commit log - gives a stable commit that comes during a sync the next one", async () => {
    const files = new WatchedFiles();
    const gate = new Gate();
    const store = await openStore(newFolder(), { files });
    files.duringSync = gate.pass;
    const first = store.commit([put("first")], "stable");
    await gate.reached;
    const counts = counted(files);
    const second = store.commit([put("second")], "stable");
    const third = store.commit([put("third")], "stable");
    expect(await soFar(first, second, third)).toEqual(["pending", "pending", "pending"]);
    const next = new Gate();
    files.duringSync = next.pass;
    gate.open();
    await first;
    await next.reached;
    expect(await soFar(second, third)).toEqual(["pending", "pending"]);
    next.open();
    await Promise.all([second, third]);
    expect(counts.get("syncData")).toBe(1);
  });

  test("commit log - lets whoever goes on after a sync take part in the next", async () => {
    const files = new WatchedFiles();
    const store = await openStore(newFolder(), { files });
    const counts = counted(files);
    const committer = async (name: string): Promise<void> => {
      for (let at = 0; at < 5; at += 1) await store.commit([put(`${name}/${at}`)], "stable");
    };
    await Promise.all(["a", "b", "c"].map(committer));
    expect(counts.get("syncData")).toBe(5);
  });

  test("commit log - lets them join those who have come during the sync", async () => {
    const files = new WatchedFiles();
    const gate = new Gate();
    const store = await openStore(newFolder(), { files });
    files.duringSync = gate.pass;
    const counts = counted(files);
    const first = store.commit([put("a")], "stable").then(() => store.commit([put("b")], "stable"));
    await gate.reached;
    const second = store.commit([put("c")], "stable");
    files.duringSync = () => {};
    gate.open();
    await Promise.all([first, second]);
    expect(counts.get("syncData")).toBe(2);
  });

  test("commit log - resolves a process commit while a stable one waits for the disk", async () => {
    const files = new WatchedFiles();
    const gate = new Gate();
    const store = await openStore(newFolder(), { files });
    files.duringSync = gate.pass;
    const stable = store.commit([put("stable")], "stable");
    await gate.reached;
    await store.commit([put("process")], "process");
    expect(await soFar(stable)).toEqual(["pending"]);
    expect(await contentsOf(store)).toEqual({ process: "process", stable: "stable" });
    gate.open();
    await stable;
  });

  test("commit log - has a process commit in the file before it resolves", async () => {
    const store = await openStore(newFolder());
    await store.commit([put("a"), put("b")], "process");
    await store.commit([drop("a")], "process");
    expect(await contentsAt(copyOf(store.name))).toEqual({ b: "b" });
  });

  test("commit log - writes what the system takes in pieces", async () => {
    const files = new WatchedFiles();
    const store = await openStore(newFolder(), { files });
    files.mostBytes = 7;
    await store.commit([put("a", "x".repeat(100))], "stable");
    expect(await contentsAt(copyOf(store.name))).toEqual({ a: "x".repeat(100) });
  });

  test("commit log - refuses a commit that cannot be written, and goes on as if it had not been tried", async () => {
    const files = new WatchedFiles();
    const store = await openStore(newFolder(), { files });
    await store.commit([put("a")], "process");
    const [log = ""] = logsIn(store.name);
    const { size } = statSync(log);
    // The second piece fails: the first one is in the file.
    files.mostBytes = 10;
    let pieces = 0;
    files.watch = (operation) => {
      if (operation === "write" && (pieces += 1) === 2) failing("write", "ENOSPC")("write", 0);
    };
    await expect(store.commit([put("b")], "process")).rejects.toMatchObject({
      code: "BUSLINE_STORE_FAILED",
      storeName: store.name,
      message: `Store "${store.name}" has no room left: the disk is full`,
      cause: { code: "ENOSPC" },
    });
    expect(statSync(log).size).toBe(size);
    files.watch = () => {};
    await store.commit([put("c")], "stable");
    expect(await contentsOf(store)).toEqual({ a: "a", c: "c" });
    expect(await contentsAt(copyOf(store.name))).toEqual({ a: "a", c: "c" });
  });

  test("commit log - has failed for good if it cannot take back what is half written", async () => {
    const files = new WatchedFiles();
    const store = await openStore(newFolder(), { files });
    await store.commit([put("a")], "stable");
    files.mostBytes = 10;
    let pieces = 0;
    files.watch = (operation) => {
      if (operation === "write" && (pieces += 1) === 2) failing("write", "EIO")("write", 0);
      failing("truncate", "EIO")(operation, 0);
    };
    const text = /the disk reports an error; what was half written is still there/;
    await expect(store.commit([put("b")], "process")).rejects.toThrow(text);
    files.watch = () => {};
    await expect(store.commit([put("c")], "process")).rejects.toThrow(text);
    await expect(store.get(["a"])).rejects.toThrow(text);
    await expect(store.close()).rejects.toThrow(text);
    expect(await contentsAt(store.name)).toEqual({ a: "a" });
  });

  test("commit log - after a failed sync refuses everything until it is opened anew", async () => {
    const files = new WatchedFiles();
    const store = await openStore(newFolder(), { files });
    await store.commit([put("a")], "stable");
    files.watch = failing("syncData", "EIO");
    const waiting = [store.commit([put("b")], "stable"), store.commit([put("c")], "stable")];
    const failed = {
      code: "BUSLINE_STORE_FAILED",
      message: expect.stringContaining("could not make sure that commits are on the disk"),
      cause: { code: "EIO" },
    };
    for (const commit of waiting) await expect(commit).rejects.toMatchObject(failed);
    // The disk answers again: nothing is tried again.
    const counts = counted(files);
    await expect(store.commit([put("d")], "stable")).rejects.toMatchObject(failed);
    await expect(store.commit([put("d")], "process")).rejects.toMatchObject(failed);
    await expect(
      store.read({ from: "a", to: "z" }, { entries: 1, bytes: 1 }),
    ).rejects.toMatchObject(failed);
    await expect(store.count({ from: "a", to: "z" })).rejects.toMatchObject(failed);
    await expect(store.close()).rejects.toMatchObject(failed);
    expect(counts.size).toBe(0);
    expect(await contentsAt(store.name)).toMatchObject({ a: "a" });
  });

  test("commit log - rejects those that come during a sync that fails", async () => {
    const files = new WatchedFiles();
    const gate = new Gate();
    const store = await openStore(newFolder(), { files });
    files.duringSync = async () => {
      await gate.pass();
      throw new Error("on purpose");
    };
    const first = store.commit([put("a")], "stable");
    await gate.reached;
    const second = store.commit([put("b")], "stable");
    gate.open();
    await expect(first).rejects.toMatchObject({ code: "BUSLINE_STORE_FAILED" });
    await expect(second).rejects.toMatchObject({ code: "BUSLINE_STORE_FAILED" });
  });

  test.each([
    ["an empty key", { key: "", value: undefined }],
    ["a key of 257 characters", { key: "k".repeat(257), value: undefined }],
    ["a key that is not ASCII", { key: "ké", value: undefined }],
    ["a key with a control character", { key: "a\nb", value: undefined }],
    ["a value that is no bytes", { key: "a", value: "text" as unknown as Uint8Array }],
  ])("commit log - refuses %s", async (_, change) => {
    const store = await openStore(newFolder());
    const refused = store.commit([put("good"), change], "process");
    await expect(refused).rejects.toMatchObject({ code: "BUSLINE_STORE_FAILED" });
    expect(await contentsOf(store)).toEqual({});
  });

  test("commit log - keeps keys of 1 and of 256 characters, and every printable one", async () => {
    const store = await openStore(newFolder());
    const printable = String.fromCharCode(...Array.from({ length: 95 }, (_, at) => at + 32));
    const keys = ["k", "k".repeat(256), printable];
    await store.commit(
      keys.map((key) => put(key, "")),
      "process",
    );
    await store.close();
    const again = await openStore(store.name);
    expect((await again.get(keys)).map((value) => value?.length)).toEqual([0, 0, 0]);
  });

  test("store - refuses everything before it is opened and after it is closed", async () => {
    const store = inlineStore(newFolder());
    const uses = (): Promise<unknown>[] => [
      store.get(["a"]),
      store.read({ from: "a", to: "b" }, { entries: 1, bytes: 1 }),
      store.count({ from: "a", to: "b" }),
      store.commit([put("a")], "process"),
    ];
    for (const use of uses()) await expect(use).rejects.toThrow(/is not open$/);
    await store.open();
    await expect(store.open()).rejects.toThrow(/is open, or is being opened$/);
    await Promise.all([store.close(), store.close()]);
    await store.close();
    for (const use of [...uses(), store.open()]) {
      await expect(use).rejects.toMatchObject({
        code: "BUSLINE_STORE_FAILED",
        message: `Store "${store.name}" is closed`,
      });
    }
  });
});
