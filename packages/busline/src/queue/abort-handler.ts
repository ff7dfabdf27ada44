import { neverWaits } from "./rejected-execution-handler.ts";
import { Rejection } from "./rejection.ts";

/**
 * Refuses the message: the sender gets a `RejectedExecutionError` with the code `BUSLINE_QUEUE_FULL` or
 * `BUSLINE_CLOSED`. The default. (`AbortPolicy` of the model system.)
 */
export function abort(rejection: Rejection): void {
  Rejection.actionsOf(rejection, "abort").refuse();
}

neverWaits(abort);
