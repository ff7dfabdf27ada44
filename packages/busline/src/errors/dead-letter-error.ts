import { BuslineError, nameErrorClass } from "./busline-error.ts";

/**
 * A listener has given a message up for good: it is not tried again, and goes to the `deadLetter` destination where there
 * is one. Thrown by `context.deadLetter(reason)`; to throw one is the same.
 */
export class DeadLetterError extends BuslineError {
  readonly destinationName: string;
  /** Why, in the listener's words. */
  readonly reason: string;

  static {
    nameErrorClass(this, "DeadLetterError");
  }

  constructor(destinationName: string, reason: string, options?: { readonly cause?: unknown }) {
    super("BUSLINE_DEAD_LETTER", `A listener of "${destinationName}" gave up: ${reason}`, options);
    this.destinationName = destinationName;
    this.reason = reason;
  }
}
