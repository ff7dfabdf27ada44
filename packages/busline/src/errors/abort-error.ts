import { BuslineError, nameErrorClass } from "./busline-error.ts";

/** The sender's signal was aborted. `cause` is the signal's reason. */
export class AbortError extends BuslineError {
  readonly destinationName: string;

  static {
    nameErrorClass(this, "AbortError");
  }

  constructor(destinationName: string, reason: unknown) {
    super("BUSLINE_ABORTED", `The message to "${destinationName}" was aborted by its sender.`, {
      cause: reason,
    });
    this.destinationName = destinationName;
  }
}
