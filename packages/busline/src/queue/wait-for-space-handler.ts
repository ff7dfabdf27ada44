import { OptionReader } from "../validation/option-reader.ts";
import type { RejectedExecutionHandler } from "./rejected-execution-handler.ts";
import { Rejection } from "./rejection.ts";

/** How long a sender waits for room. */
export interface WaitForSpaceOptions {
  /** At most so many milliseconds; then a `RejectedExecutionError` with `BUSLINE_WAIT_TIMEOUT`. Default: no limit. */
  readonly timeoutMs?: number;
  /** Aborts the waiting of every sender with an `AbortError`. Default: none. */
  readonly signal?: AbortSignal;
}

/**
 * Makes a handler that lets the sender wait for room, in the order of sending: `send` returns a promise that resolves
 * when the message has been accepted. A sender that is itself a worker of the destination is refused with
 * `BUSLINE_WAIT_DEADLOCK` where the room would depend on it; a wait that it has begun counts, awaited or not. After a close the message is refused.
 *
 * @throws {InvalidConfigurationError}
 */
export function waitForSpace(options?: WaitForSpaceOptions): RejectedExecutionHandler {
  const reader = new OptionReader("waitForSpace", options, ["timeoutMs", "signal"]);
  const limits = { timeoutMs: reader.duration("timeoutMs"), signal: reader.signal("signal") };
  return (rejection) => Rejection.actionsOf(rejection, "waitForSpace").waitForSpace(limits);
}
