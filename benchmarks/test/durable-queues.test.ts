import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Order, OrderBook, orderOf } from "../durable/order.ts";
import { open as openAppendOnlyFile } from "../limits/append-only-file.ts";
import { Groups } from "../limits/groups.ts";
import { Arrivals, sumTo } from "../peers/arrivals.ts";
import type { DurableQueue, OpenDurableQueue } from "../peers/durable-queue.ts";
import { open as openLmdb } from "../peers/lmdb.ts";
import { sendOrders } from "../probes/accept-rate.ts";
import { diskSpaceOf } from "../probes/disk-space.ts";

vi.stubEnv("BUSLINE_BENCH_TINY", "1");
// They read it when they are loaded.
const { measureAccepted } = await import("../durable/accepted.ts");
const { measureDelivered } = await import("../durable/delivered.ts");

/** Where others use the disk, a sync may take long. */
const longestRunMs = 60_000;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "busline-durable-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** Keeps orders as long as the test runs, and does something wrong with one of them. */
function faultyQueue(fault: "none" | "loses" | "repeats" | "keeps"): OpenDurableQueue {
  const kept: Order[] = [];
  return async () => {
    let receive: ((order: Order) => void) | undefined;
    const queue: DurableQueue = {
      send: async (order) => {
        // As a disk does, it lets the event loop go on.
        await nextTurn();
        if (fault === "loses" && order.number === 3) return;
        kept.push(order);
        if (fault === "repeats" && order.number === 3) kept.push(order);
        receive?.(order);
      },
      deliver: (listener, acknowledged) => {
        receive = (order) => {
          void listener(order).then(acknowledged);
          if (fault !== "keeps") kept.shift();
        };
      },
      pendingCount: () => kept.length,
      readBack: async (reader) => {
        for (const order of kept) reader(order);
      },
      close: async () => {},
    };
    return queue;
  };
}

describe("benchmarks - durable queues", { timeout: longestRunMs }, () => {
  test("benchmarks - an order is about 200 bytes", () => {
    const { length } = JSON.stringify(orderOf(100_000));
    expect(length).toBeGreaterThan(190);
    expect(length).toBeLessThan(210);
  });

  test("benchmarks - an order that comes twice, or was never sent, ends the run", () => {
    const book = new OrderBook();
    for (const number of [1, 100_000, 2]) book.add(number);
    expect(book.sum).toBe(100_003);
    expect(() => book.add(100_000)).toThrow("Order 100000 came twice");
    expect(() => book.add(0)).toThrow("never sent");
  });

  test("benchmarks - what has been accepted is read back, by number", async () => {
    const { arrived, expected } = await measureAccepted(faultyQueue("none"), 2);
    expect(arrived).toBe(expected);
    expect(arrived).toBeGreaterThan(0);
    const lost = await measureAccepted(faultyQueue("loses"), 2);
    expect(lost.expected - lost.arrived).toBe(3);
    await expect(measureAccepted(faultyQueue("repeats"), 2)).rejects.toThrow("Order 3 came twice");
  });

  test("benchmarks - what has been acknowledged must not lie there any more", async () => {
    const { arrived, expected } = await measureDelivered(faultyQueue("none"));
    expect(arrived).toBe(expected);
    await expect(measureDelivered(faultyQueue("keeps"))).rejects.toThrow(
      "lie there that were acknowledged",
    );
  });

  describe.each([
    ["append-only file", openAppendOnlyFile],
    ["raw lmdb", openLmdb],
  ] as const)("%s", (name, open) => {
    test(`benchmarks - ${name} - what was sent is there when it is opened again`, async () => {
      const queue = await open(folder);
      await sendOrders(queue, 7, 2_500);
      await queue.close();
      expect(diskSpaceOf(folder)).toBeGreaterThan(2_500 * 200);
      const again = await open(folder);
      expect(await again.pendingCount()).toBe(2_500);
      const book = new OrderBook();
      await again.readBack(({ number }) => book.add(number));
      expect(book.sum).toBe(sumTo(2_500));
      await again.close();
    });

    test(`benchmarks - ${name} - each is delivered once, also one by one, and is gone then`, async () => {
      const queue = await open(folder);
      await sendOrders(queue, 1, 1_200);
      const book = new OrderBook();
      const acknowledged = new Arrivals();
      const all = acknowledged.more(1_210);
      queue.deliver(
        async ({ number }) => book.add(number),
        () => acknowledged.add(1),
      );
      await sendOrders(queue, 1, 10, 1_200);
      await all;
      await queue.close();
      expect(book.sum).toBe(sumTo(1_210));
      const again = await open(folder);
      expect(await again.pendingCount()).toBe(0);
      await again.close();
    });
  });

  test("benchmarks - what comes together, or while the last is written, is written at once", async () => {
    const written: (readonly number[])[] = [];
    const groups = new Groups<number>(async (numbers) => {
      written.push(numbers);
      if (numbers.includes(5)) throw new Error("the disk is full");
      if (numbers.length === 2) void groups.add(3);
      await Promise.resolve();
      if (numbers.length === 2) void groups.add(4);
    });
    await Promise.all([groups.add(1), groups.add(2)]);
    await expect(groups.add(5)).rejects.toThrow("the disk is full");
    await groups.add(6);
    expect(written).toEqual([[1, 2], [3, 4, 5], [6]]);
  });
});
