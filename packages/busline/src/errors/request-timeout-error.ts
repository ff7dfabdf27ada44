import { BuslineError, nameErrorClass } from "./busline-error.ts";

/** No reply came in time. The listener's `context.signal` has been aborted; it may still have done its work. */
export class RequestTimeoutError extends BuslineError {
  readonly destinationName: string;
  /** How long the requester waited, in milliseconds. */
  readonly timeoutMs: number;

  static {
    nameErrorClass(this, "RequestTimeoutError");
  }

  constructor(destinationName: string, timeoutMs: number) {
    super("BUSLINE_REQUEST_TIMEOUT", `No reply from "${destinationName}" within ${timeoutMs} ms.`);
    this.destinationName = destinationName;
    this.timeoutMs = timeoutMs;
  }
}
