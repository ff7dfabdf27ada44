import * as fc from "fast-check";
import { expect } from "vitest";
import { publishedTotals } from "./equations.ts";
import type { Ending, Kind, Policy, ReferenceModel, Stage } from "./reference-model.ts";
import { configurationOf, handlers, IDLE_MS, type Rig } from "./rig.ts";

export type DestinationCommand = fc.AsyncCommand<ReferenceModel, Rig>;

const MOST_LISTENERS = 3;
/** About the most that one command can start. */
const LAST_STARTS = 30;

/** What can be done to a destination, of the model and of the bus alike. */
interface Action {
  readonly name: string;
  readonly values: readonly unknown[];
  /** Whether it means anything now. */
  isPossible?(model: Readonly<ReferenceModel>): boolean;
  run(model: ReferenceModel, rig: Rig): void;
}

/** Does something to both, lets both come to rest, and compares them. */
class Command implements DestinationCommand {
  readonly #action: Action;

  constructor(action: Action) {
    this.#action = action;
  }

  check(model: Readonly<ReferenceModel>): boolean {
    return this.#action.isPossible?.(model) ?? true;
  }

  async run(model: ReferenceModel, rig: Rig): Promise<void> {
    this.#action.run(model, rig);
    await settleAndCompare(model, rig);
  }

  toString(): string {
    return `${this.#action.name}(${this.#action.values.map((value) => JSON.stringify(value)).join(", ")})`;
  }
}

/** Lets both come to rest, and expects that they are in the same state. */
export async function settleAndCompare(model: ReferenceModel, rig: Rig): Promise<void> {
  model.settle();
  await rig.settle();
  expectSame(rig, model);
}

/** One command of any kind; sending and ending are the most frequent. */
export function destinationCommands(kind: Kind): fc.Arbitrary<DestinationCommand>[] {
  const index = fc.nat({ max: 20 });
  const frequent = [send(), send(), burst(), end(index), end(index), end(index)];
  const shared = [addListener(), addListener(), removeListener(index), pause(), resume(), resume()];
  const rare = [close(), advance()];
  if (kind === "synchronous") return [...frequent, ...shared, ...rare];
  const queued = [purge(), reconfigure()];
  if (kind === "serial") return [...frequent, ...shared, ...rare, ...queued];
  return [...frequent, ...shared, ...rare, ...queued, resize()];
}

const isOpen = ({ phase }: Readonly<ReferenceModel>): boolean => phase === "open";

const ending: fc.Arbitrary<Ending> = fc.oneof(
  { weight: 12, arbitrary: fc.constant<Ending>("held") },
  { weight: 2, arbitrary: fc.constant<Ending>("returns") },
  { weight: 2, arbitrary: fc.constant<Ending>("throws") },
  { weight: 1, arbitrary: fc.constant<Ending>("leaves") },
);

function send(): fc.Arbitrary<DestinationCommand> {
  return ending.map((how) => sending("send", [how]));
}

/** Several messages in one turn: none starts before the last has been sent. */
function burst(): fc.Arbitrary<DestinationCommand> {
  return fc
    .array(ending, { minLength: 2, maxLength: 8, size: "max" })
    .map((endings) => sending("burst", endings));
}

/**
 * While the bus drains, only what its listeners send is let in. It knows that for sure of listeners that always return
 * a promise; so where others are about, nothing is sent then.
 */
function sending(name: string, endings: readonly Ending[]): DestinationCommand {
  return new Command({
    name,
    values: endings,
    isPossible: ({ settings, phase }) => settings.isHeldOnly || phase !== "draining",
    run: (model, rig) => {
      for (const given of endings) {
        const how = model.settings.isHeldOnly ? "held" : given;
        const id = `m${rig.sent.size + 1}`;
        model.send(id, how);
        rig.send(id, how);
      }
    },
  });
}

function end(index: fc.Arbitrary<number>): fc.Arbitrary<DestinationCommand> {
  return fc.tuple(index, fc.boolean()).map(([chosen, isFailure]) => {
    return new Command({
      name: isFailure ? "fail" : "finish",
      values: [chosen],
      isPossible: (model) => model.running.length > 0,
      run: (model, rig) => endRun(model, rig, chosen % model.running.length, isFailure),
    });
  });
}

/** The same run ends on both sides: the model's own order of its runs is no claim. */
export function endRun(model: ReferenceModel, rig: Rig, at: number, isFailure: boolean): void {
  const id = model.running[at]?.entry.id;
  const nth = model.running.slice(0, at).filter(({ entry }) => entry.id === id).length;
  model.end(at, isFailure);
  rig.held.filter((run) => run.id === id)[nth]?.end(isFailure);
}

function addListener(): fc.Arbitrary<DestinationCommand> {
  return constant({
    name: "addListener",
    isPossible: (model) => isOpen(model) && model.listeners.length < MOST_LISTENERS,
    run: (model, rig) => void model.listeners.push(rig.addListener()),
  });
}

function removeListener(index: fc.Arbitrary<number>): fc.Arbitrary<DestinationCommand> {
  return index.map((chosen) => {
    return new Command({
      name: "removeListener",
      values: [chosen],
      isPossible: ({ listeners }) => listeners.length > 0,
      run: (model, rig) => {
        const [name] = model.listeners.splice(chosen % model.listeners.length, 1);
        if (name !== undefined) rig.removeListener(name);
      },
    });
  });
}

function pause(): fc.Arbitrary<DestinationCommand> {
  return constant({
    name: "pause",
    isPossible: isOpen,
    run: (model, rig) => {
      model.isPaused = true;
      rig.destination.pause();
    },
  });
}

function resume(): fc.Arbitrary<DestinationCommand> {
  return constant({
    name: "resume",
    run: (model, rig) => {
      model.isPaused = false;
      rig.destination.resume();
    },
  });
}

function purge(): fc.Arbitrary<DestinationCommand> {
  return constant({
    name: "purge",
    run: (model, rig) => {
      expect(rig.destination.purge()).toBe(model.purge());
    },
  });
}

const size = fc.nat({ max: 4 });

function resize(): fc.Arbitrary<DestinationCommand> {
  return fc.tuple(size, size).map(([core, more]) => {
    const max = Math.max(1, core + more);
    return new Command({
      name: "setWorkersSize",
      values: [core, max],
      isPossible: ({ phase }) => phase !== "closed",
      run: (model, rig) => {
        model.setWorkersSize(core, max);
        rig.destination.setWorkersSize(core, max);
      },
    });
  });
}

/** Another bound or another handler for a destination that goes on. */
function reconfigure(): fc.Arbitrary<DestinationCommand> {
  const policy = fc.constantFrom(...(Object.keys(handlers) as Policy[]));
  return fc.tuple(fc.integer({ min: 1, max: 6 }), policy).map(([limit, given]) => {
    return new Command({
      name: "replaceDestination",
      values: [limit, given],
      // What `discardOldest` does where more waits than there is room for, the rules do not say.
      isPossible: (model) =>
        isOpen(model) && (given !== "discardOldest" || waitingIn(model) <= limit),
      run: (model, rig) => {
        Object.assign(model, { limit, policy: given });
        const { core, max } = model;
        const settings = { ...model.settings, limit, policy: given, core, max };
        rig.bus.replaceDestination(configurationOf(settings));
      },
    });
  });
}

function advance(): fc.Arbitrary<DestinationCommand> {
  return constant({
    name: "advance",
    run: (model, rig) => {
      model.advance(IDLE_MS);
      rig.clock.advance(IDLE_MS);
    },
  });
}

function waitingIn({ stages }: Readonly<ReferenceModel>): number {
  return [...stages.values()].filter(isWaiting).length;
}

function isWaiting(stage: Stage): boolean {
  return stage === "pending" || stage === "waiting for space";
}

/** Only every so often, for it ends what a sequence can show. */
function close(): fc.Arbitrary<DestinationCommand> {
  return fc.tuple(fc.integer({ min: 1, max: 3 }), fc.nat({ max: 9 })).map(([turns, chance]) => {
    const deadlineMs = turns * IDLE_MS;
    return new Command({
      name: "close",
      values: [deadlineMs, chance],
      isPossible: (model) => isOpen(model) && chance === 0,
      run: (model, rig) => {
        model.close(deadlineMs);
        rig.close(deadlineMs);
      },
    });
  });
}

function constant(action: Omit<Action, "values">): fc.Arbitrary<DestinationCommand> {
  return fc.constant(new Command({ ...action, values: [] }));
}

function expectSame(rig: Rig, model: ReferenceModel): void {
  for (const id of model.stages.keys()) if (!rig.compared.has(id)) rig.undecided.add(id);
  const observed = observe(rig, model);
  const expected = predict(rig, model);
  // Much quicker than a deep comparison, which is only wanted for its report.
  if (JSON.stringify(observed) !== JSON.stringify(expected)) expect(observed).toEqual(expected);
  for (const id of rig.undecided) {
    rig.compared.add(id);
    if (isDecided(model.stages.get(id))) rig.undecided.delete(id);
  }
}

/** A later change of it would show in the totals. */
function isDecided(stage: Stage | undefined): boolean {
  return stage !== undefined && stage !== "active" && !isWaiting(stage);
}

function predict(rig: Rig, model: ReferenceModel): Record<string, unknown> {
  const counts = new Map<Stage, number>();
  for (const stage of model.stages.values()) counts.set(stage, (counts.get(stage) ?? 0) + 1);
  const count = (stage: Stage): number => counts.get(stage) ?? 0;
  return {
    totals: {
      // Whoever waits for room has not been taken in yet.
      sent: model.stages.size - count("waiting for space"),
      delivered: count("delivered"),
      failed: count("failed"),
      rejected: count("rejected"),
      discarded: count("discarded"),
      undelivered: count("undelivered"),
      pending: count("pending"),
      active: count("active"),
    },
    workers: workersOf(model, model.activeWorkers, model.currentWorkers),
    isPaused: model.isPaused,
    startCount: model.starts.length,
    lastStarts: model.starts.slice(-LAST_STARTS),
    outcomes: [...rig.undecided].map((id) => `${id}: ${model.stages.get(id)}`),
    waitingSenders: [...model.waitingSenders].toSorted(),
  };
}

function observe(rig: Rig, model: ReferenceModel): Record<string, unknown> {
  const { activeWorkerCount, currentWorkerCount } = rig.destination.statistics;
  const waitingSenders: string[] = [];
  const outcomes: string[] = [];
  for (const { id, state } of rig.sent.values()) if (state === "waiting") waitingSenders.push(id);
  for (const id of rig.undecided) {
    const stage = model.stages.get(id);
    const outcome = outcomeOf(rig, id);
    const isInterrupted = model.report.interrupted.has(id);
    outcomes.push(`${id}: ${isSameOutcome(stage, outcome, isInterrupted) ? stage : outcome}`);
  }
  return {
    totals: publishedTotals(rig),
    workers: workersOf(model, activeWorkerCount, currentWorkerCount),
    isPaused: rig.destination.isPaused,
    startCount: rig.runs.length,
    lastStarts: rig.runs.slice(-LAST_STARTS).map(({ id, listener }) => `${id}@${listener}`),
    outcomes,
    waitingSenders: waitingSenders.toSorted(),
  };
}

/** A synchronous destination has none, and what a closed one keeps of its idle workers nobody asks. */
function workersOf(model: ReferenceModel, active: number, current: number): unknown {
  if (model.settings.kind === "synchronous") return [0, 0];
  return model.phase === "closed" ? [active] : [active, current];
}

type Outcome = "rejected" | "discarded" | "undelivered" | "ran" | "ran, failed" | "open";

/** What the ledger alone says of a message. */
function outcomeOf(rig: Rig, id: string): Outcome {
  if (rig.sent.get(id)?.state === "rejected") return "rejected";
  if (rig.discarded.includes(id)) return "discarded";
  if (rig.undelivered.includes(id)) return "undelivered";
  const runs = rig.runs.filter((run) => run.id === id);
  if (runs.length === 0) return "open";
  return runs.some(({ hasFailed }) => hasFailed) ? "ran, failed" : "ran";
}

function isSameOutcome(
  stage: Stage | undefined,
  outcome: Outcome,
  isInterrupted: boolean,
): boolean {
  if (stage === "delivered") return outcome === "ran";
  if (stage === "failed") return outcome === "ran, failed";
  if (stage === "active") return outcome.startsWith("ran");
  if (stage === "pending") return outcome === "open" || outcome.startsWith("ran");
  if (stage === "waiting for space") return outcome === "open";
  // Cut short by a close: some of its listeners got it.
  if (stage === "discarded" && isInterrupted && outcome === "ran") return true;
  return outcome === stage;
}
