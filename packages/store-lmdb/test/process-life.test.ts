import { existsSync } from "node:fs";
import path from "node:path";
import { describe, expect, test, vi } from "vitest";
import type { EngineThread as Thread } from "../src/engine-thread.ts";
import { EngineThread } from "../src/engine-thread.ts";
import { LmdbStore } from "../src/lmdb-store.ts";
import { contentsAt, newFolder, put } from "./store-fixture.ts";
import { StoreProcess } from "./store-process.ts";

// Real processes: there is no other way to see one end, or not.
describe("process life", { timeout: 60_000 }, () => {
  test("process - ends with an idle store open, which gives up its lock and loses nothing", async () => {
    const folder = newFolder();
    const script = `await store.commit([put("a")], "process"); console.log("idle");`;
    expect(await new StoreProcess(folder, script).end()).toEqual({ exit: 0, lines: ["idle"] });
    expect(existsSync(path.join(folder, "lock"))).toBe(false);
    expect(await contentsAt(folder)).toEqual({ a: "a" });
  });

  test("process - lives as long as something is going on in a store", async () => {
    const folder = newFolder();
    const script = `
      store.commit([put("a")], "stable").then(async () => {
        console.log("stable");
        console.log((await store.get(["none"])).length);
        console.log((await store.read({ from: "a", to: "b" }, { entries: 1, bytes: 1 })).length);
        await store.close();
        console.log("closed");
      });`;
    const lines = ["stable", "1", "1", "closed"];
    expect(await new StoreProcess(folder, script).end()).toEqual({ exit: 0, lines });
  });

  test("process - of which the store's thread ends knows that the store has failed", async () => {
    let thread: Thread | undefined;
    const startEngine = (folder: string, lost: ConstructorParameters<typeof Thread>[1]): Thread => {
      thread = new EngineThread(folder, lost);
      return thread;
    };
    const store = new LmdbStore(newFolder(), {}, { startEngine });
    await store.open();
    await store.commit([put("a")], "stable");
    const ending = thread?.end();
    // It has been told to end and answers nothing any more, but is not yet gone.
    const reading = store.get(["none"]);
    await Promise.all([ending, expect(reading).rejects.toThrow(/its thread has ended$/)]);
    const failed = {
      code: "BUSLINE_STORE_FAILED",
      message: expect.stringMatching(/its thread has ended$/),
    };
    await vi.waitFor(() =>
      expect(store.commit([put("b")], "process")).rejects.toMatchObject(failed),
    );
    await expect(store.close()).rejects.toMatchObject(failed);
    expect(await contentsAt(store.name)).toEqual({ a: "a" });
  });
});
