import { BuslineError, nameErrorClass } from "./busline-error.ts";

/** The wiring of a closed bus was to be changed. A send to a closed bus is a `RejectedExecutionError` instead. */
export class BusClosedError extends BuslineError {
  static {
    nameErrorClass(this, "BusClosedError");
  }

  constructor(attempt: string) {
    super("BUSLINE_BUS_CLOSED", `The bus is closed: ${attempt} is not possible any more.`);
  }
}
