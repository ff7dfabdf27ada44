import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { arch, cpus, platform, totalmem } from "node:os";
import path from "node:path";
import type { NodeBinary } from "./node-binary.ts";
import type { Environment } from "./scenario-result.ts";

interface PackageFile {
  readonly version?: string;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** The folder of the repository: further up from the sources than from what is compiled. */
export const root: string = folderWith("tsconfig.base.json", import.meta.dirname);

export function environmentOf({ version, v8 }: NodeBinary): Environment {
  return {
    node: version,
    v8,
    system: `${platform()} ${arch()}`,
    processor: cpus()[0]?.model.trim() ?? "unknown",
    cores: cpus().length,
    memory: Math.round(totalmem() / 1_024 ** 3),
    revision: revision(),
    peers: peersVersions(),
  };
}

/** @returns what git answers, or nothing when it fails */
export function git(...words: string[]): string | undefined {
  const { status, stdout } = spawnSync("git", words, { cwd: root, encoding: "utf8" });
  return status === 0 ? stdout.trim() : undefined;
}

function folderWith(file: string, folder: string): string {
  if (existsSync(path.join(folder, file))) return folder;
  const parent = path.dirname(folder);
  // Beside a copy of what is compiled there is no repository.
  return parent === folder ? import.meta.dirname : folderWith(file, parent);
}

function revision(): string {
  const head = git("rev-parse", "--short=12", "HEAD");
  if (head === undefined) return "unknown";
  return git("status", "--porcelain", "packages/busline") === "" ? head : `${head}-dirty`;
}

function peersVersions(): Record<string, string> {
  const own = path.join(root, "benchmarks/package.json");
  const names = Object.keys(readPackage(own).devDependencies ?? {}).filter(
    (name) => name !== "busline" && !name.startsWith("@types/"),
  );
  const folders = createRequire(own).resolve.paths("busline") ?? [];
  return Object.fromEntries(names.map((name) => [name, installedVersion(name, folders)]));
}

function installedVersion(name: string, folders: readonly string[]): string {
  for (const folder of folders) {
    try {
      return readPackage(path.join(folder, name, "package.json")).version ?? "unknown";
    } catch {
      // It is in one of the folders further up.
    }
  }
  return "missing";
}

function readPackage(file: string): PackageFile {
  return JSON.parse(readFileSync(file, "utf8")) as PackageFile;
}
