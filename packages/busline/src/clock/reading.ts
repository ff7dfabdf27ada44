/** A reading of the monotonic clock that may still have to be made. */
export interface Reading {
  /** In milliseconds; `NaN` until it is made. */
  readonly at: number;
}
