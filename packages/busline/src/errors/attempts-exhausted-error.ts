import { BuslineError, nameErrorClass } from "./busline-error.ts";

/**
 * A durable message had begun with the last of its attempts when the process ended, by this message or by something else: it
 * is not tried again.
 */
export class AttemptsExhaustedError extends BuslineError {
  readonly destinationName: string;
  /** How many it had. */
  readonly attempts: number;

  static {
    nameErrorClass(this, "AttemptsExhaustedError");
  }

  constructor(destinationName: string, attempts: number) {
    const text = `The process ended during attempt ${attempts} of ${attempts} at a message of "${destinationName}".`;
    super("BUSLINE_ATTEMPTS_EXHAUSTED", text);
    this.destinationName = destinationName;
    this.attempts = attempts;
  }
}
