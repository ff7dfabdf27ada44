// Builds busline and its benchmarks, then starts one of their commands: run, report or compare.
import { spawnSync } from "node:child_process";
import { ensureDependencies } from "./dependencies.mjs";

/** @type {Record<string, string>} */
const commands = {
  run: "benchmarks/dist/runner/main.js",
  report: "benchmarks/dist/report/main.js",
  compare: "benchmarks/dist/compare/main.js",
};
const [command = "", ...options] = process.argv.slice(2);
const main = commands[command];
if (main === undefined) throw new Error(`A command is one of ${Object.keys(commands).join(", ")}`);

process.chdir(`${import.meta.dirname}/..`);
ensureDependencies();
const node = (/** @type {string[]} */ ...words) => {
  const { status } = spawnSync(process.execPath, words, { stdio: "inherit" });
  return status ?? 1;
};
// Where nothing has changed, this takes a second.
const built = node("scripts/build.mjs", "--and", "benchmarks");
process.exitCode = built === 0 ? node(main, ...options) : 1;
