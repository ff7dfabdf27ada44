import type { Clock } from "../clock/clock.ts";
import type { Deadlines } from "../clock/deadlines.ts";
import type { SpaceWaiters } from "../queue/space-waiters.ts";
import type { DestinationCounters } from "../statistics/destination-counters.ts";
import type { DeliveryHost } from "./delivery-host.ts";
import type { Dispatcher } from "./dispatcher.ts";
import type { MessageKeeper } from "./message-keeper.ts";

/** What a worker pool is given to work with, for as long as it exists. */
export interface PoolTerms {
  readonly dispatcher: Dispatcher;
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  /** Senders that wait for room. */
  readonly waiters: SpaceWaiters;
  readonly counters: DestinationCounters;
  /** Whose messages it delivers. */
  readonly host: DeliveryHost;
  /** Keeps its messages in a store, where they are durable. */
  readonly keeper: MessageKeeper | undefined;
}
