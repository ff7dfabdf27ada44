import * as fc from "fast-check";
import {
  abort,
  type Destination,
  DestinationConfiguration,
  discard,
  discardOldest,
  MessageBus,
  type Registration,
} from "busline";
import { describe, expect, test } from "vitest";
import { SystemClock } from "../../src/clock/system-clock.ts";
import { forgetHooks } from "../forget-hooks.ts";
import { turns } from "../outcome-of.ts";
import { IS_LONG } from "./ledger.ts";

/*
 * Messages without options for listeners that only return take a short way, and so does one that is dropped where nobody is
 * told of it. A listener whose outcomes are reported, a message with a header, and a destination with an event listener
 * never do. So whatever is done to two destinations alike must show the same on both.
 */
const RUNS = IS_LONG ? 5_000 : 500;
const TIMEOUT_MS = IS_LONG ? 3_600_000 : 60_000;
/** So many that listeners of which nothing is known are not followed. */
const BURST = 80;

type Outcome = "answers" | "returns" | "resolves" | "throws" | "rejects" | "holds" | "pauses";
/** What one of the listeners is to do; the others return. */
interface Order {
  readonly outcome: Outcome;
  readonly at: number;
}

/** An order, and which of its sender's messages it is. */
interface Sent extends Order {
  readonly number: number;
}

const types = ["parallel", "serial", "synchronous"] as const;

/** Where time passes, one of the two may have to give way to the event loop and the other not. */
class StillClock extends SystemClock {
  override monotonicNow(): number {
    return 0;
  }
}

/** One of the two, and what its listeners have received. */
class Side {
  readonly bus: MessageBus = new MessageBus({ clock: new StillClock(), onError: () => {} });
  readonly destination: Destination<Sent>;
  readonly received: string[] = [];
  readonly registrations: (Registration | undefined)[] = [];
  readonly #isShort: boolean;
  readonly #held: (() => void)[] = [];
  #sentCount = 0;

  constructor(isShort: boolean, configuration: DestinationConfiguration) {
    this.#isShort = isShort;
    this.destination = this.bus.addDestination<Sent>(configuration);
    if (!isShort) this.destination.addDestinationEventListener({ messageDiscarded: () => {} });
  }

  async send(order: Order, hasHeader = !this.#isShort): Promise<void> {
    const options = hasHeader ? { headers: { way: "long" } } : undefined;
    try {
      await this.destination.send(this.#numbered(order), options);
    } catch (error) {
      this.received.push(`sender: ${(error as Error).message}`);
    }
  }

  listen(): void {
    const number = this.registrations.length;
    const name = `listener ${number}`;
    const listener = ({ outcome, at, number: sent }: Sent): unknown => {
      const { pendingMessageCount, activeMessageCount } = this.destination.statistics;
      const counts = `${pendingMessageCount} pending, ${activeMessageCount} active`;
      this.received.push(`${name}: ${sent} ${outcome}, ${counts}`);
      if (outcome !== "answers" && number % 3 !== at) return undefined;
      if (outcome === "answers") return outcome;
      if (outcome === "pauses") this.destination.pause();
      if (outcome === "returns" || outcome === "pauses") return undefined;
      if (outcome === "rejects") return Promise.reject(new Error(outcome));
      if (outcome === "resolves") return Promise.resolve();
      return new Promise<void>((resolve) => void this.#held.push(resolve));
    };
    const options = { name, reportStatus: !this.#isShort };
    this.registrations.push(this.destination.listen(({ payload }) => listener(payload), options));
    // One that is asked is not followed, which would close the short way for a while.
    this.destination.request(this.#numbered({ outcome: "answers", at: 0 })).catch(() => {});
  }

  #numbered(order: Order): Sent {
    this.#sentCount += 1;
    return { ...order, number: this.#sentCount };
  }

  letGo(): void {
    for (const release of this.#held.splice(0)) release();
  }

  goOn(): void {
    this.destination.resume();
    this.letGo();
  }

  get isIdle(): boolean {
    const { pendingMessageCount, activeMessageCount } = this.destination.statistics;
    return pendingMessageCount + activeMessageCount === 0;
  }

  get state(): object {
    const { oldestPendingAgeMs: _, ...statistics } = this.destination.statistics;
    return statistics;
  }
}

type Step = readonly [name: string, run: (side: Side) => unknown];

const orders: fc.Arbitrary<Order> = fc.record({
  outcome: fc.oneof(
    { weight: 5, arbitrary: fc.constant<Outcome>("returns") },
    { weight: 5, arbitrary: fc.constant<Outcome>("resolves") },
    { weight: 2, arbitrary: fc.constantFrom<Outcome>("throws", "rejects") },
    { weight: 1, arbitrary: fc.constantFrom<Outcome>("holds", "pauses") },
  ),
  at: fc.nat({ max: 2 }),
});
const bursts = fc.array(fc.tuple(orders, fc.integer({ min: 1, max: BURST / 4 })), {
  minLength: 2,
  maxLength: 8,
});
const sizes = fc.integer({ min: 1, max: 4 });
const counts = fc.integer({ min: 1, max: 2 });

interface Limits {
  readonly maximumQueueSize: number;
  readonly rejectedExecutionHandler: typeof abort | typeof discard;
}

const limits: fc.Arbitrary<Limits> = fc.record({
  maximumQueueSize: fc.constantFrom(2 * BURST, BURST / 8, 2),
  rejectedExecutionHandler: fc.constantFrom(abort, discard, discardOldest, discardOldest),
});

function configurationOf(type: string, size: number, limited: Limits): DestinationConfiguration {
  if (type === "synchronous") return new DestinationConfiguration(type, "acme/a");
  const workers = type === "serial" ? {} : { workersCoreSize: size, workersMaxSize: size };
  return new DestinationConfiguration(type, "acme/a", { ...limited, ...workers });
}

const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: orders.map((order): Step => [
      `one that ${order.outcome}`,
      async (side) => side.send(order),
    ]),
  },
  {
    weight: 1,
    arbitrary: orders.map((order): Step => [
      `one with a header that ${order.outcome}`,
      async (side) => side.send(order, true),
    ]),
  },
  {
    weight: 5,
    arbitrary: bursts.map((burst): Step => [
      burst.map(([{ outcome, at }, count]) => `${count} ${outcome} at ${at}`).join(", "),
      (side) => {
        for (const [order, count] of burst) {
          for (let left = count; left > 0; left -= 1) void side.send(order);
        }
      },
    ]),
  },
  { weight: 3, arbitrary: fc.constant<Step>(["let go", (side) => side.letGo()]) },
  fc.constant<Step>(["pause", ({ destination }) => destination.pause()]),
  {
    weight: 3,
    arbitrary: fc.constant<Step>(["resume", ({ destination }) => destination.resume()]),
  },
  fc.constant<Step>(["purge", ({ destination }) => destination.purge()]),
  fc.constant<Step>(["listen", (side) => side.listen()]),
  fc
    .nat({ max: 3 })
    .map((at): Step => [
      `unregister ${at}`,
      ({ registrations }) => registrations[at]?.unregister(),
    ]),
  fc
    .tuple(fc.constantFrom(...types), sizes, limits)
    .map(([type, size, limited]): Step => [
      `become ${type} ${size} ${limited.maximumQueueSize} ${limited.rejectedExecutionHandler.name}`,
      ({ bus }) => bus.replaceDestination(configurationOf(type, size, limited)),
    ]),
);

describe.each(types)("the two ways of a %s destination", (type) => {
  test(
    "destination - whatever is done to it, both ways show the same",
    { timeout: TIMEOUT_MS },
    async () => {
      const sequences = fc.array(fc.tuple(steps, fc.boolean()), { maxLength: 40 });
      const parts = [sizes, limits, counts, sequences] as const;
      const property = fc.asyncProperty(...parts, async (size, limited, count, sequence) => {
        await forgetHooks();
        const sides = [true, false].map(
          (isShort) => new Side(isShort, configurationOf(type, size, limited)),
        );
        // They are asked in turn, so both are known before they are shared.
        for (const side of sides) for (let left = count; left > 0; left -= 1) side.listen();
        const compare = (): void => {
          const [short, long] = sides as [Side, Side];
          expect(short.state).toEqual(long.state);
          expect(short.received).toEqual(long.received);
        };
        for (const [[, run], isSettled] of sequence) {
          for (const side of sides) void run(side);
          if (!isSettled) continue;
          await turns();
          compare();
        }
        // Nothing is left that another sequence would notice.
        while (sides.some(({ isIdle }) => !isIdle)) {
          for (const side of sides) side.goOn();
          await turns(1);
        }
        compare();
      });
      await fc.assert(property, { numRuns: RUNS });
    },
  );
});
