import type { DestinationTypeFactory } from "../destination/destination-type.ts";
import { deadLetterDestinationType } from "../destination/dead-letter-destination-type.ts";
import { keyedDestinationType } from "../destination/keyed-destination-type.ts";
import { parallelDestinationType } from "../destination/parallel-destination-type.ts";
import { serialDestinationType } from "../destination/serial-destination-type.ts";
import { synchronousDestinationType } from "../destination/synchronous-destination-type.ts";

/** The types that every bus knows, made by the same mechanism as a user's own. */
export const builtInDestinationTypes: ReadonlyMap<string, DestinationTypeFactory> = new Map<
  string,
  DestinationTypeFactory
>([
  ["parallel", parallelDestinationType],
  ["serial", serialDestinationType],
  ["keyed", keyedDestinationType],
  ["dead-letter", deadLetterDestinationType],
  ["synchronous", synchronousDestinationType],
]);
