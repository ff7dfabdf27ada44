import { execFile, type ExecFileException } from "node:child_process";
import path from "node:path";
import type { Sample, Scenario } from "../scenario.ts";
import { checkSample, type ContenderOutput, parseContenderOutput } from "./contender-output.ts";
import { root } from "./environment.ts";
import { ProcessorLoad, waitForFreeCore } from "./processor-load.ts";

/** A sample, and how many cores others kept busy meanwhile. */
export interface MeasuredSample extends Sample {
  readonly othersLoad: number;
}

/** What to run, and with what. */
export interface ContenderRun {
  readonly scenario: Scenario;
  readonly contender: string;
  /** The path of the Node.js. */
  readonly node: string;
  /** The compiled entry, if not this runner's own. */
  readonly entry?: string;
  /**
   * Less work than normal: only to check the count, or to have more of them in the same time. Or more: what takes minutes
   * too.
   */
  readonly size?: "tiny" | "short" | "long" | undefined;
}

const ownEntry = path.join(root, "benchmarks/dist/runner/run-contender.js");
const longestRunMs = 300_000;
const sizes = {
  tiny: { BUSLINE_BENCH_TINY: "1" },
  short: { BUSLINE_BENCH_SHORT: "1" },
  long: { BUSLINE_BENCH_LONG: "1" },
};

/** Waits for a free core, runs a contender in a fresh process and checks its count. */
export async function measureContender(
  run: ContenderRun,
  longestWaitMs?: number,
): Promise<MeasuredSample> {
  await waitForFreeCore(longestWaitMs);
  const load = new ProcessorLoad();
  const { processorMs, ...sample } = await runContender(run);
  return { ...sample, othersLoad: load.othersCores(processorMs) };
}

/** Runs a contender in a fresh process at once; fails with its name. */
export async function runContender(run: ContenderRun): Promise<ContenderOutput> {
  try {
    const output = parseContenderOutput(await outputOf(run));
    checkSample(run.scenario, output);
    return output;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`${run.scenario.name}, ${run.contender}: ${reason}`, { cause: error });
  }
}

async function outputOf({ scenario, contender, node, entry, size }: ContenderRun) {
  return new Promise<string>((resolve, reject) => {
    execFile(
      node,
      ["--expose-gc", ...(scenario.nodeOptions ?? []), entry ?? ownEntry, scenario.name, contender],
      {
        timeout: scenario.longestRunMs ?? longestRunMs,
        maxBuffer: 64 * 1_024 * 1_024,
        ...(size === undefined ? {} : { env: { ...process.env, ...sizes[size] } }),
      },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else reject(new Error(failureOf(error, stderr)));
      },
    );
  });
}

function failureOf(error: ExecFileException, stderr: string): string {
  const lines = stderr.trim().split("\n").slice(0, 20).join("\n");
  return `its process ended with ${error.signal ?? error.code}\n${lines}`;
}
