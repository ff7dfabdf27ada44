import type { Sample, Scenario } from "../scenario.ts";

/** The line that a contender's process ends with. */
export interface ContenderOutput extends Sample {
  /** The processor time that the process took, all in all, with that of the processes that it started. */
  readonly processorMs: number;
}

/** The last line of what a contender's process wrote; peers may have written lines before it. */
export function parseContenderOutput(text: string): ContenderOutput {
  const line = text.trimEnd().split("\n").at(-1) ?? "";
  try {
    return JSON.parse(line) as ContenderOutput;
  } catch {
    throw new Error(`its last line is no sample: ${line.slice(0, 100)}`);
  }
}

/** Refuses a sample with a wrong count, or one that does not measure what the scenario says. */
export function checkSample(scenario: Scenario, { metrics, arrived, expected }: Sample): void {
  if (arrived !== expected) throw new Error(`${arrived} arrived instead of ${expected}`);
  for (const [name, value] of Object.entries(metrics)) {
    if (!(name in scenario.metrics)) throw new Error(`its metric "${name}" is not declared`);
    if (!Number.isFinite(value)) throw new Error(`its metric "${name}" is ${value}`);
  }
  if (!(scenario.mainMetric in metrics)) {
    throw new Error(`its sample has no main metric "${scenario.mainMetric}"`);
  }
}
