// Builds the packages: tsc writes the declarations, rolldown the code, as few files as there can be.
// With --and PROJECT, tsc builds that project of the workspace afterwards.
import { spawnSync } from "node:child_process";
import path from "node:path";
import { rolldown } from "rolldown";

const root = path.resolve(import.meta.dirname, "..");
const [option, project] = process.argv.slice(2);

/** In the order in which they need each other: each package's entries, and the name of what they share. */
const packages = [
  {
    folder: "packages/busline",
    entries: { index: "src/index.ts", "testing/index": "src/testing/index.ts" },
    shared: "bus.js",
  },
  {
    folder: "packages/threads",
    entries: { index: "src/index.ts", "thread-program": "src/thread-program.ts" },
    shared: "threads.js",
  },
  {
    folder: "packages/store-lmdb",
    entries: { index: "src/index.ts", "engine-program": "src/engine-program.ts" },
    shared: "store.js",
  },
];

for (const { folder, entries, shared } of packages) {
  compile(folder);
  await bundle(path.join(root, folder), entries, shared);
}
if (option === "--and") compile(project);

/** @param {string | undefined} folder A project of the workspace, or all. */
function compile(folder) {
  const words = [
    "node_modules/typescript/bin/tsc",
    "-b",
    ...(folder === undefined ? [] : [folder]),
  ];
  const { status } = spawnSync(process.execPath, words, { cwd: root, stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}

/**
 * Loading a hundred files takes four times as long as loading one.
 *
 * @param {string} folder
 * @param {Readonly<Record<string, string>>} entries
 * @param {string} shared
 */
async function bundle(folder, entries, shared) {
  const build = await rolldown({
    input: Object.fromEntries(
      Object.entries(entries).map(([name, file]) => [name, path.join(folder, file)]),
    ),
    platform: "node",
    external: /^(?:node:|(?:busline|lmdb|superjson)$)/,
  });
  await build.write({
    dir: path.join(folder, "dist"),
    format: "esm",
    sourcemap: true,
    // The sources are in the package, comments and all.
    comments: false,
    chunkFileNames: shared,
  });
  await build.close();
}
