import {
  type Destination,
  type DestinationAttributes,
  DestinationConfiguration,
  MessageBus,
  type MessageBusOptions,
  type MessageListener,
  type SendOptions,
} from "busline";
import { ManualClock } from "busline/testing";
import { turns } from "./outcome-of.ts";
import { SpyStore } from "./spy-store.ts";

/** Short names for the types under test. */
export const durable = {
  parallel: DestinationConfiguration.createParallelDestinationConfiguration,
  serial: DestinationConfiguration.createSerialDestinationConfiguration,
  keyed: DestinationConfiguration.createKeyedDestinationConfiguration,
  deadLetter: DestinationConfiguration.createDeadLetterDestinationConfiguration,
} as const;

export const NAME = "acme/orders";
export const DEAD = "acme/dead";

/** Starts "processes" one after another, all on the same store: each is a bus of its own. */
export class Processes {
  store: SpyStore;
  readonly clock: ManualClock = new ManualClock({ startAt: 1_700_000_000_000 });
  readonly problems: unknown[] = [];
  /** The texts of those. */
  readonly told: string[] = [];
  /** The one that was started last. */
  last: MessageBus | undefined;

  constructor(store: SpyStore = new SpyStore()) {
    this.store = store;
  }

  /** @param options beside store, clock and logger */
  start(options: MessageBusOptions = {}): MessageBus {
    const logger = {
      error: (details: object, text: string) => {
        this.problems.push(details);
        this.told.push(text);
      },
    };
    this.last = new MessageBus({ store: this.store, clock: this.clock, logger, ...options });
    return this.last;
  }

  /** The process dies: what it has left lies in a new store. */
  kill(): void {
    this.store = this.store.left();
  }

  /**
   * Starts one with a durable destination whose listeners' failures nobody wants to know.
   *
   * @param listeners by their names
   */
  boot<Payload = unknown>(
    type: string,
    listeners: Readonly<Record<string, MessageListener<Payload>>> = {},
    attributes: DestinationAttributes = {},
  ): { readonly bus: MessageBus; readonly destination: Destination<Payload> } {
    const bus = this.start({ onError: () => {} });
    const destination = bus.addDestination<Payload>(
      new DestinationConfiguration(type, NAME, { durable: true, ...attributes }),
    );
    for (const [name, listener] of Object.entries(listeners))
      destination.listen(listener, { name });
    return { bus, destination };
  }

  /** Lets time pass, and whatever comes of it happen. */
  async pass(ms: number): Promise<void> {
    await turns();
    this.clock.advance(ms);
    await turns();
  }
}

/** Sends one after another in one run of code. @returns settles when all are stored, or one is not */
export async function sendAll<Payload>(
  destination: Destination<Payload>,
  payloads: readonly Payload[],
  options?: SendOptions,
): Promise<void> {
  await Promise.all(payloads.map(async (payload) => destination.send(payload, options)));
}

/** Whole numbers from 0 up to, but not including, `end`. */
export function numbersTo(end: number): number[] {
  return Array.from({ length: end }, (_, number) => number);
}
