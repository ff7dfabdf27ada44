import { spawnSync } from "node:child_process";
import { UsageError } from "./bench-options.ts";

/** A Node.js to measure with. */
export interface NodeBinary {
  readonly path: string;
  readonly version: string;
  readonly v8: string;
  readonly major: number;
}

const VERSION = /^\d+(?:\.\d+){0,2}$/;

/** This very Node.js. */
function presentNode(): NodeBinary {
  return binaryOf(process.execPath, process.versions);
}

/** The Node.js at a path, or of a version that npx fetches, once. */
function findNode(versionOrPath: string): NodeBinary {
  const path = VERSION.test(versionOrPath) ? fetchNode(versionOrPath) : versionOrPath;
  const { status, stdout } = spawnSync(path, ["-p", "JSON.stringify(process.versions)"], {
    encoding: "utf8",
  });
  if (status !== 0) throw new UsageError(`--node must be a version or a path, not "${path}"`);
  return binaryOf(path, JSON.parse(stdout) as NodeJS.ProcessVersions);
}

/** The present Node.js and the further ones; each major only once, as it names the results' file. */
export function nodesToMeasure(further: readonly string[]): NodeBinary[] {
  const nodes = [presentNode()];
  for (const asked of further) {
    const node = findNode(asked);
    const twin = nodes.find(({ major }) => major === node.major);
    if (twin === undefined) nodes.push(node);
    else if (twin.version !== node.version) {
      throw new UsageError(`--node ${asked} is Node.js ${node.major}, as ${twin.path} is`);
    }
  }
  return nodes;
}

function binaryOf(path: string, versions: NodeJS.ProcessVersions): NodeBinary {
  const version = versions.node;
  return { path, version, v8: versions.v8, major: Number.parseInt(version, 10) };
}

function fetchNode(version: string): string {
  // npx says on the standard error what it fetches.
  const { status, stdout } = spawnSync(
    "npx",
    ["--yes", `node@${version}`, "-p", "process.execPath"],
    { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], shell: process.platform === "win32" },
  );
  const path = stdout.trim().split("\n").at(-1) ?? "";
  if (status !== 0 || path === "") throw new UsageError(`npx cannot fetch Node.js ${version}`);
  return path;
}
