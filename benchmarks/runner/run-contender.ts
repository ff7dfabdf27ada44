// Runs one contender of one scenario, in this process, and writes its sample as one line of JSON:
// node --expose-gc dist/runner/run-contender.js SCENARIO CONTENDER
import type { Scenario } from "../scenario.ts";
import { childrenMs } from "./children-time.ts";
import type { ContenderOutput } from "./contender-output.ts";

const [scenarioName = "", contenderName = ""] = process.argv.slice(2);
// Only the folder of the topology, as loading all of them takes longer than some contenders run.
const [topology = ""] = scenarioName.split("/");
const { scenarios } = (await import(`../${topology}/index.js`)) as {
  readonly scenarios: readonly Scenario[];
};
const contender = scenarios.find(({ name }) => name === scenarioName)?.contenders[contenderName];
if (contender === undefined) throw new Error(`There is no ${scenarioName} ${contenderName}`);

const sample = await contender();
const { user, system } = process.cpuUsage();
const output: ContenderOutput = {
  ...sample,
  processorMs: (user + system) / 1_000 + childrenMs(),
};
process.stdout.write(`${JSON.stringify(output)}\n`, () => {
  // A peer may keep timers or sockets that nobody waits for.
  process.exit(0);
});
