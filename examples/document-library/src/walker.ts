import type { Dirent, Stats } from "node:fs";
import { lstat, opendir } from "node:fs/promises";
import path from "node:path";
import { reasonOf } from "./unreadable-reason.ts";

/** A file to be read. Its path is relative to the folder that is walked. */
export interface FoundFile {
  readonly kind: "file";
  readonly path: string;
  readonly size: number;
  readonly mtimeMs: number;
}

/** What a walk comes upon. */
export type Finding =
  | FoundFile
  | { readonly kind: "left aside"; readonly path: string; readonly what: string }
  | { readonly kind: "unreadable"; readonly path: string; readonly reason: string };

/**
 * Walks a folder, one entry at a time and only as fast as the findings are taken. Symbolic links are not followed, so
 * there are no loops. Holds one open folder and the names of those still to come, never a list of files.
 *
 * @param excluded names of folders that are not entered
 * @param own the path of a folder in which the library keeps what is its own, and not a document
 */
export async function* walk(
  folder: string,
  excluded: ReadonlySet<string>,
  own?: string,
): AsyncGenerator<Finding> {
  const toCome = [""];
  for (let current = toCome.pop(); current !== undefined; current = toCome.pop()) {
    try {
      for await (const entry of await opendir(path.join(folder, current))) {
        const entryPath = current === "" ? entry.name : `${current}/${entry.name}`;
        const finding = await look(folder, entryPath, entry);
        if (finding !== "folder") yield finding;
        else if (entryPath === own)
          yield { kind: "left aside", path: entryPath, what: "folder of this library" };
        else if (!excluded.has(entry.name)) toCome.push(entryPath);
        else yield { kind: "left aside", path: entryPath, what: "excluded folder" };
      }
    } catch (error) {
      yield { kind: "unreadable", path: current === "" ? "." : current, reason: reasonOf(error) };
    }
  }
}

async function look(folder: string, entryPath: string, entry: Dirent): Promise<Finding | "folder"> {
  if (entry.isDirectory()) return "folder";
  try {
    // Some file systems do not say in the listing what an entry is.
    const stats = await lstat(path.join(folder, entryPath));
    if (stats.isDirectory()) return "folder";
    if (!stats.isFile()) return { kind: "left aside", path: entryPath, what: whatIs(stats) };
    return { kind: "file", path: entryPath, size: stats.size, mtimeMs: stats.mtimeMs };
  } catch (error) {
    return { kind: "unreadable", path: entryPath, reason: reasonOf(error, entryPath) };
  }
}

function whatIs(stats: Stats): string {
  if (stats.isSymbolicLink()) return "symbolic link";
  if (stats.isFIFO()) return "FIFO";
  return stats.isSocket() ? "socket" : "device file";
}
