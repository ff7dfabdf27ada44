import { HoldingQueue } from "../queue/holding-queue.ts";
import type { DestinationType } from "./destination-type.ts";

const type: DestinationType = {
  createQueue: () => new HoldingQueue(),
  workerPer: "message",
  isHolding: true,
};

/** Dead-letter: messages are kept until somebody looks at them, sends them back or deletes them. Nobody listens here. */
export function deadLetterDestinationType(): DestinationType {
  return type;
}
