import type { Scenario } from "../scenario.ts";
import { destinations } from "./destinations.ts";
import { idleDestinations } from "./idle-destinations.ts";
import { listeners } from "./listeners.ts";
import { queuedScenarios } from "./queued.ts";
import { requests } from "./requests.ts";

export const scenarios: readonly Scenario[] = [
  destinations,
  idleDestinations,
  listeners,
  ...queuedScenarios,
  requests,
];
