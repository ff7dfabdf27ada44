import { AbortError } from "busline";
import { expect } from "vitest";
import type { Rig, Run } from "./rig.ts";

/** What the ledger of senders and listeners says, to be held against what the bus publishes. */
export interface Totals {
  readonly sent: number;
  readonly delivered: number;
  readonly failed: number;
  readonly rejected: number;
  readonly discarded: number;
  readonly undelivered: number;
  readonly pending: number;
  readonly active: number;
}

/** The equations of the ledger, at rest: nothing runs, nothing waits. Each is named in what it reports. */
export function expectEquations(rig: Rig, kind: string): void {
  const discarded = new Set(rig.discarded);
  const undelivered = new Set(rig.undelivered);
  const runsOf = new Map<string, Run[]>();
  for (const run of rig.runs) runsOf.set(run.id, [...(runsOf.get(run.id) ?? []), run]);
  const rejected = new Set<string>();
  const violations: string[] = [];
  const hold = (equation: string, holds: boolean, id: string): void => {
    if (!holds) violations.push(`${equation}: ${id}`);
  };

  for (const { id, isRequest, recipients, state, ...sent } of rig.sent.values()) {
    hold("E1 every sender is answered exactly once", sent.settledCount === 1, id);
    hold("D1 nothing is refused while there is room", !sent.wasRefusedForNothing, id);
    const runs = runsOf.get(id) ?? [];
    hold("E3 what was refused or given up never starts", !sent.hasGivenUp || runs.length === 0, id);
    const isElsewhere = runs.length > 0 || discarded.has(id) || undelivered.has(id);
    // A request hears of what befell it on the way, too: only one that came nowhere was refused.
    if (isRequest ? !isElsewhere : state === "rejected") rejected.add(id);
    const ends = [rejected.has(id), discarded.has(id), undelivered.has(id), runs.length > 0];
    hold("E2, E3 every message ends in one way only", ends.filter(Boolean).length === 1, id);
    hold(
      "E2 nothing is left running",
      runs.every(({ hasEnded }) => hasEnded),
      id,
    );
    for (const [at, { whilePaused, inSendersTurn }] of runs.entries()) {
      // What runs goes on; what a sender runs itself starts nothing.
      const mayStart = inSendersTurn || (at > 0 && kind !== "parallel");
      hold("paused: nothing starts", !whilePaused || mayStart, id);
    }
    const asked = runs.map(({ listener }) => listener);
    hold("E4 no listener gets a message twice", new Set(asked).size === asked.length, id);
    hold(
      "D6 only those get it that listened",
      asked.every((name) => recipients.includes(name)),
      id,
    );
    const missed = recipients.filter((name) => !asked.includes(name) && !rig.left.has(name));
    const mayMiss = runs.length === 0 ? !undelivered.has(id) : rig.closing !== undefined;
    hold("D6 all of them get it", missed.length === 0 || mayMiss, id);
  }
  for (const { id, settledCount, error } of rig.notSent) {
    hold("E1 an aborted send is refused", settledCount === 1 && error instanceof AbortError, id);
  }
  for (const id of [...runsOf.keys(), ...discarded, ...undelivered]) {
    hold("E4 what is told of was sent", rig.sent.has(id), id);
  }
  hold("E2 a drop is told once", discarded.size === rig.discarded.length, "discarded");
  hold("E2 a miss is told once", undelivered.size === rig.undelivered.length, "undelivered");
  expect(violations).toEqual([]);
  if (kind !== "synchronous") expectOrder(rig);
  expectStatistics(rig, runsOf, rejected.size);
}

/** E7: serial and parallel start messages in the order of sending, for each listener. */
function expectOrder(rig: Rig): void {
  const position = new Map([...rig.sent.keys()].map((id, at) => [id, at]));
  const last = new Map<string, number>();
  // What a sender runs itself passes by those that wait.
  const passedBy = new Set(rig.runs.filter((run) => run.inSendersTurn).map(({ id }) => id));
  for (const { id, listener } of rig.runs) {
    if (passedBy.has(id)) continue;
    const at = position.get(id) ?? -1;
    expect(at, `E7 order at ${listener}`).toBeGreaterThan(last.get(listener) ?? -1);
    last.set(listener, at);
  }
}

/** E8: the numbers published equal the ledger's. */
function expectStatistics(rig: Rig, runsOf: ReadonlyMap<string, Run[]>, rejected: number): void {
  const failed = [...runsOf.values()].filter((runs) => runs.some((run) => run.hasFailed)).length;
  const published = publishedTotals(rig);
  const cutShort = published.discarded - rig.discarded.length;
  const { least, most } = cutShortIn(rig, runsOf);
  expect(cutShort, "E8 cut short").toBeGreaterThanOrEqual(least);
  expect(cutShort, "E8 cut short").toBeLessThanOrEqual(most);
  expect(published, "E8").toEqual({
    sent: rig.sent.size,
    delivered: runsOf.size - failed - cutShort,
    failed,
    rejected,
    discarded: rig.discarded.length + cutShort,
    undelivered: rig.undelivered.length,
    pending: 0,
    active: 0,
  } satisfies Totals);
  const failures = rig.runs.filter(({ hasFailed }) => hasFailed);
  expect(rig.reportedFailures.toSorted(), "E8 failures reported").toEqual(
    failures.map(({ id, listener }) => `${id}@${listener}`).toSorted(),
  );
  expect(rig.destination.statistics.activeWorkerCount, "E8 workers").toBe(0);
  for (const { name, deliveredCount, failedCount } of rig.destination.statistics.listeners) {
    const own = rig.runs.filter(({ listener }) => listener === name);
    const ownFailed = own.filter(({ hasFailed }) => hasFailed).length;
    expect({ name, deliveredCount, failedCount }, "E8 listener").toEqual({
      name,
      deliveredCount: own.length - ownFailed,
      failedCount: ownFailed,
    });
  }
}

/**
 * Messages that a close interrupted before all of their listeners had had their turn count as discarded. The ledger
 * does not know of a listener that has left whether it did so before its turn or after the interruption.
 */
function cutShortIn(rig: Rig, runsOf: ReadonlyMap<string, Run[]>): { least: number; most: number } {
  const [least, most] = [new Set<string>(), new Set<string>()];
  for (const [id, runs] of rig.closing === undefined ? [] : runsOf) {
    const isInterrupted = runs.some(({ context }) => context.signal.aborted);
    if (!isInterrupted || runs.some(({ hasFailed }) => hasFailed)) continue;
    const asked = new Set(runs.map(({ listener }) => listener));
    const missed = (rig.sent.get(id)?.recipients ?? []).filter((name) => !asked.has(name));
    if (missed.length > 0) most.add(id);
    if (missed.some((name) => !rig.left.has(name))) least.add(id);
  }
  return { least: least.size, most: most.size };
}

/** What the destination publishes of its messages; the sum of its parts must be the whole. */
export function publishedTotals(rig: Rig): Totals {
  const published = rig.destination.statistics;
  const totals: Totals = {
    sent: published.sentMessageCount,
    delivered: published.deliveredMessageCount,
    failed: published.failedMessageCount,
    rejected: published.rejectedMessageCount,
    discarded: published.discardedMessageCount,
    undelivered: published.undeliveredMessageCount,
    pending: published.pendingMessageCount,
    active: published.activeMessageCount,
  };
  const { sent, ...parts } = totals;
  const sum = Object.values(parts).reduce((one, other) => one + other, 0);
  if (sum !== sent) expect(sum, `the sum of ${JSON.stringify(parts)}`).toBe(sent);
  return totals;
}
