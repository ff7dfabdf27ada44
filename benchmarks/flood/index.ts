import type { Scenario } from "../scenario.ts";
import { bounded } from "./bounded.ts";
import { eventLoopDelay } from "./event-loop-delay.ts";

export const scenarios: readonly Scenario[] = [eventLoopDelay, bounded];
