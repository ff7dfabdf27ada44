import { BuslineError, nameErrorClass } from "./busline-error.ts";

/** A destination of that name exists already. `replaceDestination` changes a live one. */
export class DuplicateDestinationError extends BuslineError {
  /** The name that is taken. */
  readonly destinationName: string;

  static {
    nameErrorClass(this, "DuplicateDestinationError");
  }

  constructor(destinationName: string) {
    super(
      "BUSLINE_DUPLICATE_DESTINATION",
      `A destination "${destinationName}" exists already: replace it with replaceDestination, or remove it first.`,
    );
    this.destinationName = destinationName;
  }
}
