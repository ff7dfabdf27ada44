import { DestinationConfiguration, MessageBus, type Schedule, type ScheduleOptions } from "busline";
import { ManualClock, Recorder } from "busline/testing";
import { turns } from "./outcome-of.ts";

export const { createSerialDestinationConfiguration: serial } = DestinationConfiguration;

/** A bus whose clock is manual, with a destination and a recorder there. */
export function busWith(startAt = Date.UTC(2026, 0, 1)) {
  const clock = new ManualClock({ startAt });
  const logged: string[] = [];
  const bus = new MessageBus({ clock, logger: { error: (_, text) => logged.push(text) } });
  const destination = bus.addDestination<unknown>(serial("acme/jobs"));
  const recorder = new Recorder();
  const registration = destination.listen(recorder);
  const schedule = (options: Partial<ScheduleOptions>, name = "nightly"): Schedule =>
    bus.schedule(name, { destination: "acme/jobs", ...options });
  const pass = async (ms: number): Promise<void> => {
    await turns();
    clock.advance(ms);
    await turns();
  };
  return { bus, clock, destination, logged, pass, recorder, registration, schedule };
}
