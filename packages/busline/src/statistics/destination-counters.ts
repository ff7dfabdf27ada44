/** What becomes of a message that a worker has had in hand. */
export type Outcome =
  | "delivered"
  | "failed"
  | "deadLettered"
  | "discarded"
  | "diverted"
  | "expired"
  | "undelivered";

/**
 * The ledger of one destination. Every message that was sent is in exactly one of the other counts, at every moment:
 * each method below moves one message from one count to another, and nothing else may write here.
 */
export class DestinationCounters {
  sent = 0;
  delivered = 0;
  failed = 0;
  rejected = 0;
  deadLettered = 0;
  discarded = 0;
  expired = 0;
  undelivered = 0;
  diverted = 0;
  pending = 0;
  active = 0;
  /** How often a message has come back for another attempt; no count of messages. */
  retries = 0;
  /** Refused to be stored twice. */
  duplicate = 0;
  /** How many of those that were sent had been found in the store; no count of its own. */
  recovered = 0;

  /** Messages that were accepted in an earlier run of the process wait here. */
  foundInStore(count: number): void {
    this.sent += count;
    this.pending += count;
    this.recovered += count;
  }

  /** A message was taken in and waits. */
  accepted(): void {
    this.sent += 1;
    this.pending += 1;
  }

  /** A message that was just taken in could not stay. */
  takenBack(): void {
    this.sent -= 1;
    this.pending -= 1;
  }

  /** A message was taken in by the sender's own turn, which starts it at once. */
  acceptedAtOnce(): void {
    this.sent += 1;
    this.active += 1;
  }

  /** A message did not get in. */
  turnedAway(outcome: "rejected" | "discarded" | "expired" | "undelivered" | "diverted"): void {
    this.sent += 1;
    this[outcome] += 1;
  }

  /** A waiting message has been handed, for all of its listeners, to workers. */
  started(): void {
    this.pending -= 1;
    this.active += 1;
  }

  /** A waiting message has ended. */
  dropped(outcome: Outcome | "rejected" | "duplicate"): void {
    this.pending -= 1;
    this[outcome] += 1;
  }

  /** A waiting message is being handed to another destination. */
  leaves(): void {
    this.pending -= 1;
    this.active += 1;
  }

  /** One that was to leave, or has been to some of its listeners, goes on waiting; also as a dead letter for room. */
  stays(): void {
    this.active -= 1;
    this.pending += 1;
  }

  /** A message that workers had in hand has failed, and waits for its next attempt. */
  cameBack(): void {
    this.active -= 1;
    this.pending += 1;
    this.retries += 1;
  }

  /** A message that workers had in hand has reached all of its listeners. */
  passed(): void {
    this.active -= 1;
    this.delivered += 1;
  }

  /** The same, and the worker has the next one that waits in hand. */
  passedOn(): void {
    this.pending -= 1;
    this.delivered += 1;
  }

  /** A message that workers had in hand has ended. */
  finished(outcome: Outcome): void {
    this.active -= 1;
    this[outcome] += 1;
  }
}
