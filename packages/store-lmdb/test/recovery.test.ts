import assert from "node:assert/strict";
import {
  copyFileSync,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { crc32 } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { EntryTable } from "../src/entry-table.ts";
import { LOG_HEADER_BYTES } from "../src/log-header.ts";
import { Gate } from "./gate.ts";
import { InlineEngine } from "./inline-engine.ts";
import { nodeFiles } from "../src/file-operations.ts";
import {
  contentsAt,
  copyOf,
  errorOf,
  inlineStore,
  logsIn,
  newFolder,
  openStore,
  put,
  SMALL,
} from "./store-fixture.ts";

const warnings: string[] = [];

beforeEach(() => {
  vi.spyOn(process, "emitWarning").mockImplementation((warning, options) => {
    warnings.push(`${(options as { readonly code: string }).code} ${String(warning)}`);
  });
});

afterEach(() => {
  vi.restoreAllMocks();
  warnings.length = 0;
});

/** What a process leaves that is killed after three commits, and where the last one is. */
async function killedStore(): Promise<{ folder: string; log: string; lastAt: number }> {
  const store = await openStore(newFolder());
  await store.commit([put("a")], "process");
  await store.commit([put("b")], "process");
  const lastAt = statSync(logsIn(store.name)[0] ?? "").size;
  await store.commit([put("c", "some more text")], "process");
  const folder = copyOf(store.name);
  return { folder, log: logsIn(folder)[0] ?? "", lastAt };
}

/** What one leaves that is killed while LMDB takes over the first of two logs. */
async function killedInFold(): Promise<{ folder: string; logs: string[] }> {
  const gate = new Gate();
  const startEngine = (real: string): InlineEngine => {
    const engine = new InlineEngine(real, nodeFiles);
    engine.beforeFold = gate.pass;
    return engine;
  };
  const store = await openStore(newFolder(), { limits: SMALL, startEngine });
  await store.commit(
    ["a", "b", "c", "d", "e"].map((key) => put(key)),
    "process",
  );
  await gate.reached;
  await store.commit([put("f")], "process");
  const folder = copyOf(store.name);
  gate.open();
  return { folder, logs: logsIn(folder) };
}

function damaged(...parts: (string | number)[]): object {
  const text = parts.map((part) => String(part).replaceAll(/[.[\]/\\]/gu, String.raw`\$&`));
  return {
    code: "BUSLINE_STORE_DAMAGED",
    message: expect.stringMatching(new RegExp(text.join(".*"), "u")),
  };
}

/** What is said when a store is not opened, of which nothing may have changed then. */
async function refusalOf(folder: string): Promise<unknown> {
  const before = logsIn(folder).map((log) => readFileSync(log).toString("hex"));
  const refusal = await errorOf(inlineStore(folder).open());
  const after = logsIn(folder).map((log) => readFileSync(log).toString("hex"));
  assert.deepEqual(after, before);
  assert.ok(!existsSync(path.join(folder, "lock")));
  assert.deepEqual(warnings, []);
  return refusal;
}

function flip(file: string, at: number): void {
  const bytes = readFileSync(file);
  bytes[at] = (bytes[at] as number) ^ 0x10;
  writeFileSync(file, bytes);
}

describe("recovery", () => {
  test("recovery - has everything after a kill, and again after the next", async () => {
    const { folder } = await killedStore();
    const store = await openStore(folder);
    await store.commit([put("d")], "process");
    const expected = { a: "a", b: "b", c: "some more text", d: "d" };
    expect(await contentsAt(copyOf(folder))).toEqual(expected);
    await store.close();
    expect(await contentsAt(folder)).toEqual(expected);
    expect(warnings).toEqual([]);
  });

  test("recovery - leaves one log with a header only, and so does closing", async () => {
    const { folder } = await killedStore();
    const lengths = (): number[] => logsIn(folder).map((log) => statSync(log).size);
    const store = await openStore(folder);
    expect(lengths()).toEqual([LOG_HEADER_BYTES]);
    await store.commit([put("d")], "process");
    await store.close();
    expect(lengths()).toEqual([LOG_HEADER_BYTES]);
  });

  test("recovery - sets a last commit aside that was cut off anywhere, and says so once", async () => {
    const { folder, log, lastAt } = await killedStore();
    const { size } = statSync(log);
    for (let end = lastAt + 1; end < size; end += 1) {
      const copy = copyOf(folder);
      const [cut = ""] = logsIn(copy);
      truncateSync(cut, end);
      expect(await contentsAt(copy)).toEqual({ a: "a", b: "b" });
      expect(await contentsAt(copy)).toEqual({ a: "a", b: "b" });
      const aside = `${cut}.torn-1`;
      const text = `has set aside the last ${end - lastAt} bytes of ${cut}, which are no whole commit`;
      expect(warnings).toEqual([
        `BUSLINE_STORE_TORN Store "${copy}" ${text}: they are in ${aside}`,
      ]);
      expect(readFileSync(aside)).toEqual(readFileSync(log).subarray(lastAt, end));
      warnings.length = 0;
    }
    expect(size - lastAt).toBeGreaterThan(40);
  });

  test("recovery - goes on behind a commit that was set aside, and keeps the copies of all", async () => {
    const { folder, log, lastAt } = await killedStore();
    truncateSync(log, lastAt + 5);
    writeFileSync(`${log}.torn-1`, "of an earlier time");
    const store = await openStore(folder);
    await store.commit([put("d")], "stable");
    expect(await contentsAt(copyOf(folder))).toEqual({ a: "a", b: "b", d: "d" });
    expect(statSync(`${log}.torn-2`).size).toBe(5);
  });

  test("recovery - refuses a log that lacks a commit which had been synced", async () => {
    const { folder } = await killedStore();
    const store = await openStore(folder);
    await store.commit([put("d")], "stable");
    const killed = copyOf(folder);
    const [last = ""] = logsIn(killed);
    truncateSync(last, LOG_HEADER_BYTES);
    expect(await refusalOf(killed)).toMatchObject(
      damaged("commits up to 4 were on the disk", last, "ends with 3"),
    );
    const accepting = inlineStore(killed, { options: { acceptTornTail: true } });
    await accepting.open();
    expect(warnings).toEqual([
      expect.stringContaining("lacks what was acknowledged: commits up to 4"),
    ]);
    await accepting.close();
    expect(Object.keys(await contentsAt(killed))).toEqual(["a", "b", "c"]);
  });

  test("recovery - cannot know of a commit at the end that had not been synced", async () => {
    const { folder, log, lastAt } = await killedStore();
    truncateSync(log, lastAt);
    expect(Object.keys(await contentsAt(folder))).toEqual(["a", "b"]);
    expect(warnings).toEqual([]);
  });

  test("recovery - refuses a last commit that is whole and wrong, unless that is accepted", async () => {
    const { folder, log, lastAt } = await killedStore();
    flip(log, statSync(log).size - 1);
    expect(await refusalOf(folder)).toMatchObject(
      damaged(log, `at byte ${lastAt}`, "acceptTornTail"),
    );
    const store = await openStore(folder, { options: { acceptTornTail: true } });
    expect(warnings).toEqual([expect.stringContaining("BUSLINE_STORE_TORN")]);
    await store.close();
    expect(await contentsAt(folder)).toEqual({ a: "a", b: "b" });
  });

  test("recovery - refuses a wrong byte anywhere in the last record's header", async () => {
    const { folder, lastAt } = await killedStore();
    for (let at = lastAt; at < lastAt + 28; at += 1) {
      const copy = copyOf(folder);
      const [log = ""] = logsIn(copy);
      flip(log, at);
      expect(await refusalOf(copy)).toMatchObject(damaged(log, `at byte ${lastAt}`));
    }
  });

  test("recovery - refuses a wrong byte before other commits, whatever is accepted", async () => {
    const { folder, lastAt } = await killedStore();
    for (let at = 0; at < lastAt; at += 1) {
      const copy = copyOf(folder);
      const [log = ""] = logsIn(copy);
      flip(log, at);
      const store = inlineStore(copy, { options: { acceptTornTail: true } });
      await expect(store.open()).rejects.toMatchObject({ code: "BUSLINE_STORE_DAMAGED" });
    }
  });

  test("recovery - refuses a log in which a commit is missing, or stands twice", async () => {
    const { folder, lastAt } = await killedStore();
    const [log = ""] = logsIn(folder);
    const bytes = readFileSync(log);
    const first = bytes.subarray(0, LOG_HEADER_BYTES);
    writeFileSync(log, Buffer.concat([first, bytes.subarray(lastAt)]));
    expect(await refusalOf(folder)).toMatchObject(
      damaged(log, `at byte ${LOG_HEADER_BYTES}`, "commit 3", "1 should"),
    );
    writeFileSync(log, Buffer.concat([bytes, bytes.subarray(lastAt)]));
    expect(await refusalOf(folder)).toMatchObject(
      damaged(log, `at byte ${bytes.length}`, "commit 3", "4 should"),
    );
  });

  test("recovery - does not take what a message brings along for a record", async () => {
    const store = await openStore(newFolder());
    await store.commit([put("a")], "process");
    const [log = ""] = logsIn(store.name);
    const record = readFileSync(log).subarray(LOG_HEADER_BYTES);
    // A record of this very log cannot be known to a sender; one of another store can.
    const other = await openStore(newFolder());
    const value = Buffer.concat([record, Buffer.alloc(10)]);
    await other.commit([{ key: "x", value }], "process");
    const folder = copyOf(other.name);
    const [torn = ""] = logsIn(folder);
    truncateSync(torn, statSync(torn).size - 1);
    expect(await contentsAt(folder)).toEqual({});
    expect(warnings).toHaveLength(1);
  });

  test.each([0, 1])(
    "recovery - refuses a store of which log %i of two is missing",
    async (which) => {
      const { folder, logs } = await killedInFold();
      expect(logs).toHaveLength(2);
      expect(Object.keys(await contentsAt(copyOf(folder)))).toHaveLength(6);
      rmSync(logs[which] ?? "");
      expect(await refusalOf(folder)).toMatchObject(damaged(logs[which] ?? "", "is missing"));
    },
  );

  test("recovery - refuses a store whose only log is missing, or has lost its header", async () => {
    const { folder, log } = await killedStore();
    const copy = copyOf(folder);
    rmSync(log);
    expect(await refusalOf(folder)).toMatchObject(damaged(log, "is missing"));
    const [empty = ""] = logsIn(copy);
    truncateSync(empty, 0);
    expect(await refusalOf(copy)).toMatchObject(damaged(empty, "has no sound header"));
  });

  test("recovery - says so if the second log has lost its header, which power may do to it", async () => {
    const { folder, logs } = await killedInFold();
    truncateSync(logs[1] ?? "", 10);
    expect(Object.keys(await contentsAt(folder))).toEqual(["a", "b", "c", "d", "e"]);
    expect(warnings).toEqual([
      expect.stringContaining(`lacks all that may have been in it, of ${logs[1]}`),
    ]);
  });

  test("recovery - refuses logs that belong elsewhere, or to another place", async () => {
    const { folder, log } = await killedStore();
    const other = await killedStore();
    copyFileSync(other.log, log);
    expect(await refusalOf(folder)).toMatchObject(damaged(log, "belongs to another store"));
    const moved = other.log.replace(/1$/u, "2");
    copyFileSync(other.log, moved);
    expect(await refusalOf(other.folder)).toMatchObject(damaged(moved, "is log 1"));
    renameSync(moved, other.log.replace(/1$/u, "7"));
    expect(await refusalOf(other.folder)).toMatchObject(damaged("log-0000000002", "is missing"));
  });

  test("recovery - refuses a data file that is missing, empty, another store's or of an earlier time", async () => {
    const { folder } = await killedStore();
    const data = path.join(folder, "data.mdb");
    const earlier = copyOf(folder);
    const other = await killedStore();
    rmSync(data);
    expect(await refusalOf(folder)).toMatchObject(damaged(data, "is missing"));
    writeFileSync(data, "");
    expect(await refusalOf(folder)).toMatchObject(damaged(data, "page 0"));
    copyFileSync(path.join(other.folder, "data.mdb"), data);
    expect(await refusalOf(folder)).toMatchObject(
      damaged(data, "is not the one that belongs to it"),
    );
    copyFileSync(path.join(earlier, "data.mdb"), data);
    expect(Object.keys(await contentsAt(folder))).toHaveLength(3);
    copyFileSync(path.join(earlier, "data.mdb"), data);
    expect(await refusalOf(folder)).toMatchObject(damaged("log-0000000001", "is missing"));
  });

  test("recovery - refuses a store without its marker, or with a wrong one", async () => {
    const { folder } = await killedStore();
    const marker = path.join(folder, "STORE");
    const text = readFileSync(marker, "latin1");
    rmSync(marker);
    expect(await refusalOf(folder)).toMatchObject(damaged("STORE is missing"));
    writeFileSync(marker, text.replace("format 1", "format 2"));
    expect(await refusalOf(folder)).toMatchObject(damaged(marker));
    writeFileSync(marker, "");
    expect(await refusalOf(folder)).toMatchObject(damaged(marker));
    rmSync(path.join(folder, "data.mdb"));
    for (const log of logsIn(folder)) rmSync(log);
    writeFileSync(marker, text);
    expect(await refusalOf(folder)).toMatchObject(damaged("data.mdb is missing"));
  });

  test("recovery - refuses an entry of LMDB that is not what was written, when it is read", async () => {
    const store = await openStore(newFolder());
    await store.commit([put("a"), put("b", "SECRET-CONTENTS")], "process");
    await store.close();
    const again = await openStore(store.name);
    const data = path.join(store.name, "data.mdb");
    const bytes = readFileSync(data);
    bytes.set([0x20], bytes.lastIndexOf("SECRET-CONTENTS"));
    writeFileSync(data, bytes);
    const error = { code: "BUSLINE_STORE_DAMAGED", message: expect.stringContaining('"b"') };
    await expect(again.get(["b"])).rejects.toMatchObject(error);
    await expect(
      again.read({ from: "a", to: "z" }, { entries: 5, bytes: 99 }),
    ).rejects.toMatchObject(error);
    await expect(again.get(["b"])).rejects.not.toThrow(/SECRET/);
    expect(String(await again.get(["a"]))).toBe("a");
    await again.close();
    expect(await refusalOf(store.name)).toMatchObject(damaged(data, "page"));
  });
});

describe("version", () => {
  const later = (what: string): object => ({
    code: "BUSLINE_STORE_VERSION",
    message: expect.stringContaining(`was written by a later version: it has ${what}`),
  });

  test("version - refuses a store whose marker is of a later one", async () => {
    const { folder } = await killedStore();
    const marker = path.join(folder, "STORE");
    const body = readFileSync(marker, "latin1").replace("format 1", "format 2").split(", check")[0];
    writeFileSync(
      marker,
      `${body}, check ${crc32(body ?? "")
        .toString(16)
        .padStart(8, "0")}\n`,
    );
    expect(await refusalOf(folder)).toMatchObject(later("files of format 2"));
  });

  test("version - refuses a log of a later one", async () => {
    const { folder, log } = await killedStore();
    const bytes = readFileSync(log);
    bytes[8] = 2;
    bytes.writeUInt32LE(crc32(bytes.subarray(0, 60)), 60);
    writeFileSync(log, bytes);
    expect(await refusalOf(folder)).toMatchObject(later("a log of format 2"));
  });

  test("version - refuses entries in a later one's layout", async () => {
    const { folder } = await killedStore();
    const table = new EntryTable(folder, path.join(folder, "data.mdb"));
    const notes = table.notes();
    if (notes !== undefined) table.change(new Map(), { ...notes, version: 2 });
    await table.close();
    expect(await refusalOf(folder)).toMatchObject(later("layout 2"));
  });
});
