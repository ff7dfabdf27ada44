import type { Scenario } from "../scenario.ts";
import { synchronousScenario } from "../shapes/synchronous-scenario.ts";
import { scenarios as burst } from "./burst.ts";

export const scenarios: readonly Scenario[] = [
  synchronousScenario("one-to-ten", 10),
  synchronousScenario("one-to-ten", 100),
  ...burst,
];
