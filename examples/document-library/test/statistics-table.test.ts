import { DestinationConfiguration, type DestinationStatistics, MessageBus } from "busline";
import { expect, test } from "vitest";
import { addsUp, statisticsTable } from "../src/statistics-table.ts";

function readings(...names: readonly string[]): DestinationStatistics[] {
  const bus = new MessageBus();
  return names.map((name) => {
    const configuration = DestinationConfiguration.createSynchronousDestinationConfiguration(name);
    const destination = bus.addDestination(configuration);
    void destination.send(1);
    return destination.statistics;
  });
}

test("statistics table - says where a destination's counts do not add up", () => {
  const [right, other] = readings("a/right", "a/wrong") as [
    DestinationStatistics,
    DestinationStatistics,
  ];
  const wrong = { ...other, sentMessageCount: 1_234 };
  expect([addsUp(right), addsUp(wrong)]).toEqual([true, false]);
  const table = statisticsTable([right, wrong], 80);
  expect(table).toMatch(/\nsent +1 +1,234\n/);
  expect(table).toMatch(/\nadds up +yes +NO$/);
});

test("statistics table - goes on below where the page ends", () => {
  const names = Array.from({ length: 12 }, (_, at) => `acme/quite/long/destination-name-${at}`);
  for (const width of [1, 40, 80, 120, 500]) {
    const table = statisticsTable(readings(...names), width);
    for (const line of table.split("\n"))
      expect(line.length).toBeLessThanOrEqual(Math.max(width, 40));
    for (const at of names.keys())
      expect(table).toMatch(new RegExp(`destination-name-${at}( |\n)`));
  }
});
