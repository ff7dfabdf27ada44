/** When a message may start at the earliest, and by when it must have started. By the monotonic clock, in milliseconds. */
export interface MessageTiming {
  /** It waits until then before it waits for a worker. */
  readonly notBefore: number;
  /** If it has not started by then it expires. `Infinity`: never. */
  readonly expiresAt: number;
}
