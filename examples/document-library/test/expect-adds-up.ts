import { expect } from "vitest";
import { countsOf } from "./program.ts";

/** Checks the table by adding it up once more. */
export function expectAddsUp(output: string): Map<string, Map<string, number>> {
  const table = countsOf(output);
  expect([...table.keys()]).toEqual(
    expect.arrayContaining(["library/audit", "library/documents", "library/index"]),
  );
  for (const [name, counts] of table) {
    const [sent, ...others] = counts.values();
    expect([name, others.length, others.reduce((sum, count) => sum + count)]).toEqual([
      name,
      11,
      sent,
    ]);
  }
  expect(output).toContain("Every message that was sent is accounted for.");
  expect(output).toContain("Every file is accounted for");
  return table;
}
