import type { ListenerFailure } from "../worker/delivery.ts";

/** What is known of a message's attempts before the one that comes. */
export interface Attempt {
  /** Its number: 2 for the second. */
  readonly number: number;
  /** A listener has succeeded in one before. */
  readonly hasSucceeded: boolean;
  /** What those have thrown that it is for. */
  readonly retried: readonly ListenerFailure[];
  /** Listeners that have failed for good. */
  readonly failures: readonly ListenerFailure[] | undefined;
}
