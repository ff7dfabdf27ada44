import { BuslineError, nameErrorClass } from "./busline-error.ts";

/** The codes of a {@link RejectedExecutionError}. */
export type RejectedExecutionCode =
  | "BUSLINE_QUEUE_FULL"
  | "BUSLINE_CLOSED"
  | "BUSLINE_WAIT_TIMEOUT"
  | "BUSLINE_WAIT_DEADLOCK"
  | "BUSLINE_PURGED"
  | "BUSLINE_DIVERSION_LOOP"
  | "BUSLINE_TOO_DEEP";

const why: Record<RejectedExecutionCode, string> = {
  BUSLINE_QUEUE_FULL: "its workers are busy or paused, and there is no room in a queue",
  BUSLINE_CLOSED: "it is draining or closed",
  BUSLINE_WAIT_TIMEOUT: "no room appeared in its queue in time",
  BUSLINE_WAIT_DEADLOCK:
    "the sender is itself one of the workers that the room depends on, and none of the others can make progress",
  BUSLINE_PURGED: "it was purged while the request waited",
  BUSLINE_TOO_DEEP: "it was sent from listeners that run in each other's turns, more than 100 deep",
  BUSLINE_DIVERSION_LOOP: "it has diverted this very message already",
};

/** A destination did not take a message. `code` says why. */
export class RejectedExecutionError extends BuslineError {
  declare readonly code: RejectedExecutionCode;
  /** The destination that refused. */
  readonly destinationName: string;

  static {
    nameErrorClass(this, "RejectedExecutionError");
  }

  constructor(
    code: RejectedExecutionCode,
    destinationName: string,
    options?: { readonly cause?: unknown },
  ) {
    super(code, `"${destinationName}" did not take the message: ${why[code]}.`, options);
    this.destinationName = destinationName;
  }
}
