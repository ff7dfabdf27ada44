import type { BusStatistics } from "../statistics/bus-statistics.ts";

/**
 * Resolves in the first turn of the event loop in which nothing waits and nothing runs on the bus, apart from what dead
 * letter destinations keep.
 */
export async function untilQuiet(bus: { readonly statistics: BusStatistics }): Promise<void> {
  for (;;) {
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
    const isQuiet = bus.statistics.destinations.every(
      ({ activeMessageCount, destinationType, pendingMessageCount }) =>
        activeMessageCount === 0 &&
        (pendingMessageCount === 0 || destinationType === "dead-letter"),
    );
    if (isQuiet) return;
  }
}
