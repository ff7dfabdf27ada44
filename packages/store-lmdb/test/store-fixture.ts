import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { StoreChange, StoreEntry } from "busline";
import { afterEach } from "vitest";
import { nodeFiles } from "../src/file-operations.ts";
import { LmdbStore, type LmdbStoreParts } from "../src/lmdb-store.ts";
import type { LmdbStoreOptions } from "../src/lmdb-store-options.ts";
import { InlineEngine } from "./inline-engine.ts";

/** A log is folded after five changes. */
export const SMALL = { bytes: 1_000_000, changes: 5 } as const;
/** No log is ever folded before the store is closed. */
const NEVER = { bytes: Infinity, changes: Infinity } as const;
export const ALL = { from: "!", to: "~" } as const;
const NO_LIMITS = { entries: Infinity, bytes: Infinity } as const;

const MEMORY = "/dev/shm";
const folders: string[] = [];
const stores: LmdbStore[] = [];

afterEach(async () => {
  for (const store of stores.splice(0)) await store.close().catch(() => {});
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A folder in which there is nothing, for the time of the test; in memory if it may be, where a sync takes no time. */
export function newFolder(): string {
  const folder = mkdtempSync(path.join(hasMemory() ? MEMORY : tmpdir(), "busline-lmdb-"));
  folders.push(folder);
  return folder;
}

/** A copy of a store's folder as it is, without its lock: what a process that dies now leaves. */
export function copyOf(folder: string): string {
  const copy = newFolder();
  cpSync(folder, copy, { recursive: true });
  rmSync(path.join(copy, "lock"), { force: true });
  return copy;
}

export interface StoreSetting extends Partial<LmdbStoreParts> {
  readonly options?: LmdbStoreOptions;
}

/** A store without a thread, not opened. */
export function inlineStore(folder: string, setting: StoreSetting = {}): LmdbStore {
  const { options, files = nodeFiles, limits = NEVER, ...parts } = setting;
  const startEngine = (real: string): InlineEngine => new InlineEngine(real, files);
  const store = new LmdbStore(folder, options, { files, limits, startEngine, ...parts });
  stores.push(store);
  return store;
}

/** The same, opened. */
export async function openStore(folder: string, setting?: StoreSetting): Promise<LmdbStore> {
  const store = inlineStore(folder, setting);
  await store.open();
  return store;
}

export function put(key: string, text = key): StoreChange {
  return { key, value: Buffer.from(text) };
}

export function drop(key: string): StoreChange {
  return { key, value: undefined };
}

/** What is in a store, as texts. */
export async function contentsOf(store: LmdbStore): Promise<Record<string, string>> {
  return asTexts(await store.read(ALL, NO_LIMITS));
}

export function asTexts(entries: readonly StoreEntry[]): Record<string, string> {
  return Object.fromEntries(entries.map(({ key, value }) => [key, Buffer.from(value).toString()]));
}

/** What is in a store that is opened for that, and closed. */
export async function contentsAt(
  folder: string,
  setting?: StoreSetting,
): Promise<Record<string, string>> {
  const store = await openStore(folder, setting);
  const contents = await contentsOf(store);
  await store.close();
  return contents;
}

/** What a promise is rejected with; undefined if it is not. */
export function errorOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

/** The paths of a store's logs, in their order. */
export function logsIn(folder: string): string[] {
  const names = readdirSync(folder).filter((name) => /^log-\d+$/u.test(name));
  return names.toSorted().map((name) => path.join(folder, name));
}

/** Containers often have next to nothing. */
function hasMemory(): boolean {
  if (!existsSync(MEMORY)) return false;
  const { bavail, bsize } = statfsSync(MEMORY);
  return bavail * bsize > 512 * 1_048_576;
}
