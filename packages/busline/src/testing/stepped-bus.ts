import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { MessageTrace } from "../diagnostics/channels.ts";
import type { MessageBusOptions } from "../bus/bus-options.ts";
import type { AnyContracts, DestinationContracts } from "../send/destination-contracts.ts";
import { MessageBus } from "../send/message-bus.ts";
import { SteppedClock } from "./stepped-clock.ts";

const DELIVERY_STARTS = "tracing:busline.deliver:start";

/**
 * A bus whose queues are stepped by hand: messages are accepted as ever, but nothing is delivered from a queue before
 * `step`. Destinations without a queue deliver in the sender's turn, as ever. Time is manual: `bus.clock.advance(ms)`.
 */
export class SteppedBus<
  Contracts extends DestinationContracts<Contracts> = AnyContracts,
> extends MessageBus<Contracts> {
  readonly clock: SteppedClock;

  constructor(options?: Omit<MessageBusOptions, "clock" | "deliveriesPerTurn">) {
    const clock = new SteppedClock();
    super({ ...options, clock, deliveriesPerTurn: 1 });
    this.clock = clock;
  }

  /** Starts up to so many deliveries. @returns how many were started: fewer when nothing is ready */
  step(count = 1): number {
    let started = 0;
    // Deliveries in senders' turns, such as replies, belong to the step that they happen in.
    const counted = (trace: unknown): void => {
      const { destinationName } = trace as MessageTrace;
      if (this.#isQueued(destinationName)) started += 1;
    };
    subscribe(DELIVERY_STARTS, counted);
    try {
      while (started < count && this.clock.turn());
    } finally {
      unsubscribe(DELIVERY_STARTS, counted);
    }
    return started;
  }

  #isQueued(name: string): boolean {
    return this.destinations.some((destination) => {
      return destination.name === name && destination.configuration.maximumQueueSize !== undefined;
    });
  }
}
