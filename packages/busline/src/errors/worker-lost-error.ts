import { BuslineError, nameErrorClass } from "./busline-error.ts";

/**
 * The worker that ran a listener ended before the listener did: it called `process.exit`, ran out of memory, or was ended
 * by an error that nobody caught, which is the `cause`. The message may have been worked on in part.
 */
export class WorkerLostError extends BuslineError {
  readonly destinationName: string;
  /** With which code it ended; `undefined` if it was ended from outside. */
  readonly exitCode: number | undefined;

  static {
    nameErrorClass(this, "WorkerLostError");
  }

  constructor(
    destinationName: string,
    exitCode: number | undefined,
    options?: { readonly cause?: unknown },
  ) {
    const how = exitCode === undefined ? "was ended" : `ended with code ${exitCode}`;
    super(
      "BUSLINE_WORKER_LOST",
      `The thread that ran a listener of "${destinationName}" ${how}.`,
      options,
    );
    this.destinationName = destinationName;
    this.exitCode = exitCode;
  }
}
