import { neverWaits } from "./rejected-execution-handler.ts";
import { Rejection } from "./rejection.ts";

/**
 * Drops the oldest waiting message of which no listener has started, and takes the new one; where there is none, drops
 * the new one. Counted as discarded and told to `messageDiscarded`. After a close the message is refused instead.
 * (`DiscardOldestPolicy` of the model system.)
 */
export function discardOldest(rejection: Rejection): void {
  Rejection.actionsOf(rejection, "discardOldest").discardOldest();
}

neverWaits(discardOldest);
