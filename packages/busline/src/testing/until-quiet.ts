import type { BusStatistics } from "../statistics/bus-statistics.ts";

/** Resolves in the first turn of the event loop in which nothing waits and nothing runs on the bus. */
export async function untilQuiet(bus: { readonly statistics: BusStatistics }): Promise<void> {
  for (;;) {
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
    const { pendingMessageCount, activeMessageCount } = bus.statistics;
    if (pendingMessageCount === 0 && activeMessageCount === 0) return;
  }
}
