import type { Scenario } from "../scenario.ts";
import { importScenario } from "./import.ts";
import { size } from "./size.ts";

export const scenarios: readonly Scenario[] = [importScenario, size];
