import { scenarios as durable } from "./durable/index.ts";
import { scenarios as flood } from "./flood/index.ts";
import { scenarios as growth } from "./growth/index.ts";
import { scenarios as mixed } from "./mixed/index.ts";
import { scenarios as oneToOne } from "./one-to-one/index.ts";
import { scenarios as oneToTen } from "./one-to-ten/index.ts";
import { scenarios as pingPong } from "./ping-pong/index.ts";
import { scenarios as pipeline } from "./pipeline/index.ts";
import type { Scenario } from "./scenario.ts";
import { scenarios as start } from "./start/index.ts";
import { scenarios as threads } from "./threads/index.ts";
import { scenarios as tenToOne } from "./ten-to-one/index.ts";

/** Every scenario there is, in the order of the report. */
export const scenarios: readonly Scenario[] = [
  ...oneToOne,
  ...oneToTen,
  ...tenToOne,
  ...pipeline,
  ...pingPong,
  ...mixed,
  ...flood,
  ...threads,
  ...durable,
  ...growth,
  ...start,
];
