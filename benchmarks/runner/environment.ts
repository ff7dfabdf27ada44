import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { arch, cpus, platform, tmpdir, totalmem } from "node:os";
import path from "node:path";
import { redisServerVersion } from "../peers/redis-server.ts";
import { installedVersion } from "./installed-version.ts";
import { mountOf } from "./mount.ts";
import type { NodeBinary } from "./node-binary.ts";
import type { Environment } from "./scenario-result.ts";

interface PackageFile {
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** The folder of the repository: further up from the sources than from what is compiled. */
export const root: string = folderWith("tsconfig.base.json", import.meta.dirname);

export function environmentOf({ version, v8 }: NodeBinary): Environment {
  const mount = mountOf(tmpdir());
  return {
    node: version,
    v8,
    system: `${platform()} ${arch()}`,
    processor: cpus()[0]?.model.trim() ?? "unknown",
    cores: cpus().length,
    memory: Math.round(totalmem() / 1_024 ** 3),
    revision: revision(),
    peers: { ...peersVersions(), ...serverVersions() },
    ...(mount === undefined ? {} : { disk: `${mount.fileSystem} on ${mount.device}` }),
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
  return git("status", "--porcelain", "packages") === "" ? head : `${head}-dirty`;
}

function peersVersions(): Record<string, string> {
  const own = path.join(root, "benchmarks/package.json");
  const { devDependencies, optionalDependencies } = readPackage(own);
  const names = Object.keys({ ...devDependencies, ...optionalDependencies }).filter(
    (name) => !/^(?:busline$|@busline\/|@types\/)/.test(name),
  );
  return Object.fromEntries(
    names.flatMap((name) => {
      const version = installedVersion(name);
      // What npm may leave out is told of where its contender is.
      if (version === undefined && name in (optionalDependencies ?? {})) return [];
      return [[name, version ?? "missing"]];
    }),
  );
}

function serverVersions(): Record<string, string> {
  const redis = redisServerVersion();
  return redis === undefined ? {} : { "redis-server": redis };
}

function readPackage(file: string): PackageFile {
  return JSON.parse(readFileSync(file, "utf8")) as PackageFile;
}
