import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const folders = createRequire(import.meta.url).resolve.paths("busline") ?? [];

/** The version of a package as the benchmarks find it, without loading it; nothing if it is not installed. */
export function installedVersion(name: string): string | undefined {
  for (const folder of folders) {
    try {
      const text = readFileSync(path.join(folder, name, "package.json"), "utf8");
      return (JSON.parse(text) as { readonly version?: string }).version ?? "unknown";
    } catch {
      // It is in one of the folders further up.
    }
  }
  return undefined;
}
