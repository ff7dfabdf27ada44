import {
  DestinationConfiguration,
  type Destination,
  MessageBus,
  type RejectedExecutionHandler,
} from "busline";
import { GateListener, ManualClock } from "busline/testing";

/** What {@link fullDestination} makes. */
export interface FullDestination {
  readonly clock: ManualClock;
  readonly bus: MessageBus;
  readonly destination: Destination<string>;
  readonly gate: GateListener<string>;
  /** What `messageDiscarded` was told. */
  readonly discarded: readonly [payload: unknown, reason: string][];
  /** What the error hook was told. */
  readonly failures: readonly unknown[];
}

/** A destination with one worker, which runs "running", and a queue of one, in which "waiting" waits. */
export async function fullDestination(
  type: "parallel" | "serial",
  rejectedExecutionHandler?: RejectedExecutionHandler,
): Promise<FullDestination> {
  const failures: unknown[] = [];
  const clock = new ManualClock();
  const bus = new MessageBus({ clock, onError: (error) => void failures.push(error) });
  const destination: Destination<string> = bus.addDestination(
    new DestinationConfiguration(type, "acme/full", {
      maximumQueueSize: 1,
      workersMaxSize: 1,
      ...(rejectedExecutionHandler === undefined ? {} : { rejectedExecutionHandler }),
    }),
  );
  const gate = new GateListener<string>();
  destination.listen(gate);
  const discarded: [unknown, string][] = [];
  destination.addDestinationEventListener({
    messageDiscarded: ({ payload }, reason) => void discarded.push([payload, reason]),
  });
  void destination.send("running");
  await gate.entered(1);
  void destination.send("waiting");
  return { clock, bus, destination, gate, discarded, failures };
}

/** What a gate has been given so far and what it holds, by payload. */
export function heldBy(gate: GateListener<string>): readonly string[] {
  return gate.held.map(({ payload }) => payload);
}
