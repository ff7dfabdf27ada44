import type { MeasuredSample } from "../runner/contender-process.ts";
import type {
  Environment,
  ScenarioDescription,
  ScenarioResult,
} from "../runner/scenario-result.ts";
import type { Scenario } from "../scenario.ts";

const exampleEnvironment: Environment = {
  node: "20.1.0",
  v8: "11.3",
  system: "linux x64",
  processor: "Example CPU",
  cores: 2,
  memory: 8,
  revision: "0123456789ab",
  peers: { fastq: "1.0.0" },
};

const exampleScenario: ScenarioDescription = {
  name: "one-to-one/example",
  topology: "one-to-one",
  title: "Does nothing",
  metrics: { rate: { title: "messages a second", unit: "messages/s", better: "more" } },
  mainMetric: "rate",
  ours: ["busline"],
  limit: "loop",
  goals: [],
};

/** A scenario of this description whose contenders do nothing. */
export function exampleOf(description: Partial<ScenarioDescription>, ...names: string[]): Scenario {
  const sample = { metrics: { rate: 1 }, arrived: 1, expected: 1 };
  const contenders = Object.fromEntries(names.map((name) => [name, () => Promise.resolve(sample)]));
  return { ...exampleScenario, ...description, contenders };
}

/** A result whose contenders reached these values of the main metric, one in each round. */
export function exampleResult(
  values: Readonly<Record<string, readonly number[]>>,
  description: Partial<ScenarioDescription> = {},
  environment: Partial<Environment> = {},
): ScenarioResult {
  const scenario = { ...exampleScenario, ...description };
  const sampleOf = (value: number): MeasuredSample => ({
    metrics: { [scenario.mainMetric]: value },
    arrived: 1,
    expected: 1,
    othersLoad: 0.1,
  });
  return {
    scenario,
    environment: { ...exampleEnvironment, ...environment },
    date: "2026-01-01",
    samples: Object.fromEntries(
      Object.entries(values).map(([name, rounds]) => [
        name,
        rounds.map((value) => sampleOf(value)),
      ]),
    ),
  };
}
