// npm run bench:compare: busline as it is now beside busline as it was, in under a minute.
import { runCommand } from "../runner/run-command.ts";
import { scenarios } from "../scenarios.ts";
import { compare } from "./compare.ts";
import { parseCompareOptions } from "./compare-options.ts";

await runCommand(() => compare(scenarios, parseCompareOptions(process.argv.slice(2))));
