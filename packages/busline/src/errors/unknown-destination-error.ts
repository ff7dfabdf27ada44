import { BuslineError, nameErrorClass } from "./busline-error.ts";
import { quote } from "./describe-value.ts";

/** No destination of that name exists. */
export class UnknownDestinationError extends BuslineError {
  /** The name that is not known. */
  readonly destinationName: string;

  static {
    nameErrorClass(this, "UnknownDestinationError");
  }

  constructor(destinationName: string) {
    super(
      "BUSLINE_UNKNOWN_DESTINATION",
      `There is no destination ${quote(destinationName)}: add it with addDestination before sending to it.`,
    );
    this.destinationName = destinationName;
  }
}
