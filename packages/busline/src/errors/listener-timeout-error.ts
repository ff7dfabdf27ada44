import { BuslineError, nameErrorClass } from "./busline-error.ts";

/** A listener took longer for a message than `listenerTimeoutMs` allows: its worker has been ended, and it has failed. */
export class ListenerTimeoutError extends BuslineError {
  readonly destinationName: string;
  /** How long it was allowed to take, in milliseconds. */
  readonly timeoutMs: number;

  static {
    nameErrorClass(this, "ListenerTimeoutError");
  }

  constructor(destinationName: string, timeoutMs: number) {
    super(
      "BUSLINE_LISTENER_TIMEOUT",
      `A listener of "${destinationName}" took longer than ${timeoutMs} ms.`,
    );
    this.destinationName = destinationName;
    this.timeoutMs = timeoutMs;
  }
}
