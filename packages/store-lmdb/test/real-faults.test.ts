import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { afterEach, describe, expect, test, type TestContext, vi } from "vitest";
import { LmdbStore } from "../src/lmdb-store.ts";
import { contentsAt, errorOf, inlineStore, newFolder, openStore, put } from "./store-fixture.ts";

const mounted: string[] = [];
const isRoot = process.getuid?.() === 0;

afterEach(() => {
  vi.restoreAllMocks();
  for (const folder of mounted.splice(0)) execFileSync("/bin/umount", ["-l", folder]);
});

/** A disk in memory of 2 MB. */
function smallDisk({ skip }: TestContext): string {
  if (process.platform !== "linux" || !isRoot) skip("only root can mount a small disk, on Linux");
  const folder = newFolder();
  try {
    execFileSync("/bin/mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], {
      stdio: "pipe",
    });
  } catch (error) {
    skip(`mount: ${String(error)}`);
  }
  mounted.push(folder);
  return folder;
}

describe("real faults", { timeout: 60_000 }, () => {
  test("disk - one that is full refuses commits, and when there is room again takes them", async (context) => {
    const disk = smallDisk(context);
    writeFileSync(path.join(disk, "ballast"), Buffer.alloc(1_200_000));
    // Without a thread: it could find the disk full, and look how full it is when there is room again.
    const limits = { bytes: 200_000, changes: 99 };
    const store = await openStore(path.join(disk, "store"), { limits });
    const acknowledged: string[] = [];
    let error: unknown;
    for (let number = 0; error === undefined; number += 1) {
      const key = `k/${number}`;
      try {
        await store.commit([put(key, "x".repeat(10_000))], number % 2 === 0 ? "stable" : "process");
        acknowledged.push(key);
      } catch (thrown) {
        error = thrown;
      }
    }
    expect(error).toMatchObject({
      code: "BUSLINE_STORE_FAILED",
      message: expect.stringMatching(/has no room left: the disk is full$/),
    });
    rmSync(path.join(disk, "ballast"));
    for (let isTaken = false; !isTaken;) {
      isTaken = await store.commit([put("z")], "stable").then(
        () => true,
        () => false,
      );
    }
    expect(Object.keys(await asRead(store)).toSorted()).toEqual([...acknowledged, "z"].toSorted());
    await store.close();
    expect(Object.keys(await contentsAt(store.name))).toHaveLength(acknowledged.length + 1);
  });

  test("disk - one that is full as a store is opened gives an error, and room is all that it needs", async (context) => {
    const disk = smallDisk(context);
    const folder = path.join(disk, "store");
    const ballast = path.join(disk, "ballast");
    const refusals: string[] = [];
    for (let free = 0, isOpened = false; !isOpened; free += 8192) {
      rmSync(ballast, { force: true });
      rmSync(folder, { recursive: true, force: true });
      fill(disk, ballast, free);
      const store = inlineStore(folder);
      const refusal = await errorOf(store.open());
      isOpened = refusal === undefined;
      if (!isOpened) {
        refusals.push(String(refusal));
        assert.ok(!existsSync(path.join(folder, "lock")));
        rmSync(ballast);
        await store.open();
      }
      await store.close();
    }
    expect(refusals.length).toBeGreaterThan(3);
    const text = `StoreError: Store "${folder}" has no room left: the disk is full`;
    expect(new Set(refusals)).toEqual(new Set([text]));
  });

  test("disk - one that cannot be written to gives an error that says so", async (context) => {
    const disk = smallDisk(context);
    const folder = path.join(disk, "store");
    const store = await openStore(folder);
    await store.close();
    execFileSync("/bin/mount", ["-o", "remount,ro", disk]);
    const error = {
      code: "BUSLINE_STORE_FAILED",
      message: `Store "${folder}" lies on a disk that cannot be written to`,
      cause: { code: "EROFS" },
    };
    const again = new LmdbStore(folder);
    await expect(again.open()).rejects.toMatchObject(error);
    execFileSync("/bin/mount", ["-o", "remount,rw", disk]);
    await again.open();
    await again.close();
  });

  test("folder - one without rights gives an error that says so", async ({ skip }) => {
    if (isRoot || process.platform === "win32") skip("rights mean nothing to root");
    const folder = newFolder();
    chmodSync(folder, 0o500);
    await expect(inlineStore(folder).open()).rejects.toMatchObject({
      code: "BUSLINE_STORE_FAILED",
      message: `Store "${folder}" lies where this process may not read and write`,
      cause: { code: "EACCES" },
    });
    chmodSync(folder, 0o700);
    expect(await contentsAt(folder)).toEqual({});
  });

  test("folder - a path that is a file, or inside of one, gives an error", async () => {
    const file = path.join(newFolder(), "file");
    writeFileSync(file, "text");
    for (const folder of [file, path.join(file, "deeper")]) {
      const error = { code: "BUSLINE_STORE_FAILED", cause: { code: expect.stringMatching(/^E/) } };
      await expect(inlineStore(folder).open()).rejects.toMatchObject(error);
    }
    rmSync(file);
    expect(await contentsAt(file)).toEqual({});
  });

  test.skipIf(process.platform === "win32")(
    "folder - is for nobody else to read, whatever the mask is, and so are its files",
    async () => {
      const before = process.umask(0);
      try {
        const store = await openStore(path.join(newFolder(), "a", "b"));
        await store.commit([put("a")], "stable");
        const modeOf = (file: string): number => statSync(file).mode & 0o777;
        expect(modeOf(store.name)).toBe(0o700);
        expect(modeOf(path.dirname(store.name))).toBe(0o700);
        const names = readdirSync(store.name);
        expect(names).toHaveLength(6);
        const modes = names.map((name) => modeOf(path.join(store.name, name)));
        expect(new Set(modes)).toEqual(new Set([0o600]));
        await store.close();
      } finally {
        process.umask(before);
      }
    },
  );

  test.skipIf(process.platform === "win32")(
    "folder - in which everybody may write is used, with a warning",
    async () => {
      const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
      const folder = newFolder();
      expect(await contentsAt(folder)).toEqual({});
      expect(warn).not.toHaveBeenCalled();
      chmodSync(folder, 0o777);
      expect(await contentsAt(folder)).toEqual({});
      const text = `Store "${folder}" lies in a folder in which everybody may write`;
      const options = { type: "BuslineWarning", code: "BUSLINE_STORE_EXPOSED" };
      expect(warn.mock.calls).toEqual([[text, options]]);
    },
  );

  test.each(["data.mdb", "STORE", "log-0000000001", "synced", "lock.mdb"])(
    "folder - refuses a link in the place of %s, and leaves alone where it leads",
    async (name) => {
      const folder = newFolder();
      expect(await contentsAt(folder)).toEqual({});
      const file = path.join(folder, name);
      const elsewhere = path.join(newFolder(), "elsewhere");
      renameSync(file, elsewhere);
      const { mtimeMs } = statSync(elsewhere);
      symlinkSync(elsewhere, file);
      await expect(inlineStore(folder).open()).rejects.toMatchObject({
        code: "BUSLINE_STORE_FAILED",
        message: `Store "${folder}" is refused: ${file} is no ordinary file`,
      });
      expect(statSync(elsewhere).mtimeMs).toBe(mtimeMs);
    },
  );

  test("folder - may have a dot in its name, and other files in it", async () => {
    const folder = path.join(newFolder(), "store.v1");
    mkdirSync(folder);
    writeFileSync(path.join(folder, "notes.txt"), "text");
    const store = await openStore(folder);
    await store.commit([put("a")], "stable");
    await store.close();
    expect(readdirSync(folder).toSorted()).toEqual(
      ["STORE", "data.mdb", "lock.mdb", "log-0000000002", "notes.txt", "synced"].toSorted(),
    );
  });
});

async function asRead(store: LmdbStore): Promise<Record<string, number>> {
  const read = await store.read({ from: "!", to: "~" }, { entries: Infinity, bytes: Infinity });
  return Object.fromEntries(read.map(({ key, value }) => [key, value.length]));
}

/** Fills a disk until so many bytes are left. */
function fill(disk: string, ballast: string, free: number): void {
  const { bavail, bsize } = statfsSync(disk);
  writeFileSync(ballast, Buffer.alloc(Math.max(0, bavail * bsize - free)));
}
