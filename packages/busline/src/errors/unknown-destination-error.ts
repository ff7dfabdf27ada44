import { BuslineError, nameErrorClass } from "./busline-error.ts";
import { describeValue, quote } from "./describe-value.ts";

/** No destination of that name exists. */
export class UnknownDestinationError extends BuslineError {
  /** The name that is not known. */
  readonly destinationName: string;

  static {
    nameErrorClass(this, "UnknownDestinationError");
  }

  constructor(given: unknown) {
    // Callers without types ask for anything; not all of it can be made a text.
    const destinationName = typeof given === "string" ? given : describeValue(given);
    super(
      "BUSLINE_UNKNOWN_DESTINATION",
      `There is no destination ${quote(destinationName)}: add it with addDestination before sending to it.`,
    );
    this.destinationName = destinationName;
  }
}
