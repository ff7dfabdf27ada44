import { checkDestinationName } from "../validation/destination-name.ts";
import { neverWaits, type RejectedExecutionHandler } from "./rejected-execution-handler.ts";
import { Rejection } from "./rejection.ts";

/**
 * Makes a handler that hands the message to another destination, with its id and headers: counted as diverted here and
 * as sent there. What the other one does with it (refuse, wait, drop) is what the sender sees. A chain of diversions
 * that comes back is refused with `BUSLINE_DIVERSION_LOOP`.
 *
 * @throws {InvalidConfigurationError} the name is not one
 */
export function divertTo(destinationName: string): RejectedExecutionHandler {
  const name = checkDestinationName(destinationName, "divertTo");
  return neverWaits((rejection) => Rejection.actionsOf(rejection, "divertTo").divertTo(name));
}
