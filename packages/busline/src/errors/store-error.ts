import { BuslineError, nameErrorClass } from "./busline-error.ts";

/** What may be wrong with a store. */
export type StoreErrorCode =
  | "BUSLINE_STORE_LOCKED"
  | "BUSLINE_STORE_DAMAGED"
  | "BUSLINE_STORE_VERSION"
  | "BUSLINE_STORE_FAILED";

/** A store could not be opened, or could not do what it was asked to. */
export class StoreError extends BuslineError {
  /** What the store is called, such as its path. */
  readonly storeName: string;

  static {
    nameErrorClass(this, "StoreError");
  }

  /** @param problem a sentence that begins with a small letter and follows the store's name */
  constructor(
    code: StoreErrorCode,
    storeName: string,
    problem: string,
    options?: { readonly cause?: unknown },
  ) {
    super(code, `Store "${storeName}" ${problem}`, options);
    this.storeName = storeName;
  }
}
