// Builds busline: tsc writes the declarations, rolldown the code, as few files as there can be.
// With --and PROJECT, tsc builds that project of the workspace afterwards.
import { spawnSync } from "node:child_process";
import path from "node:path";
import { rolldown } from "rolldown";

const root = path.resolve(import.meta.dirname, "..");
const busline = path.join(root, "packages/busline");
const [option, project] = process.argv.slice(2);

compile("packages/busline");
await bundle();
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

/** Loading a hundred files takes four times as long as loading one. */
async function bundle() {
  const build = await rolldown({
    input: {
      index: path.join(busline, "src/index.ts"),
      "testing/index": path.join(busline, "src/testing/index.ts"),
    },
    platform: "node",
    external: /^node:/,
  });
  await build.write({
    dir: path.join(busline, "dist"),
    format: "esm",
    sourcemap: true,
    // The sources are in the package, comments and all.
    comments: false,
    chunkFileNames: "bus.js",
  });
  await build.close();
}
