import {
  type Destination,
  DestinationConfiguration,
  MessageBus,
  type MessageCounts,
} from "busline";
import { GateListener, ManualClock } from "busline/testing";
import { expect } from "vitest";

/** What a refusal after a drain or a close looks like. */
export const CLOSED: unknown = expect.objectContaining({
  name: "RejectedExecutionError",
  code: "BUSLINE_CLOSED",
});

interface Fixture {
  readonly bus: MessageBus;
  readonly clock: ManualClock;
  readonly work: Destination<string>;
  readonly gate: GateListener<string>;
}

/** A serial destination, so that the first message runs and the others wait. */
export function fixture(): Fixture {
  const clock = new ManualClock();
  const bus = new MessageBus({ clock });
  const work = bus.addDestination<string>(new DestinationConfiguration("serial", "acme/work"));
  const gate = new GateListener<string>();
  work.listen(gate);
  return { bus, clock, work, gate };
}

/** Whether a promise has been settled. */
export function watched(promise: Promise<unknown>): { isSettled: boolean } {
  const state = { isSettled: false };
  void promise.then(() => {
    state.isSettled = true;
  });
  return state;
}

export const turn = (): Promise<void> =>
  new Promise((resume) => {
    setImmediate(resume);
  });

/** The equation of the ledger, with nothing left over. */
export function expectSettled(counts: MessageCounts): void {
  expect(counts).toMatchObject({ pendingMessageCount: 0, activeMessageCount: 0 });
  expect(counts.sentMessageCount).toBe(
    counts.deliveredMessageCount +
      counts.failedMessageCount +
      counts.rejectedMessageCount +
      counts.discardedMessageCount +
      counts.undeliveredMessageCount +
      counts.divertedMessageCount,
  );
}
