import type { BusCore } from "../bus/bus-core.ts";
import { BusClosedError } from "../errors/bus-closed-error.ts";
import { InvalidConfigurationError } from "../errors/invalid-configuration-error.ts";
import { Schedule } from "./schedule.ts";
import { checkScheduleOptions, type ScheduleOptions } from "./schedule-options.ts";

/** The schedules of a bus, by name. */
export class Schedules {
  readonly #bus: BusCore;
  readonly #schedules = new Map<string, Schedule>();

  constructor(bus: BusCore) {
    this.#bus = bus;
  }

  /** All that will run, or are paused, by name. */
  get all(): Schedule[] {
    return [...this.#schedules.values()].toSorted((one, other) => (one.name < other.name ? -1 : 1));
  }

  get(name: string): Schedule | undefined {
    return this.#schedules.get(name);
  }

  /** @throws {InvalidConfigurationError} @throws {UnknownDestinationError} @throws {BusClosedError} */
  add(name: unknown, options: ScheduleOptions): Schedule {
    if (this.#bus.stage !== "open") throw new BusClosedError("schedule");
    const isName = typeof name === "string" && name.length >= 1 && name.length <= 255;
    if (!isName || this.#schedules.has(name)) {
      throw new InvalidConfigurationError({
        where: "schedule",
        attribute: "name",
        value: name,
        allowed: isName
          ? "a name that no schedule of the bus has"
          : "a text of 1 to 255 characters",
      });
    }
    const checked = checkScheduleOptions(name, options, this.#bus.clock);
    this.#bus.get(checked.destinationName);
    const schedule = new Schedule(name, checked, this.#bus, (ended) => {
      if (this.#schedules.get(name) === ended) this.#schedules.delete(name);
    });
    this.#schedules.set(name, schedule);
    Schedule.start(schedule);
    return schedule;
  }

  /** Ends all: the bus drains. */
  stop(): void {
    for (const schedule of this.all) Schedule.stop(schedule);
  }
}
