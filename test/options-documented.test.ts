import { describe, expect, test } from "vitest";
import { readPage, rowNamesOf, sectionOf } from "./markdown.ts";
import { interfaceFields, sources } from "./sources.ts";

const options = readPage("docs/reference/options.md");
const statistics = readPage("docs/reference/statistics.md");
const diagnostics = readPage("docs/reference/diagnostics.md");
const interfaces = interfaceFields();

const optionInterfaces = [...interfaces.keys()].filter(
  (name) => /(?:Options|Attributes)$/.test(name) && !name.startsWith("Checked"),
);
const statisticsInterfaces = [
  "MessageCounts",
  "WorkerCounts",
  "ListenerStatistics",
  "DestinationStatistics",
  "BusStatistics",
  "MessageStatus",
];

describe("docs - reference", () => {
  test("docs - the options that are looked for are those that the sources have", () => {
    expect(optionInterfaces).toEqual(
      expect.arrayContaining([
        "CloseOptions",
        "DestinationAttributes",
        "ListenOptions",
        "ManualClockOptions",
        "MessageBusOptions",
        "RequestOptions",
        "SendOptions",
        "WaitForSpaceOptions",
      ]),
    );
  });

  test.each(optionInterfaces)("docs - options.md has every field of %s, and no other", (name) => {
    const documented = rowNamesOf(sectionOf(options, name));
    expect(documented.toSorted()).toEqual(interfaces.get(name)?.toSorted());
  });

  test.each(statisticsInterfaces)(
    "docs - statistics.md has every field of %s, and no other",
    (name) => {
      const documented = rowNamesOf(sectionOf(statistics, name));
      expect(documented.toSorted()).toEqual(interfaces.get(name)?.toSorted());
    },
  );

  test("docs - diagnostics.md has every channel, and no other", () => {
    const channels = sources.flatMap(({ text }) =>
      [...text.matchAll(/tracingChannel\("([^"]+)"\)/g)].map(([, name = ""]) => name),
    );
    expect(channels.length).toBeGreaterThan(0);
    const documented = rowNamesOf(sectionOf(diagnostics, "The channels"));
    expect(documented.toSorted()).toEqual(channels.toSorted());
  });

  test("docs - diagnostics.md has every field of MessageTrace, and no other", () => {
    const documented = rowNamesOf(sectionOf(diagnostics, "MessageTrace"));
    expect(documented.toSorted()).toEqual(interfaces.get("MessageTrace")?.toSorted());
  });
});
