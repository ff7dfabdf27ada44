import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/** The compiled entries of the same benchmarks, each beside a busline of its own. */
export interface Sides {
  readonly base: string;
  readonly present: string;
}

/**
 * Builds the busline of a revision and puts it, and the present one as it is built, each into a
 * folder of its own with a copy of the present benchmarks. All of it is in one temporary folder,
 * which is removed when `use` is over or the program is interrupted; git does not know of it.
 */
export async function withSides(
  root: string,
  revision: string,
  use: (sides: Sides) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), "busline-compare-"));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  const interrupted = (): void => {
    remove();
    process.exit(130);
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.on(signal, interrupted);
  try {
    const checkout = path.join(folder, "checkout");
    buildRevision(root, revision, checkout);
    await use({
      base: makeSide(root, checkout, path.join(folder, "base")),
      present: makeSide(root, root, path.join(folder, "present")),
    });
  } finally {
    for (const signal of signals) process.off(signal, interrupted);
    remove();
  }
}

function buildRevision(root: string, revision: string, checkout: string): void {
  mkdirSync(checkout);
  // An index of its own: neither the index of the work tree nor the list of work trees changes.
  const env = { ...process.env, GIT_INDEX_FILE: `${checkout}.index` };
  run("git", ["read-tree", revision], { cwd: root, env });
  run("git", ["checkout-index", "--all", `--prefix=${checkout}/`], { cwd: root, env });
  symlinkSync(path.join(root, "node_modules"), path.join(checkout, "node_modules"), "junction");
  const script = "scripts/build.mjs";
  const words = existsSync(path.join(checkout, script))
    ? [script]
    : ["node_modules/typescript/bin/tsc", "-b", "packages/busline"];
  run(process.execPath, words, { cwd: checkout });
}

/** @returns the entry of its benchmarks */
function makeSide(root: string, source: string, side: string): string {
  for (const file of ["package.json", "dist"]) {
    cpSync(path.join(source, "packages/busline", file), path.join(side, "packages/busline", file), {
      recursive: true,
    });
    cpSync(path.join(root, "benchmarks", file), path.join(side, "benchmarks", file), {
      recursive: true,
    });
  }
  linkPackages(path.join(root, "node_modules"), path.join(side, "node_modules"));
  linkPackages(
    path.join(root, "benchmarks/node_modules"),
    path.join(side, "benchmarks/node_modules"),
  );
  symlinkSync(
    path.join(side, "packages/busline"),
    path.join(side, "node_modules/busline"),
    "junction",
  );
  return path.join(side, "benchmarks/dist/runner/run-contender.js");
}

/** Shares every installed package but busline. */
function linkPackages(from: string, to: string): void {
  if (!existsSync(from)) return;
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from)) {
    if (name === "busline" || name.startsWith(".")) continue;
    symlinkSync(path.join(from, name), path.join(to, name), "junction");
  }
}

function run(command: string, words: readonly string[], options: object): void {
  const { status, stdout, stderr } = spawnSync(command, words, { encoding: "utf8", ...options });
  if (status !== 0) throw new Error(`${command} ${words.join(" ")} failed\n${stdout}${stderr}`);
}
