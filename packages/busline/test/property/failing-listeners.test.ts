import { setImmediate as nextTurn } from "node:timers/promises";
import { DestinationConfiguration, MessageBus } from "busline";
import { untilQuiet } from "busline/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { IS_LONG, Ledger, randomOf } from "./ledger.ts";

const MESSAGES = IS_LONG ? 1_000_000 : 20_000;
const BURST = 1_000;

const unhandled: unknown[] = [];
const note = (error: unknown): void => void unhandled.push(error);

describe("one message in three that fails at random", () => {
  beforeEach(() => {
    unhandled.length = 0;
    process.on("unhandledRejection", note);
    process.on("uncaughtException", note);
  });
  afterEach(() => {
    process.off("unhandledRejection", note);
    process.off("uncaughtException", note);
  });

  for (const type of ["parallel", "serial", "synchronous"]) {
    test(`listener - ${type}: every message is accounted for, and nothing is unhandled`, async () => {
      const random = randomOf(20_261_122);
      const ledger = new Ledger(MESSAGES);
      let reported = 0;
      let thrownToSender = 0;
      const bus = new MessageBus({ onError: () => void (reported += 1) });
      const destination = bus.addDestination<number>(
        new DestinationConfiguration(
          type,
          "failing/here",
          type === "synchronous" ? {} : { maximumQueueSize: MESSAGES },
        ),
      );
      const order: number[] = [];
      destination.listen(({ payload }) => {
        ledger.delivered(payload);
        order.push(payload);
        const draw = random();
        if (draw < 1 / 3) {
          ledger.failed += 1;
          // Half of the failures are thrown, half are rejections; anything may be thrown.
          if (draw < 1 / 6) throw draw < 1 / 12 ? undefined : new Error(`message ${payload}`);
          return Promise.reject(draw < 1 / 4 ? null : new Error(`message ${payload}`));
        }
        ledger.succeeded += 1;
        return draw < 1 / 2 ? Promise.resolve(payload) : undefined;
      });
      for (let number = 0; number < MESSAGES; number += 1) {
        ledger.sent += 1;
        try {
          await destination.send(number);
        } catch {
          thrownToSender += 1;
        }
        if (number % BURST === 0) {
          ledger.sample(destination.statistics);
          await nextTurn();
        }
      }
      await untilQuiet(bus);
      ledger.expectEqual(destination.statistics);
      expect(ledger.timesOtherThan(1)).toBe(0);
      expect(ledger.failed).toBeGreaterThan(MESSAGES / 4);
      expect(reported).toBe(ledger.failed);
      expect(thrownToSender).toBe(type === "synchronous" ? ledger.failed : 0);
      const isInOrder = order.every((number, at) => number === at);
      expect(isInOrder || type === "parallel").toBe(true);
      const [listener] = destination.statistics.listeners;
      expect(listener).toMatchObject({
        deliveredCount: ledger.succeeded,
        failedCount: ledger.failed,
      });
      await nextTurn();
      expect(unhandled).toEqual([]);
    });
  }
});
