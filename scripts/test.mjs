// Runs every check, then the tests, and closes with one line that counts both.
// With arguments it runs only the tests and hands the arguments to vitest.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { ensureDependencies } from "./dependencies.mjs";

const checks = ["build", "test:types", "test:format", "lint", "test:pack", "test:unused"];
const vitestArguments = process.argv.slice(2);
const counts = { passed: 0, failed: 0, skipped: 0 };

process.chdir(`${import.meta.dirname}/..`);
ensureDependencies();
if (vitestArguments.length === 0) {
  for (const check of checks) runCheck(check);
  vitestArguments.push("--coverage");
}
runTests();

const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : "";
console.log(`${counts.passed} passed, ${counts.failed} failed${skipped}`);
process.exitCode = counts.failed > 0 ? 1 : 0;

/** @param {string} check A script of package.json. */
function runCheck(check) {
  const { scripts } = JSON.parse(readFileSync("package.json", "utf8"));
  const tools = path.resolve("node_modules/.bin");
  const { status, stdout, stderr } = spawnSync(scripts[check], {
    shell: true,
    encoding: "utf8",
    maxBuffer: Infinity,
    env: { ...process.env, PATH: `${tools}${path.delimiter}${process.env["PATH"]}` },
  });
  if (status === 0) {
    counts.passed++;
    console.log(`ok      ${check}`);
  } else {
    counts.failed++;
    console.log(`FAILED  ${check}\n${stdout}${stderr}`);
  }
}

function runTests() {
  const folder = mkdtempSync(path.join(tmpdir(), "busline-test-"));
  const report = path.join(folder, "report.json");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const { status } = spawnSync(
    process.execPath,
    ["node_modules/vitest/vitest.mjs", "run", ...reporters, ...vitestArguments],
    { stdio: "inherit" },
  );
  const failedChecks = counts.failed;
  for (const file of testFiles(report)) countTests(file);
  rmSync(folder, { recursive: true });
  // Too little coverage, an error outside any test, or no test at all.
  if (status !== 0 && counts.failed === failedChecks) counts.failed++;
}

/**
 * @typedef {{ status: string, assertionResults: { status: string }[] }} TestFile
 * @param {string} report
 * @returns {TestFile[]}
 */
function testFiles(report) {
  try {
    return JSON.parse(readFileSync(report, "utf8")).testResults;
  } catch {
    return [];
  }
}

/** @param {TestFile} file */
function countTests(file) {
  const failedBefore = counts.failed;
  for (const { status } of file.assertionResults) {
    if (status === "passed") counts.passed++;
    else if (status === "failed") counts.failed++;
    else counts.skipped++;
  }
  // A file that could not be loaded has no tests to fail.
  if (file.status === "failed" && counts.failed === failedBefore) counts.failed++;
}
