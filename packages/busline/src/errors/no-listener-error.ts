import { BuslineError, nameErrorClass } from "./busline-error.ts";

/** A request found nobody to answer it: no listener was registered, or all left before its turn came. */
export class NoListenerError extends BuslineError {
  readonly destinationName: string;

  static {
    nameErrorClass(this, "NoListenerError");
  }

  constructor(destinationName: string) {
    super(
      "BUSLINE_NO_LISTENER",
      `Nobody listens at "${destinationName}", so the request cannot be answered.`,
    );
    this.destinationName = destinationName;
  }
}
