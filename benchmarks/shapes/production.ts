import { setImmediate } from "node:timers/promises";
import { type Arrivals, sumTo } from "../peers/arrivals.ts";
import type { WorkQueue } from "../peers/work-queue.ts";
import { sizeOf } from "../probes/size-of.ts";

/** How messages are sent to a queue, and how it is known that the last one has been delivered. */
export interface Production {
  readonly run: (queue: WorkQueue, arrivals: Arrivals) => (count: number) => Promise<void>;
  /** What the payloads of one run add up to. */
  readonly expected: (count: number) => number;
  /** Whether a run may have more messages without there being more that wait. */
  readonly grows: boolean;
}

/** All at once, then all are delivered, each to so many listeners. */
export function inOneBurstTo(listeners: number): Production {
  return {
    run: (queue, arrivals) => async (count) => {
      const all = arrivals.more(count * listeners);
      for (let payload = 1; payload <= count; payload += 1) void queue.push(payload);
      await all;
    },
    expected: (count) => sumTo(count) * listeners,
    grows: false,
  };
}

export const inOneBurst: Production = inOneBurstTo(1);

/** How many messages a small burst has. */
export const BURST = sizeOf(1_000, 100);

/** Bursts of `BURST`, each after the last one has been delivered, and each message to so many listeners. */
export function inSmallBurstsTo(listeners: number): Production {
  return {
    run: (queue, arrivals) => async (count) => {
      for (let left = count; left > 0; left -= BURST) {
        const all = arrivals.more(BURST * listeners);
        for (let payload = 1; payload <= BURST; payload += 1) void queue.push(payload);
        await all;
      }
    },
    expected: (count) => (count / BURST) * sumTo(BURST) * listeners,
    grows: true,
  };
}

/** What a queue with a bound sees. */
export const inSmallBursts: Production = inSmallBurstsTo(1);

const PRODUCERS = 10;

/** Ten producers, each of which sends `BURST` in a turn of the event loop, or fewer where it has to wait for space. */
export const byTenProducers: Production = {
  run: (queue, arrivals) => async (count) => {
    const all = arrivals.more(count);
    const produce = async (): Promise<void> => {
      for (let left = count / PRODUCERS; left > 0; left -= BURST) {
        for (let payload = 1; payload <= BURST; payload += 1) {
          const space = queue.push(payload);
          if (space !== undefined) await space;
        }
        await setImmediate();
      }
    };
    await Promise.all(Array.from({ length: PRODUCERS }, produce));
    await all;
  },
  expected: (count) => (count / BURST) * sumTo(BURST),
  grows: false,
};
