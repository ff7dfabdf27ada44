import { setImmediate as nextTurn } from "node:timers/promises";
import {
  abort,
  callerRuns,
  DestinationConfiguration,
  discard,
  discardOldest,
  divertTo,
  MessageBus,
  RejectedExecutionError,
  type RejectedExecutionHandler,
  waitForSpace,
} from "busline";
import { untilQuiet } from "busline/testing";
import { describe, expect, test } from "vitest";
import { IS_LONG, Ledger } from "./ledger.ts";

const MESSAGES = IS_LONG ? 1_000_000 : 20_000;
const LIMIT = 100;
const EVERY = 997;

const handlers: Record<string, RejectedExecutionHandler> = {
  abort,
  callerRuns,
  discard,
  discardOldest,
  waitForSpace: waitForSpace(),
  divertTo: divertTo("flood/overflow"),
};

describe("a flood into a slow parallel destination", () => {
  for (const [name, handler] of Object.entries(handlers)) {
    test(`queue - ${name}: accepted and rejected add up to the last message, and the depth keeps its limit`, async () => {
      const ledger = new Ledger(MESSAGES);
      const overflow = new Ledger(MESSAGES);
      const bus = new MessageBus();
      bus.addDestination(
        DestinationConfiguration.createParallelDestinationConfiguration("flood/overflow", {
          maximumQueueSize: Infinity,
        }),
      );
      const slow = bus.addDestination<number>(
        DestinationConfiguration.createParallelDestinationConfiguration("flood/slow", {
          maximumQueueSize: LIMIT,
          rejectedExecutionHandler: handler,
        }),
      );
      bus.listen("flood/overflow", ({ payload }) => {
        overflow.delivered(payload as number);
        overflow.succeeded += 1;
      });
      slow.listen(({ payload }) => {
        ledger.delivered(payload);
        // Slow: every other message takes a turn of the event loop.
        if (payload % 2 === 0) return finished(ledger);
        ledger.succeeded += 1;
        return undefined;
      });
      slow.addDestinationEventListener({ messageDiscarded: () => (ledger.discarded += 1) });
      for (let number = 0; number < MESSAGES; number += 1) {
        ledger.sent += 1;
        try {
          await slow.send(number);
        } catch (error) {
          if (!(error instanceof RejectedExecutionError)) throw error;
          ledger.refused += 1;
        }
        if (number % EVERY === 0) {
          ledger.sample(slow.statistics);
          await nextTurn();
        }
      }
      await untilQuiet(bus);
      expect(slow.statistics.divertedMessageCount).toBe(overflow.succeeded);
      ledger.expectEqual(slow.statistics);
      expect(ledger.largestDepth).toBeGreaterThan(0);
      expect(ledger.largestDepth).toBeLessThanOrEqual(LIMIT);
      const elsewhere = ledger.refused + ledger.discarded + overflow.succeeded;
      expect(ledger.succeeded + elsewhere).toBe(MESSAGES);
      // The flood did overflow, or the test has shown nothing.
      const isHeldUp = name === "waitForSpace" || name === "callerRuns";
      expect(isHeldUp || elsewhere > 0).toBe(true);
    });
  }
});

async function finished(ledger: Ledger): Promise<void> {
  await nextTurn();
  ledger.succeeded += 1;
}
