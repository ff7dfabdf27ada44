import { describe, expect, test, vi } from "vitest";
import type { ScheduleOptions } from "busline";
import { runScript } from "./run-script.ts";
import { busWith } from "./schedule-fixture.ts";

describe("schedule options", () => {
  test.each<[Partial<ScheduleOptions>, string, string]>([
    [{}, "cron", "given, or everyMs or at instead of it"],
    [{ everyMs: 5, at: 5 }, "at", "left out beside everyMs"],
    [{ cron: "* * * * *", everyMs: 5 }, "everyMs", "left out beside cron"],
    [{ everyMs: 0 }, "everyMs", "a number of milliseconds of at least 1"],
    [{ everyMs: 2 ** 31 }, "everyMs", "milliseconds"],
    [{ everyMs: 5, timeZone: "UTC" }, "timeZone", "given with cron"],
    [{ at: Number.NaN }, "at", "a Date"],
    [{ cron: "nonsense" }, "cron", "the package croner can read"],
    [{ cron: "* * * * *", timeZone: "Mars/One" }, "cron", "the package croner can read"],
    [{ cron: "0 0 30 2 *" }, "cron", "a pattern that has another run"],
    [{ everyMs: 5, overlap: "wait" as never }, "overlap", '"skip" or "queue"'],
    [{ everyMs: 5, missed: "all" as never }, "missed", '"once" or "skip"'],
    [{ everyMs: 5, destination: "no spaces" }, "destination", "characters"],
    [{ everyMs: 5, headers: { a: 1 } as never }, 'headers["a"]', "a text"],
    [{ everyMs: 5, evryMs: 5 } as never, "evryMs", "known: destination, payload"],
  ])("refuses %j", async (options, attribute, allowed) => {
    const { bus, schedule } = busWith();
    expect(() => schedule(options)).toThrow(
      expect.objectContaining({
        code: "BUSLINE_INVALID_CONFIGURATION",
        attribute,
        allowed: expect.stringContaining(allowed),
      }),
    );
    expect(bus.schedules).toEqual([]);
    await bus.close();
  });

  test(
    "cron - where croner is not installed, the error says what to install",
    { timeout: 30_000 },
    async () => {
      const { lines } = await runScript(`
      import Module from "node:module";
      import { DestinationConfiguration, MessageBus } from "busline";
      const load = Module._load;
      Module._load = (request, ...rest) => {
        if (request === "croner") throw new Error("Cannot find module 'croner'");
        return load(request, ...rest);
      };
      const bus = new MessageBus();
      bus.addDestination(
        DestinationConfiguration.createSerialDestinationConfiguration("acme/a"),
      );
      bus.schedule("period", { destination: "acme/a", everyMs: 5 }).remove();
      try {
        bus.schedule("nightly", { destination: "acme/a", cron: "* * * * *" });
      } catch (error) {
        console.log(error.code, error.allowed);
        console.log(error.cause.message);
      }`);
      expect(lines).toEqual([
        "BUSLINE_INVALID_CONFIGURATION given where the package croner is installed (npm install croner)",
        "Cannot find module 'croner'",
      ]);
    },
  );

  test("cron - a croner that cannot be loaded is told from a pattern that cannot be read", async () => {
    vi.resetModules();
    vi.doMock("node:module", () => ({
      createRequire: () => () => {
        throw new Error("not installed");
      },
    }));
    const { byCron, CronerMissing } = await import("../src/send/cron-times.ts");
    vi.doUnmock("node:module");
    let thrown: unknown;
    try {
      byCron("* * * * *", undefined);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(CronerMissing);
    expect(thrown).toMatchObject({ cause: { message: "not installed" } });
  });

  test("refuses - a name that is taken or none, and a destination that is unknown", async () => {
    const { bus, schedule } = busWith();
    schedule({ everyMs: 10 });
    for (const name of ["nightly", "", "x".repeat(256), 7 as never]) {
      expect(() => schedule({ everyMs: 10 }, name)).toThrow(
        expect.objectContaining({ code: "BUSLINE_INVALID_CONFIGURATION", attribute: "name" }),
      );
    }
    expect(() => schedule({ everyMs: 10, destination: "acme/nowhere" }, "other")).toThrow(
      expect.objectContaining({ code: "BUSLINE_UNKNOWN_DESTINATION" }),
    );
    await bus.close();
  });
});
