import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** Runs `npm ci` when node_modules is missing or is not what package-lock.json asks for. */
export function ensureDependencies() {
  if (areDependenciesInstalled()) return;
  console.log("Installing the dependencies with npm ci ...");
  const { status } = spawnSync("npm", ["ci", "--include=dev", "--loglevel=error"], {
    stdio: ["ignore", "ignore", "inherit"],
    shell: process.platform === "win32",
  });
  if (status !== 0) {
    console.error("npm ci failed.");
    process.exit(1);
  }
}

function areDependenciesInstalled() {
  const wanted = lockedPackages("package-lock.json");
  const installed = lockedPackages("node_modules/.package-lock.json");
  return Object.entries(wanted).every(
    ([folder, { version, optional }]) =>
      folder === "" || optional || (folder in installed && installed[folder]?.version === version),
  );
}

/**
 * @param {string} file
 * @returns {Record<string, { version?: string, optional?: boolean }>}
 */
function lockedPackages(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8")).packages;
  } catch {
    return {};
  }
}
