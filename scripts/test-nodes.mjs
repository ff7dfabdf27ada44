// Runs the tests under every supported Node newer than the oldest one.
import { spawnSync } from "node:child_process";

for (const version of [22, 24, 26]) {
  console.log(`\nNode ${version}`);
  const { status } = spawnSync(
    "npx",
    ["--yes", `node@${version}`, "scripts/test.mjs", "--coverage.enabled=false"],
    { stdio: "inherit", shell: process.platform === "win32" },
  );
  if (status !== 0) process.exitCode = 1;
}
