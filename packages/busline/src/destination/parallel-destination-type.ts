import { Line } from "../worker/line.ts";
import type { DestinationType } from "./destination-type.ts";

/** Parallel: messages are queued; workers from a pool deliver; one worker per message per listener. */
export function parallelDestinationType(): DestinationType {
  return { createQueue: () => new Line(), workerPer: "listener" };
}
