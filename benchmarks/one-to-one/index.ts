import type { Scenario } from "../scenario.ts";
import { synchronousScenario } from "../shapes/synchronous-scenario.ts";
import { scenarios as burst } from "./burst.ts";
import { scenarios as computing } from "./computing.ts";
import { scenarios as context } from "./context.ts";
import { scenarios as measures } from "./measures.ts";
import { scenarios as overflowing } from "./overflowing.ts";
import { scenarios as steady } from "./steady.ts";

export const scenarios: readonly Scenario[] = [
  synchronousScenario("one-to-one", 1),
  ...burst,
  ...steady,
  ...computing,
  ...context,
  ...overflowing,
  ...measures,
];
