// npm run bench -- --scope NAME: measures scenarios and keeps what it measured in results/.
import { scenarios } from "../scenarios.ts";
import { bench } from "./bench.ts";
import { parseBenchOptions } from "./bench-options.ts";
import { check } from "./check.ts";
import { runCommand } from "./run-command.ts";

await runCommand(async () => {
  const options = parseBenchOptions(process.argv.slice(2));
  await (options.isCheck ? check : bench)(scenarios, options);
});
