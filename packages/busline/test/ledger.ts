import { expect } from "vitest";
import type { MessageCounts } from "busline";

/** The counts that are not 0, under short names. */
export type Ledger = Partial<Record<keyof typeof SHORT_NAMES, number>>;

const SHORT_NAMES = {
  sent: "sentMessageCount",
  delivered: "deliveredMessageCount",
  failed: "failedMessageCount",
  deadLettered: "deadLetteredMessageCount",
  rejected: "rejectedMessageCount",
  discarded: "discardedMessageCount",
  expired: "expiredMessageCount",
  duplicate: "duplicateMessageCount",
  undelivered: "undeliveredMessageCount",
  diverted: "divertedMessageCount",
  pending: "pendingMessageCount",
  active: "activeMessageCount",
} as const satisfies Record<string, keyof MessageCounts>;

/** Reads the ledger of a destination or a bus, and holds it to its equation: every reading is a check. */
export function ledgerOf({ statistics }: { readonly statistics: MessageCounts }): Ledger {
  const ledger: Ledger = {};
  let accountedFor = 0;
  for (const name of Object.keys(SHORT_NAMES) as (keyof typeof SHORT_NAMES)[]) {
    const count = statistics[SHORT_NAMES[name]];
    expect(count, `${name} is a count`).toBeGreaterThanOrEqual(0);
    if (count !== 0) ledger[name] = count;
    if (name !== "sent") accountedFor += count;
  }
  expect(accountedFor, `sent is the sum of ${JSON.stringify(ledger)}`).toBe(ledger.sent ?? 0);
  return ledger;
}
