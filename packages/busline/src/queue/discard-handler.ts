import { neverWaits } from "./rejected-execution-handler.ts";
import { Rejection } from "./rejection.ts";

/**
 * Drops the new message: counted as discarded and told to `messageDiscarded`. A `send` hears nothing; a `request` fails
 * at once. After a close the message is refused instead. (`DiscardPolicy` of the model system.)
 */
export function discard(rejection: Rejection): void {
  Rejection.actionsOf(rejection, "discard").discard();
}

neverWaits(discard);
