import { BuslineError, nameErrorClass } from "./busline-error.ts";

/** A preconfigured destination is tuned for its purpose: it cannot be modified, replaced or removed. */
export class SealedDestinationError extends BuslineError {
  /** The preconfigured destination. */
  readonly destinationName: string;

  static {
    nameErrorClass(this, "SealedDestinationError");
  }

  constructor(destinationName: string, attempt: string) {
    super(
      "BUSLINE_SEALED_DESTINATION",
      `"${destinationName}" is a preconfigured destination, tuned for its purpose: it cannot be ${attempt}. ` +
        "Sending, listening, pausing, resuming and purging are allowed.",
    );
    this.destinationName = destinationName;
  }
}
