import assert from "node:assert/strict";
import type { DestinationStatistics } from "busline";

/** How many messages the long mode sends where the normal mode sends a few thousand. */
export const IS_LONG = process.env["BUSLINE_LONG"] !== undefined;

/** Random numbers that a seed repeats: mulberry32. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What senders and listeners saw by themselves, against what the bus says of itself. */
export class Ledger {
  sent = 0;
  refused = 0;
  discarded = 0;
  succeeded = 0;
  failed = 0;
  largestDepth = 0;
  readonly #seen: Uint8Array;

  constructor(size: number) {
    this.#seen = new Uint8Array(size);
  }

  /** A listener has got message number `number`: once, and never again. */
  delivered(number: number): void {
    this.#seen[number] = (this.#seen[number] ?? 0) + 1;
  }

  /** How many messages a listener got other than exactly once. */
  timesOtherThan(times: number): number {
    return this.#seen.reduce((count, seen) => (seen === times ? count : count + 1), 0);
  }

  /** How many a listener got more than once. */
  get duplicates(): number {
    return this.#seen.reduce((count, seen) => (seen > 1 ? count + 1 : count), 0);
  }

  sample(statistics: DestinationStatistics): void {
    this.largestDepth = Math.max(this.largestDepth, statistics.pendingMessageCount);
    expectBalance(statistics);
  }

  /** E1, E2, E4 and E8 at rest. */
  expectEqual(statistics: DestinationStatistics): void {
    expectBalance(statistics);
    assert.deepEqual(
      {
        sent: statistics.sentMessageCount,
        delivered: statistics.deliveredMessageCount,
        failed: statistics.failedMessageCount,
        rejected: statistics.rejectedMessageCount,
        discarded: statistics.discardedMessageCount,
        pending: statistics.pendingMessageCount,
        active: statistics.activeMessageCount,
      },
      {
        sent: this.sent,
        delivered: this.succeeded,
        failed: this.failed,
        rejected: this.refused,
        discarded: this.discarded,
        pending: 0,
        active: 0,
      },
    );
    assert.equal(this.duplicates, 0);
  }
}

/** The equation that holds at every moment. */
export function expectBalance(statistics: DestinationStatistics): void {
  assert.equal(
    statistics.sentMessageCount,
    statistics.deliveredMessageCount +
      statistics.failedMessageCount +
      statistics.rejectedMessageCount +
      statistics.discardedMessageCount +
      statistics.undeliveredMessageCount +
      statistics.divertedMessageCount +
      statistics.pendingMessageCount +
      statistics.activeMessageCount,
  );
}
