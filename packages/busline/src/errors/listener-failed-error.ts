import { BuslineError, nameErrorClass } from "./busline-error.ts";

/**
 * Every listener of a request ended without a reply, and at least one failed. `cause` is what it threw, or an
 * `AggregateError` where several failed.
 */
export class ListenerFailedError extends BuslineError {
  readonly destinationName: string;

  static {
    nameErrorClass(this, "ListenerFailedError");
  }

  constructor(destinationName: string, cause: unknown) {
    super(
      "BUSLINE_LISTENER_FAILED",
      `The request to "${destinationName}" failed: its listener threw.`,
      { cause },
    );
    this.destinationName = destinationName;
  }
}
