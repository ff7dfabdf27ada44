import * as fc from "fast-check";
import {
  type Destination,
  DestinationConfiguration,
  discardOldest,
  type Message,
  MessageBus,
  type MessageListenerContext,
} from "busline";
import { ManualClock } from "busline/testing";
import { describe, expect, test } from "vitest";
import { ledgerOf } from "../ledger.ts";
import { turns } from "../outcome-of.ts";
import { IS_LONG } from "./ledger.ts";

/*
 * Messages that are put off, expire, fail, are tried again, and become dead letters, while everything else happens to their
 * destination. The books balance after every step; in the end every message that was accepted has ended in one way, no
 * listener that succeeded was called again, nobody was called after the message's end, and the order was kept where it is
 * promised.
 */
const RUNS = IS_LONG ? 3_000 : 120;
const TIMEOUT_MS = IS_LONG ? 3_600_000 : 60_000;
const ATTEMPTS = 3;
const BOUND = 8;
const MOST_WORKERS = 4;
/** How long a listener may take. */
const LIMIT_MS = 25;

const types = ["parallel", "serial", "keyed"] as const;
type Type = (typeof types)[number];

/** What the listeners do with one message: how often each fails before it succeeds, and how. */
interface Fate {
  readonly failures: readonly [number, number];
  readonly how: "throws" | "rejects" | "gives up" | "hangs";
}

interface Sent {
  readonly number: number;
  readonly fate: Fate;
  readonly key: string | undefined;
  readonly isPutOff: boolean;
  readonly controller: AbortController;
  /** How often each listener has been called. */
  readonly calls: [number, number];
  readonly succeeded: [boolean, boolean];
}

class World {
  readonly clock: ManualClock = new ManualClock();
  readonly bus: MessageBus = new MessageBus({ clock: this.clock, onError: () => {} });
  readonly destination: Destination<Sent>;
  readonly all: Sent[] = [];
  /** The order in which messages were begun by the first listener, first attempts alone. */
  readonly begun: Sent[] = [];
  readonly type: Type;
  /** What listeners have found wrong: what they throw is theirs. */
  readonly faults: string[] = [];
  /** Who is at work for a lane, and since when. */
  readonly #running = new Map<string, { readonly startedAt: number }>();

  constructor(type: Type, workers: number) {
    this.type = type;
    this.bus.addDestination(
      DestinationConfiguration.createDeadLetterDestinationConfiguration("acme/dead"),
    );
    this.destination = this.bus.addDestination<Sent>(this.configurationOf(workers));
    for (const at of [0, 1] as const) {
      this.destination.listen((message, context) => this.receive(at, message, context), {
        name: `listener ${at}`,
      });
    }
  }

  configurationOf(workers: number): DestinationConfiguration {
    return new DestinationConfiguration(this.type, "acme/a", {
      ...(this.type === "serial" ? {} : { workersCoreSize: 1, workersMaxSize: workers }),
      maximumQueueSize: BOUND,
      rejectedExecutionHandler: discardOldest,
      retry: { attempts: ATTEMPTS, backoff: { initialMs: 10, factor: 2 }, jitter: 0 },
      deadLetter: "acme/dead",
      listenerTimeoutMs: LIMIT_MS,
    });
  }

  async receive(
    at: 0 | 1,
    { payload }: Message<Sent>,
    context: MessageListenerContext,
  ): Promise<void> {
    if (payload.succeeded[at]) this.faults.push("one that had succeeded was called again");
    payload.calls[at] += 1;
    if (payload.calls[at] > ATTEMPTS) this.faults.push("more attempts than allowed");
    if (payload.calls[at] !== context.attempt) this.faults.push("the attempt is miscounted");
    if (at === 0 && payload.calls[at] === 1) this.begun.push(payload);
    const lane = this.type === "serial" ? "serial" : payload.key;
    const isAlone = this.type !== "parallel" && lane !== undefined;
    const startedAt = this.clock.monotonicNow();
    const stay = { startedAt };
    if (isAlone) {
      const other = this.#running.get(lane);
      // One whose time is up has failed, though it goes on.
      const isAtWork = other !== undefined && startedAt - other.startedAt < LIMIT_MS;
      if (isAtWork) this.faults.push("two at a time");
      this.#running.set(lane, stay);
    }
    try {
      await turns(1);
      // Too late: it has failed already, whatever it does.
      if (this.clock.monotonicNow() - startedAt >= LIMIT_MS) return;
      const { failures, how } = payload.fate;
      if (payload.calls[at] > failures[at]) {
        payload.succeeded[at] = true;
        return;
      }
      if (how === "gives up") context.deadLetter("no");
      if (how === "hangs") await new Promise(() => {});
      throw new Error("not yet");
    } finally {
      if (isAlone && this.#running.get(lane) === stay) this.#running.delete(lane);
    }
  }

  send(fate: Fate, options: { delayMs?: number; ttlMs?: number; key?: string | undefined }): void {
    const controller = new AbortController();
    const sent: Sent = {
      number: this.all.length,
      fate,
      key: options.key,
      isPutOff: options.delayMs !== undefined,
      controller,
      calls: [0, 0],
      succeeded: [false, false],
    };
    const { key, ...rest } = options;
    const isTimed = rest.ttlMs === undefined || rest.ttlMs > (rest.delayMs ?? 0);
    void this.destination.send(sent, {
      ...(isTimed ? rest : {}),
      ...(key === undefined ? {} : { key }),
      signal: controller.signal,
    });
    this.all.push(sent);
  }

  check(): void {
    const { pending = 0, active = 0 } = ledgerOf(this.destination);
    ledgerOf(this.bus);
    if (pending + active > BOUND + MOST_WORKERS) this.faults.push("more than fit");
  }
}

type Step = readonly [name: string, run: (world: World) => unknown];

const fates: fc.Arbitrary<Fate> = fc.record({
  failures: fc.tuple(fc.nat({ max: ATTEMPTS }), fc.nat({ max: ATTEMPTS })),
  how: fc.constantFrom("throws", "rejects", "gives up", "hangs"),
});
const options = fc.record(
  {
    delayMs: fc.integer({ min: 1, max: 60 }),
    ttlMs: fc.integer({ min: 1, max: 90 }),
    key: fc.constantFrom("a", "b"),
  },
  { requiredKeys: [] },
);
const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .tuple(fates, options)
      .map(([fate, given]): Step => [
        `send ${JSON.stringify([fate, given])}`,
        (world) => world.send(fate, given),
      ]),
  },
  {
    weight: 5,
    arbitrary: fc
      .integer({ min: 0, max: 50 })
      .map((ms): Step => [`pass ${ms}`, (world) => world.clock.advance(ms)]),
  },
  fc.nat({ max: 20 }).map((at): Step => [`abort ${at}`, ({ all }) => all[at]?.controller.abort()]),
  fc.constant<Step>(["pause", ({ destination }) => destination.pause()]),
  {
    weight: 2,
    arbitrary: fc.constant<Step>(["resume", ({ destination }) => destination.resume()]),
  },
  fc.constant<Step>(["purge", ({ destination }) => destination.purge()]),
  fc
    .integer({ min: 1, max: MOST_WORKERS })
    .map((workers): Step => [
      `replace with ${workers}`,
      (world) => world.bus.replaceDestination(world.configurationOf(workers)),
    ]),
);

describe.each(types)("second chances of a %s destination", (type) => {
  test(
    "destination - whatever happens, every message ends once, and in order",
    { timeout: TIMEOUT_MS },
    async () => {
      const sequences = fc.array(fc.tuple(steps, fc.boolean()), { maxLength: 40 });
      const property = fc.asyncProperty(
        fc.integer({ min: 1, max: 3 }),
        sequences,
        async (workers, sequence) => {
          const world = new World(type, workers);
          for (const [[, run], isSettled] of sequence) {
            run(world);
            world.check();
            if (!isSettled) continue;
            await turns(2);
            world.check();
          }
          world.destination.resume();
          for (let left = 1_000; left > 0; left -= 1) {
            const { pendingMessageCount, activeMessageCount } = world.destination.statistics;
            if (pendingMessageCount + activeMessageCount === 0) break;
            world.clock.advance(5);
            await turns(3);
            world.check();
          }
          const { pending, active, sent } = ledgerOf(world.destination);
          expect({ pending, active, sent: sent ?? 0 }).toEqual({
            pending: undefined,
            active: undefined,
            sent: world.all.length,
          });
          expect(world.faults).toEqual([]);
          const dead = world.bus.deadLetters("acme/dead").size;
          expect(world.destination.statistics.deadLetteredMessageCount).toBe(dead);
          const delivered = world.all.filter(({ succeeded: [one, other] }) => one && other).length;
          expect(world.destination.statistics.deliveredMessageCount).toBe(delivered);
          // Those that were put off come when it is their time.
          const inOrder = world.begun.filter(({ isPutOff }) => !isPutOff);
          for (const lane of type === "keyed" ? ["a", "b"] : [undefined]) {
            const numbers = inOrder
              .filter(({ key }) => lane === undefined || key === lane)
              .map(({ number }) => number);
            expect(numbers).toEqual(numbers.toSorted((one, other) => one - other));
          }
          await world.bus.close({ deadlineMs: 0 });
        },
      );
      await fc.assert(property, { numRuns: RUNS });
    },
  );
});
