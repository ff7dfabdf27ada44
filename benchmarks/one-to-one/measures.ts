import type { Scenario } from "../scenario.ts";
import { scenarios as heap } from "./heap.ts";
import { scenarios as latency } from "./latency.ts";

export const scenarios: readonly Scenario[] = [...latency, ...heap];
