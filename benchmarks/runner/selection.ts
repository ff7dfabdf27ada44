import type { Scenario } from "../scenario.ts";
import { UsageError } from "./bench-options.ts";

/** The scenarios whose names begin with one of the scopes, in their own order; all without a scope. */
export function selectScenarios(
  scenarios: readonly Scenario[],
  scopes: readonly string[],
): Scenario[] {
  for (const scope of scopes) {
    if (!scenarios.some(({ name }) => name.startsWith(scope))) {
      throw new UsageError(`No scenario begins with "${scope}"; there are ${namesOf(scenarios)}`);
    }
  }
  if (scopes.length === 0) return [...scenarios];
  return scenarios.filter(({ name }) => scopes.some((scope) => name.startsWith(scope)));
}

/** The contenders of a scenario that were asked for; all when none was. */
export function selectContenders(scenario: Scenario, wanted: readonly string[]): string[] {
  const all = Object.keys(scenario.contenders);
  return wanted.length === 0 ? all : all.filter((name) => wanted.includes(name));
}

/** Refuses the name of a contender that none of the scenarios has. */
export function checkContenders(scenarios: readonly Scenario[], wanted: readonly string[]): void {
  const all = new Set(scenarios.flatMap(({ contenders }) => Object.keys(contenders)));
  const unknown = wanted.find((name) => !all.has(name));
  if (unknown === undefined) return;
  const allowed = [...all].toSorted().join(", ");
  throw new UsageError(`No contender is called "${unknown}"; there are ${allowed}`);
}

function namesOf(scenarios: readonly Scenario[]): string {
  return scenarios.map(({ name }) => name).join(", ");
}
