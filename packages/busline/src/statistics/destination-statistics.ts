import type { DestinationCounters } from "./destination-counters.ts";

/** Where the messages of a destination, or of a bus, have ended up. */
export interface MessageCounts {
  /** All that were sent here: the sum of the eleven counts below, at every moment. */
  readonly sentMessageCount: number;
  /** Every listener that was asked succeeded. */
  readonly deliveredMessageCount: number;
  /** At least one listener failed, for good. */
  readonly failedMessageCount: number;
  /** The same, and the message was handed to the `deadLetter` destination. */
  readonly deadLetteredMessageCount: number;
  /** Refused to the sender. */
  readonly rejectedMessageCount: number;
  /** Dropped by a handler, a purge, a withdrawal or a forced close. */
  readonly discardedMessageCount: number;
  /** Not started within `ttlMs`. */
  readonly expiredMessageCount: number;
  /** Not taken in, since a message with its id had been: see `deduplicationWindowMs`. Told to `messageDiscarded`. */
  readonly duplicateMessageCount: number;
  /** Nobody listened. */
  readonly undeliveredMessageCount: number;
  /** Handed to another destination by `divertTo`. */
  readonly divertedMessageCount: number;
  /** Waiting: not yet started for each of their listeners. */
  readonly pendingMessageCount: number;
  /** Started and not finished. */
  readonly activeMessageCount: number;
  /** How often a message has come back for another attempt. No part of the sum. */
  readonly retryCount: number;
  /** How many of those that were sent had been accepted in an earlier run of the process. No part of the sum. */
  readonly recoveredMessageCount: number;
}

/** The workers of a destination; all 0 where the sender's own turn delivers. */
export interface WorkerCounts {
  /** Workers that have a message in hand. */
  readonly activeWorkerCount: number;
  /** Workers that exist. */
  readonly currentWorkerCount: number;
  /** The most that ever existed at once. */
  readonly largestWorkerCount: number;
  readonly workersCoreSize: number;
  readonly workersMaxSize: number;
}

/** One listener's share. */
export interface ListenerStatistics {
  readonly name: string;
  readonly deliveredCount: number;
  readonly failedCount: number;
}

/** One reading of a destination, frozen. */
export interface DestinationStatistics extends MessageCounts, WorkerCounts {
  readonly destinationName: string;
  readonly destinationType: string;
  /** How long the oldest waiting message has waited, in milliseconds; 0 with nothing waiting. */
  readonly oldestPendingAgeMs: number;
  /** Listeners of a durable destination that messages may wait for and that have not come again, by name. */
  readonly missingListeners: readonly string[];
  /** The registered listeners, in the order of their registration. */
  readonly listeners: readonly ListenerStatistics[];
}

/** Reads a ledger. */
export function messageCountsOf(counters: DestinationCounters, aheadCount = 0): MessageCounts {
  return {
    sentMessageCount: counters.sent,
    deliveredMessageCount: counters.delivered,
    failedMessageCount: counters.failed,
    deadLetteredMessageCount: counters.deadLettered,
    rejectedMessageCount: counters.rejected,
    discardedMessageCount: counters.discarded,
    expiredMessageCount: counters.expired,
    duplicateMessageCount: counters.duplicate,
    undeliveredMessageCount: counters.undelivered,
    divertedMessageCount: counters.diverted,
    pendingMessageCount: counters.pending + aheadCount,
    activeMessageCount: counters.active - aheadCount,
    retryCount: counters.retries,
    recoveredMessageCount: counters.recovered,
  };
}
