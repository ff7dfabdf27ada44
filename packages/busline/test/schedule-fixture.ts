import { DestinationConfiguration, MessageBus, type Schedule, type ScheduleOptions } from "busline";
import { GateListener, ManualClock, Recorder } from "busline/testing";
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
  /** Lets a gate listen instead of the recorder. */
  const gated = (): GateListener => {
    registration.unregister();
    const gate = new GateListener();
    destination.listen(gate);
    return gate;
  };
  /** How often a schedule of 10 ms has run and left out a run, before and after a gate lets its message end. */
  const countsAround = async (nightly: Schedule, gate: GateListener): Promise<unknown> => {
    const counts = (): readonly number[] => [nightly.runCount, nightly.skippedCount];
    await pass(10);
    await pass(10);
    const before = counts();
    gate.release();
    await pass(10);
    const after = counts();
    gate.open();
    return { before, after };
  };
  return {
    bus,
    clock,
    countsAround,
    destination,
    gated,
    logged,
    pass,
    recorder,
    registration,
    schedule,
  };
}
