import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs, { readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import path from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { LmdbStoreParts } from "../src/lmdb-store.ts";
import {
  contentsAt,
  contentsOf,
  errorOf,
  inlineStore,
  newFolder,
  openStore,
} from "./store-fixture.ts";
import { StoreProcess } from "./store-process.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

const isLinux = process.platform === "linux";

function lockOf(folder: string): string {
  return path.join(folder, "lock");
}

/** What this process writes into its lock, changed. */
async function lockWith(folder: string, changes: object): Promise<string> {
  const store = await openStore(folder);
  const owner = JSON.parse(readFileSync(lockOf(folder), "utf8")) as object;
  await store.close();
  const text = JSON.stringify({ ...owner, token: "another", ...changes });
  writeFileSync(lockOf(folder), text);
  return text;
}

/** What is said when a store is not opened. */
async function refusalOf(folder: string): Promise<unknown> {
  const startEngine = vi.fn<LmdbStoreParts["startEngine"]>();
  const refusal = await errorOf(inlineStore(folder, { startEngine }).open());
  // It is told at once: nothing has been begun with, and nothing is left.
  assert.equal(startEngine.mock.calls.length, 0);
  const names = fs.readdirSync(folder).filter((name) => name.startsWith("lock."));
  assert.deepEqual(
    names.filter((name) => name !== "lock.mdb"),
    [],
  );
  return refusal;
}

function locked(text: string): object {
  return {
    code: "BUSLINE_STORE_LOCKED",
    message: expect.stringMatching(new RegExp(text.replaceAll("/", String.raw`\/`), "u")),
  };
}

describe("lock", { timeout: 30_000 }, () => {
  test.each(["another process has taken it", "its folder is deleted"])(
    "lock - nothing is acknowledged any more when %s",
    async (how) => {
      const folder = newFolder();
      const store = await openStore(folder);
      const put = (key: string) => store.commit([{ key, value: Uint8Array.of(1) }], "stable");
      await put("a");
      if (how === "its folder is deleted") {
        rmSync(folder, { recursive: true });
      } else {
        // As a process does it that takes the first one for dead.
        fs.renameSync(lockOf(folder), `${lockOf(folder)}.stale`);
        writeFileSync(lockOf(folder), "another");
      }
      const lost = {
        code: "BUSLINE_STORE_FAILED",
        message: expect.stringMatching(/lost its lock$/),
      };
      await expect(put("b")).rejects.toMatchObject(lost);
      await expect(put("c")).rejects.toMatchObject(lost);
      await expect(store.close()).rejects.toMatchObject(lost);
    },
  );

  test.skipIf(!isLinux)(
    "lock - a process that has ended counts as such before its parent knows",
    async () => {
      const folder = newFolder();
      const store = await openStore(folder);
      await store.close();
      // A shell that is stopped does not ask how its child has ended.
      const shell = spawn("sh", ["-c", "sleep 60 & echo $!; wait"]);
      const [output] = (await once(shell.stdout, "data")) as [Buffer];
      const pid = Number(output.toString());
      const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
      const startedAt = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
      await lockWith(folder, { pid, startedAt });
      expect(await refusalOf(folder)).toMatchObject(locked(`is open in process ${pid}`));
      process.kill(shell.pid as number, "SIGSTOP");
      process.kill(pid, "SIGKILL");
      await vi.waitFor(() => expect(readFileSync(`/proc/${pid}/stat`, "latin1")).toContain(") Z "));
      const again = await openStore(folder);
      await again.close();
      process.kill(shell.pid as number, "SIGKILL");
    },
  );

  test("lock - one that is taken away and put back at once goes on", async () => {
    const folder = newFolder();
    const store = await openStore(folder);
    fs.renameSync(lockOf(folder), `${lockOf(folder)}.stale`);
    const read = vi.spyOn(fs, "readFileSync");
    const committing = store.commit([{ key: "a", value: Uint8Array.of(1) }], "stable");
    const looked = (): void => expect(read).toHaveBeenCalledWith(lockOf(folder), "utf8");
    await vi.waitFor(looked, { interval: 1 });
    fs.renameSync(`${lockOf(folder)}.stale`, lockOf(folder));
    await expect(committing).resolves.toBeUndefined();
    await store.close();
  });

  test("lock - another process has the store until it is killed, also while it is stopped", async () => {
    const folder = newFolder();
    const script = `
      await store.commit([put("a")], "process");
      console.log("open");
      setInterval(() => {}, 1e6);`;
    const child = new StoreProcess(folder, script);
    await child.told("open");
    expect(await refusalOf(folder)).toMatchObject(locked(`is open in process ${child.pid}$`));
    child.signal("SIGSTOP");
    expect(await refusalOf(folder)).toMatchObject(locked(`is open in process ${child.pid}$`));
    await child.kill();
    expect(await contentsAt(folder)).toEqual({ a: "a" });
  });

  test("lock - this process has it, by whichever name the folder is called", async () => {
    const folder = newFolder();
    const link = path.join(newFolder(), "link");
    symlinkSync(folder, link);
    const store = await openStore(folder);
    for (const name of [folder, link, path.relative(process.cwd(), folder)]) {
      const text = `is open in this process, ${process.pid}$`;
      expect(await refusalOf(name)).toMatchObject(locked(text));
    }
    await store.close();
    expect(fs.existsSync(lockOf(folder))).toBe(false);
    const again = await openStore(link);
    await again.close();
  });

  test("lock - is taken from a process that is no more", async () => {
    const folder = newFolder();
    // Above what a system gives out.
    await lockWith(folder, { pid: 2 ** 22 + 1 });
    const store = await openStore(folder);
    expect(await refusalOf(folder)).toMatchObject(locked("is open in this process"));
    await store.close();
  });

  test.runIf(isLinux)(
    "lock - is taken from one whose number another process has by now",
    async () => {
      const folder = newFolder();
      await lockWith(folder, { pid: process.ppid });
      const store = await openStore(folder);
      await store.close();
      await lockWith(folder, { boot: "an earlier one" });
      expect(await contentsOf(await openStore(folder))).toEqual({});
    },
  );

  test("lock - is taken from an earlier process with the number of this one", async () => {
    const folder = newFolder();
    await lockWith(folder, { startedAt: undefined, boot: undefined });
    expect(await contentsAt(folder)).toEqual({});
  });

  test("lock - of a process that nothing more is known about is respected as long as there is one", async () => {
    const folder = newFolder();
    await lockWith(folder, { pid: process.ppid, startedAt: undefined, boot: undefined });
    expect(await refusalOf(folder)).toMatchObject(locked(`is open in process ${process.ppid}$`));
  });

  test("lock - of another host, or of nobody knows whom, is for the user to delete", async () => {
    const folder = newFolder();
    await lockWith(folder, { host: `not-${hostname()}` });
    const text = `is open on "not-.*delete ${lockOf(folder)} if that host is gone`;
    expect(await refusalOf(folder)).toMatchObject(locked(text));
    for (const content of ["", "{}", "null", '{"pid":-1,"host":"a","token":"b"}']) {
      writeFileSync(lockOf(folder), content);
      const who = `is locked by nobody knows whom; delete ${lockOf(folder)}`;
      expect(await refusalOf(folder)).toMatchObject(locked(who));
    }
    rmSync(lockOf(folder));
    expect(await contentsAt(folder)).toEqual({});
  });

  test("lock - that somebody takes at the same moment is given back", async () => {
    const folder = newFolder();
    await lockWith(folder, { pid: 2 ** 22 + 1 });
    const theirs = JSON.stringify({ pid: process.ppid, host: hostname(), token: "theirs" });
    const rename = fs.renameSync;
    vi.spyOn(fs, "renameSync").mockImplementationOnce((from, to) => {
      writeFileSync(lockOf(folder), theirs);
      rename(from, to);
    });
    expect(await refusalOf(folder)).toMatchObject(locked(`is open in process ${process.ppid}$`));
    expect(readFileSync(lockOf(folder), "utf8")).toBe(theirs);
  });

  test("lock - works where a file can have one name only", async () => {
    const folder = newFolder();
    vi.spyOn(fs, "linkSync").mockImplementation(() => {
      throw Object.assign(new Error("on purpose"), { code: "EPERM" });
    });
    const store = await openStore(folder);
    expect(await refusalOf(folder)).toMatchObject(locked("is open in this process"));
    await store.close();
    await lockWith(folder, { pid: 2 ** 22 + 1 });
    expect(await contentsAt(folder)).toEqual({});
  });

  test("lock - of somebody else is not removed by closing", async () => {
    const folder = newFolder();
    const store = await openStore(folder);
    writeFileSync(lockOf(folder), "theirs");
    await store.close();
    expect(readFileSync(lockOf(folder), "utf8")).toBe("theirs");
  });
});
