import * as fc from "fast-check";
import { RequestTimeoutError } from "busline";
import { ManualClock } from "busline/testing";
import { describe, expect, test } from "vitest";
import { expectEquations, publishedTotals } from "./equations.ts";
import { IS_LONG } from "./ledger.ts";
import type { Ending, Kind, ModelSettings, Policy } from "./reference-model.ts";
import { DESTINATION, handlers, IDLE_MS, Rig } from "./rig.ts";

const SCHEDULES = IS_LONG ? 5_000 : 500;
const TIMEOUT_MS = IS_LONG ? 3_600_000 : 60_000;
const MESSAGES = 8;

/** Turns of the event loop that happen in the order that the scheduler picks. */
class ScheduledClock extends ManualClock {
  readonly isStepped: boolean;
  readonly #scheduler: fc.Scheduler;

  constructor(scheduler: fc.Scheduler, isStepped: boolean) {
    super();
    this.#scheduler = scheduler;
    this.isStepped = isStepped;
  }

  override atEndOfRun(callback: () => void): void {
    void this.#scheduler.schedule(Promise.resolve(), "bus turn").then(callback);
  }

  override atNextTurn(callback: () => void): void {
    void this.#scheduler.schedule(Promise.resolve(), "bus next turn").then(callback);
  }
}

/** One after another, with anything of the others in between. */
type Racer = readonly (readonly [label: string, step: (rig: Rig) => unknown])[];

type Happening =
  | ("delivered" | "failed" | "rejected" | "discarded" | "undelivered")
  | ("interrupted" | "timed out" | "late reply" | "not sent" | "waited for space");

interface Race {
  readonly kinds?: readonly Kind[];
  readonly policies?: readonly Policy[];
  /** Who races. Every racer is made anew for each schedule. */
  readonly racers: (seeds: { readonly endings: readonly Ending[] }) => Racer[];
  /** What must have happened in some schedule, or the race was none: what one in 30 schedules brings, or more. */
  readonly reaches: readonly Happening[];
  /** What else must hold when all has come to rest. */
  readonly expect?: (rig: Rig) => unknown;
}

const sends = (endings: readonly Ending[]): Racer =>
  endings.map((ending, at) => [`send m${at}`, (rig) => rig.send(`m${at}`, ending)]);

const close = (rig: Rig): void => rig.close(2 * IDLE_MS);
const remove = (rig: Rig): void => {
  rig.closing = rig.bus.removeDestination(DESTINATION, { deadlineMs: 2 * IDLE_MS });
};
const advance: Racer[number] = ["advance", (rig) => rig.clock.advance(IDLE_MS)];

const closes: Race["racers"] = ({ endings }) => [
  sends(endings),
  [["close", close], advance, advance],
];
const removes: Race["racers"] = ({ endings }) => [
  sends(endings),
  [["remove", remove], advance, advance],
];

/** With every kind and policy, a sender waits in one schedule of a hundred: too seldom to be claimed. */
const waitingForSpace = {
  kinds: ["parallel", "serial"],
  policies: ["waitForSpace"],
  reaches: ["waited for space", "rejected", "interrupted"],
} as const satisfies Partial<Race>;

const races: Record<string, Race> = {
  "send and close": {
    reaches: ["rejected", "discarded", "interrupted"],
    racers: closes,
    expect: expectClosed,
  },
  "listen and deliver": {
    reaches: ["delivered", "undelivered", "rejected"],
    racers: ({ endings }) => [
      sends(endings),
      [
        ["listen", (rig) => rig.addListener()],
        ["unlisten L1", (rig) => rig.removeListener("L1")],
        ["listen", (rig) => rig.addListener()],
        ["unlisten L2", (rig) => rig.removeListener("L2")],
      ],
    ],
  },
  "resize and reject": {
    kinds: ["parallel"],
    reaches: ["delivered", "rejected", "discarded"],
    racers: ({ endings }) => [
      sends(endings),
      [
        ["resize 0, 1", (rig) => rig.destination.setWorkersSize(0, 1)],
        ["resize 3, 4", (rig) => rig.destination.setWorkersSize(3, 4)],
        ["resize 1, 2", (rig) => rig.destination.setWorkersSize(1, 2)],
      ],
    ],
  },
  "reply and timeout": {
    reaches: ["timed out", "late reply", "discarded", "rejected"],
    racers: ({ endings }) => [
      endings.map((ending, at) => [
        `request m${at}`,
        (rig) => rig.request(`m${at}`, ending, { timeoutMs: IDLE_MS }),
      ]),
      [advance, advance],
    ],
    expect: expectReplies,
  },
  "abort and deliver": {
    reaches: ["not sent", "discarded", "rejected", "delivered"],
    racers: ({ endings }) => {
      const controllers = endings.map(() => new AbortController());
      const steps = endings.map((ending, at): Racer[number] => [
        `send m${at}`,
        (rig) => {
          const signal = controllers[at]?.signal ?? AbortSignal.abort();
          if (at % 3 === 2) rig.request(`m${at}`, ending, { timeoutMs: IDLE_MS, signal });
          else rig.send(`m${at}`, ending, signal);
        },
      ]);
      const aborts = controllers.map((controller, at): Racer[number] => [
        `abort m${at}`,
        (rig) => {
          const sent = rig.sent.get(`m${at}`);
          if (sent !== undefined) sent.hasGivenUp ||= !rig.hasStarted(`m${at}`);
          controller.abort();
        },
      ]);
      return [steps, aborts];
    },
    expect: expectReplies,
  },
  "remove and send": {
    reaches: ["rejected", "discarded", "interrupted"],
    racers: removes,
    expect: expectClosed,
  },
  "waitForSpace and close": {
    ...waitingForSpace,
    racers: closes,
    expect: expectClosed,
  },
  "waitForSpace and remove": {
    ...waitingForSpace,
    racers: removes,
    expect: expectClosed,
  },
  "send and pause, resume, purge": {
    reaches: ["delivered", "discarded", "rejected"],
    racers: ({ endings }) => [
      sends(endings),
      [
        ["pause", (rig) => rig.destination.pause()],
        ["purge", (rig) => rig.destination.purge()],
        ["resume", (rig) => rig.destination.resume()],
        ["pause", (rig) => rig.destination.pause()],
        ["resume", (rig) => rig.destination.resume()],
      ],
    ],
  },
};

describe.each(Object.entries(races))("%s, in any order", (_name, race) => {
  test("bus - every message is accounted for", { timeout: TIMEOUT_MS }, async () => {
    const reached = new Set<Happening>();
    const property = fc.asyncProperty(
      fc.scheduler(),
      settingsOf(race),
      fc.array(ending, { minLength: 2, maxLength: MESSAGES, size: "max" }),
      fc.boolean(),
      async (scheduler, settings, endings, isStepped) => {
        const rig = new Rig(settings, {
          clock: new ScheduledClock(scheduler, isStepped),
          onHeld: (run) => {
            const isFailure = rig.runs.length % 4 === 0;
            const letGo = scheduler.schedule(Promise.resolve(), `end ${run.id}@${run.listener}`);
            void letGo.then(() => run.end(isFailure));
          },
        });
        rig.addListener();
        rig.addListener();
        const sequences = race.racers({ endings }).map((racer) => runAlong(scheduler, rig, racer));
        await scheduler.waitIdle();
        // The scheduler only ends a racer that throws: here it is to be seen.
        for (const { failure } of await Promise.all(sequences))
          if (failure !== undefined) throw failure;
        // What only time can end: idle workers, and requests that nobody answers.
        rig.clock.advance(10 * IDLE_MS);
        await scheduler.waitIdle();
        expectEquations(rig, settings.kind);
        await race.expect?.(rig);
        for (const happening of happenings(rig, settings)) reached.add(happening);
      },
    );
    await fc.assert(property, { numRuns: SCHEDULES });
    for (const happening of race.reaches) expect(reached).toContain(happening);
  });
});

function happenings(rig: Rig, { kind, policy }: ModelSettings): Happening[] {
  const isWaitForSpace = policy === "waitForSpace" && kind !== "synchronous";
  const totals = publishedTotals(rig);
  const { lateReplyCount } = rig.bus.statistics;
  const sent = [...rig.sent.values()];
  const happened: Record<Happening, boolean> = {
    delivered: totals.delivered > 0,
    failed: totals.failed > 0,
    rejected: totals.rejected > 0,
    discarded: totals.discarded > 0,
    undelivered: totals.undelivered > 0,
    interrupted: rig.runs.some(({ context }) => context.signal.aborted),
    "timed out": sent.some(({ error }) => error instanceof RequestTimeoutError),
    "late reply": lateReplyCount > 0,
    "not sent": rig.notSent.length > 0,
    "waited for space": isWaitForSpace && sent.some((one) => one.hasWaited && !one.isRequest),
  };
  return (Object.keys(happened) as Happening[]).filter((happening) => happened[happening]);
}

const ending = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Ending>("held") },
  { weight: 1, arbitrary: fc.constantFrom<Ending>("returns", "throws") },
);

function settingsOf({ kinds, policies }: Race): fc.Arbitrary<ModelSettings> {
  const kind = fc.constantFrom(...(kinds ?? (["parallel", "serial", "synchronous"] as const)));
  const policy = fc.constantFrom(...(policies ?? (Object.keys(handlers) as Policy[])));
  const limit = fc.integer({ min: 1, max: 2 });
  const core = fc.nat({ max: 1 });
  const isHeldOnly = fc.constant(false);
  return core.chain((fixed) =>
    fc.record({
      ...{ kind, policy, limit, isHeldOnly },
      core: fc.constant(fixed),
      max: fc.integer({ min: 1, max: 2 }),
    }),
  );
}

/** Lets a racer run. @returns what one of its steps threw, if any */
async function runAlong(
  scheduler: fc.Scheduler,
  rig: Rig,
  racer: Racer,
): Promise<{ readonly failure: Error | undefined }> {
  let failure: Error | undefined;
  const steps = racer.map(([label, step]) => ({
    label,
    builder: async () => {
      try {
        step(rig);
        expectBounds(rig);
      } catch (error) {
        failure = error instanceof Error ? error : new Error("A step threw", { cause: error });
        throw failure;
      }
    },
  }));
  await scheduler.scheduleSequence(steps).task;
  return { failure };
}

/** At every moment the parts add up to the whole, and no more waits than may. */
function expectBounds(rig: Rig): void {
  const { pending } = publishedTotals(rig);
  const { maximumQueueSize = 0 } = rig.destination.configuration;
  if (pending > maximumQueueSize) expect(pending).toBeLessThanOrEqual(maximumQueueSize);
}

/** A close is over when nothing runs any more, or its deadline has passed; it names what it did not deliver. */
async function expectClosed(rig: Rig): Promise<void> {
  const report = await rig.closing;
  const started = new Set(rig.runs.map(({ id }) => id));
  for (const { id } of report?.undelivered ?? []) expect(rig.discarded).toContain(id);
  for (const { id } of report?.interrupted ?? []) expect(started).toContain(id);
  for (const { id, context } of rig.runs) {
    const isInterrupted = report?.interrupted.some((message) => message.id === id);
    if (context.signal.aborted) expect(isInterrupted).toBe(true);
  }
  const before = rig.runs.length;
  rig.send("late", "returns");
  await rig.settle();
  expect(rig.sent.get("late")?.state).toBe("rejected");
  expect(rig.runs).toHaveLength(before);
}

/** Every reply has come to its request, or too late. */
function expectReplies(rig: Rig): void {
  const requests = new Map([...rig.sent].filter(([, { isRequest }]) => isRequest));
  const replied = rig.runs.filter(({ id, hasFailed }) => requests.has(id) && !hasFailed).length;
  const answered = [...requests.values()].filter(({ state }) => state === "accepted").length;
  const { pendingRequestCount, lateReplyCount } = rig.bus.statistics;
  expect({ pendingRequestCount, answered }).toEqual({
    pendingRequestCount: 0,
    answered: replied - lateReplyCount,
  });
}
