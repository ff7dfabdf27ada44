import type { Scenario } from "../scenario.ts";
import { acceptedScenarios } from "./accepted.ts";
import { delivered } from "./delivered.ts";
import { recoveryScenarios } from "./recovery.ts";

export const scenarios: readonly Scenario[] = [
  ...acceptedScenarios,
  delivered,
  ...recoveryScenarios,
];
