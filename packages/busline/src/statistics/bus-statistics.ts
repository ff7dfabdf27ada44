import type { DestinationStatistics, MessageCounts } from "./destination-statistics.ts";

/** One reading of a bus, frozen: the totals over the destinations that it has now. */
export interface BusStatistics extends MessageCounts {
  readonly activeWorkerCount: number;
  readonly currentWorkerCount: number;
  /** How long the oldest waiting message of any destination has waited, in milliseconds; 0 with nothing waiting. */
  readonly oldestPendingAgeMs: number;
  /** Requests that wait for their reply. */
  readonly pendingRequestCount: number;
  /** Replies that came after the first, or after the requester had gone, and were ignored. */
  readonly lateReplyCount: number;
  /** A reading of each destination, by name. */
  readonly destinations: readonly DestinationStatistics[];
}

/** Adds up readings of destinations. */
export function totalOf(
  destinations: readonly DestinationStatistics[],
  requests: { readonly pending: number; readonly lateReplies: number },
): BusStatistics {
  const sum = (count: keyof MessageCounts | "activeWorkerCount" | "currentWorkerCount"): number =>
    destinations.reduce((total, destination) => total + destination[count], 0);
  return Object.freeze({
    sentMessageCount: sum("sentMessageCount"),
    deliveredMessageCount: sum("deliveredMessageCount"),
    failedMessageCount: sum("failedMessageCount"),
    deadLetteredMessageCount: sum("deadLetteredMessageCount"),
    rejectedMessageCount: sum("rejectedMessageCount"),
    discardedMessageCount: sum("discardedMessageCount"),
    expiredMessageCount: sum("expiredMessageCount"),
    duplicateMessageCount: sum("duplicateMessageCount"),
    undeliveredMessageCount: sum("undeliveredMessageCount"),
    divertedMessageCount: sum("divertedMessageCount"),
    pendingMessageCount: sum("pendingMessageCount"),
    activeMessageCount: sum("activeMessageCount"),
    retryCount: sum("retryCount"),
    recoveredMessageCount: sum("recoveredMessageCount"),
    activeWorkerCount: sum("activeWorkerCount"),
    currentWorkerCount: sum("currentWorkerCount"),
    oldestPendingAgeMs: destinations.reduce(
      (oldest, { oldestPendingAgeMs }) => Math.max(oldest, oldestPendingAgeMs),
      0,
    ),
    pendingRequestCount: requests.pending,
    lateReplyCount: requests.lateReplies,
    destinations: Object.freeze([...destinations]),
  });
}
