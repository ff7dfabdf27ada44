import { neverWaits } from "./rejected-execution-handler.ts";
import { Rejection } from "./rejection.ts";

/**
 * Runs the message's listeners in the sender's turn, which slows the sender down; it waits where a listener is
 * asynchronous. A pause of the destination does not hold this up: nothing of it is at work. The order of a serial destination is lost. A listener's failure goes to the error hook, as for any
 * queued message. After a close the message is refused instead. (`CallerRunsPolicy` of the model system, which drops it
 * then.)
 */
export function callerRuns(rejection: Rejection): void | Promise<void> {
  return Rejection.actionsOf(rejection, "callerRuns").runInSendersTurn();
}

neverWaits(callerRuns);
