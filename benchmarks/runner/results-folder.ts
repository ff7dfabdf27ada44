import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import path from "node:path";
import { compactJson } from "./compact-json.ts";
import { root } from "./environment.ts";
import { groupBy } from "./group-by.ts";
import type { Environment, ScenarioResult } from "./scenario-result.ts";

/** Where results are kept, one file for each topology and major version of Node.js. */
const resultsFolder: string = path.join(root, "benchmarks/results");

/** A file of results; scenarios name their environment by its index, as most have the same. */
interface ResultsFile {
  readonly environments: readonly Environment[];
  readonly scenarios: readonly StoredResult[];
}

type StoredResult = Omit<ScenarioResult, "environment"> & { readonly environment: number };

/** All results of a folder, in the order of their files and within them. */
export function readResults(folder: string = resultsFolder): ScenarioResult[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(".json"))
    .toSorted()
    .flatMap((file) => readFile(path.join(folder, file)));
}

/**
 * Puts results into their files. They replace those of the same scenarios; `order` holds the names
 * of all scenarios there are, and results of others, which are no more, are dropped.
 */
export function saveResults(
  results: readonly ScenarioResult[],
  order: readonly string[],
  folder: string = resultsFolder,
): void {
  mkdirSync(folder, { recursive: true });
  for (const [file, fresh] of groupBy(results, fileNameOf)) {
    const target = path.join(folder, file);
    const replaced = new Set(fresh.map(({ scenario }) => scenario.name));
    const kept = readFile(target).filter(({ scenario }) => !replaced.has(scenario.name));
    const place = ({ scenario }: ScenarioResult): number => order.indexOf(scenario.name);
    const all = [...kept, ...fresh]
      .filter((result) => place(result) >= 0)
      .toSorted((a, b) => place(a) - place(b));
    writeFileSync(target, `${compactJson(toFile(all))}\n`);
  }
}

function fileNameOf({ scenario, environment }: ScenarioResult): string {
  return `${scenario.topology}-node${Number.parseInt(environment.node, 10)}.json`;
}

function readFile(file: string): ScenarioResult[] {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return [];
  }
  const { environments, scenarios } = JSON.parse(text) as ResultsFile;
  return scenarios.map((stored) => {
    const environment = environments[stored.environment];
    if (environment === undefined) throw new Error(`${file}: ${stored.scenario.name} lacks one`);
    return { ...stored, environment };
  });
}

function toFile(results: readonly ScenarioResult[]): ResultsFile {
  const environments: Environment[] = [];
  const scenarios = results.map(({ environment, ...rest }) => {
    let index = environments.findIndex((known) => isDeepStrictEqual(known, environment));
    if (index < 0) index = environments.push(environment) - 1;
    return { ...rest, environment: index };
  });
  return { environments, scenarios };
}
