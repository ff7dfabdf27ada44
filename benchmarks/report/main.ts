// npm run bench:report: makes docs/performance.md and its charts out of results/.
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { root } from "../runner/environment.ts";
import { readResults } from "../runner/results-folder.ts";
import { runCommand } from "../runner/run-command.ts";
import { renderReport } from "./report.ts";

await runCommand(async () => {
  const docs = path.join(root, "docs");
  const files = renderReport(readResults());
  for (const [name, text] of files) writeFileSync(path.join(docs, name), text);
  for (const old of readdirSync(docs)) {
    if (/^performance-.*\.svg$/.test(old) && !files.has(old)) rmSync(path.join(docs, old));
  }
  console.log(`docs: ${[...files.keys()].join(", ")}`);
});
