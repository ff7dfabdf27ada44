import type { SendMoment } from "../message/send-moment.ts";
import { discard } from "../queue/discard-handler.ts";
import { discardOldest } from "../queue/discard-oldest-handler.ts";
import type { WorkerPool } from "../worker/worker-pool.ts";
import type { DestinationCore } from "./destination-core.ts";

/**
 * Drops one message as the handler of a destination would whose queue is full, where nobody is told of it: so neither of
 * the two need be made. To be called where `offerPayload` has refused it.
 *
 * @returns false if it needs a closer look, and nothing has been done
 */
export function dropPlainly(
  core: DestinationCore,
  pool: WorkerPool,
  payload: unknown,
  moment: SendMoment,
): boolean {
  const { rejectedExecutionHandler } = core.configuration;
  if (core.events.hasListeners) return false;
  if (rejectedExecutionHandler === discardOldest) return replaceOldest(pool, payload, moment);
  if (rejectedExecutionHandler !== discard) return false;
  core.counters.turnedAway("discarded");
  return true;
}

function replaceOldest(pool: WorkerPool, payload: unknown, moment: SendMoment): boolean {
  const { backlog, counters } = pool;
  // Otherwise others may wait for room, or more than one have to go since the limit has become smaller.
  if (!pool.isSmooth) return false;
  if (!backlog.line.dropPayloadAt(backlog.handedMessages)) return false;
  counters.dropped("discarded");
  backlog.line.addPayload(payload, moment);
  pool.expect(moment);
  counters.accepted();
  return true;
}
