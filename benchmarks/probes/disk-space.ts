import { readdirSync, statSync } from "node:fs";
import path from "node:path";

/** The system counts what files have in these, whatever the blocks of the disk are. */
const BLOCK_BYTES = 512;

/** How many bytes of the disk the files in a folder have, which may be more or fewer than they are long. */
export function diskSpaceOf(folder: string): number {
  let bytes = 0;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const { blocks, size } = statSync(path.join(entry.parentPath, entry.name));
    // Windows does not tell.
    bytes += blocks === undefined ? size : blocks * BLOCK_BYTES;
  }
  return bytes;
}
