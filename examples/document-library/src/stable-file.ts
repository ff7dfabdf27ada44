import { randomUUID } from "node:crypto";
import { type FileHandle, open, readdir, rename, rm } from "node:fs/promises";
import path from "node:path";

const UNFINISHED = ".unfinished";

/**
 * Writes a file that, after a kill or a failure of power, is there as it was before or as it is now, never in part: it gets
 * its name when the disk has all of it.
 */
export async function writeStable(file: string, text: string): Promise<void> {
  const unfinished = `${file}.${randomUUID()}${UNFINISHED}`;
  try {
    await write(unfinished, text);
    await rename(unfinished, file);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
  await syncFolder(path.dirname(file));
}

/** Whether it is what a kill has left of a write. */
export function isUnfinished(name: string): boolean {
  return name.endsWith(UNFINISHED);
}

/** Removes that. */
export async function removeUnfinished(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter(isUnfinished);
  await Promise.all(names.map((name) => rm(path.join(folder, name), { force: true })));
}

/** Makes the names in a folder stable. Windows cannot, and does so by itself. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform !== "win32") await withFile(folder, "r", (handle) => handle.sync());
}

function write(file: string, text: string): Promise<void> {
  return withFile(file, "wx", async (handle) => {
    await handle.writeFile(text);
    await handle.sync();
  });
}

async function withFile(
  file: string,
  flags: string,
  use: (handle: FileHandle) => Promise<void>,
): Promise<void> {
  const handle = await open(file, flags, 0o600);
  try {
    await use(handle);
  } finally {
    await handle.close();
  }
}
