import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { destinationCommands, endRun, settleAndCompare } from "./commands.ts";
import { expectEquations } from "./equations.ts";
import { IS_LONG } from "./ledger.ts";
import { type Kind, type ModelSettings, ReferenceModel, type Stage } from "./reference-model.ts";
import { handlers, IDLE_MS, Rig } from "./rig.ts";

const RUNS = IS_LONG ? 10_000 : 500;
const MOST_COMMANDS = 200;
const TIMEOUT_MS = IS_LONG ? 3_600_000 : 60_000;

/** What each kind must have shown at least once, or the sequences have proved nothing. */
const everywhere: readonly Stage[] = ["active", "delivered", "failed", "rejected", "undelivered"];
const queued: readonly Stage[] = [...everywhere, "pending", "discarded", "waiting for space"];

describe.each<{ kind: Kind; stages: readonly Stage[] }>([
  { kind: "parallel", stages: queued },
  { kind: "serial", stages: queued },
  { kind: "synchronous", stages: everywhere },
])("a $kind destination under any sequence of commands", ({ kind, stages }) => {
  test(
    "destination - is in the state of the reference model after each, and its ledger adds up",
    { timeout: TIMEOUT_MS },
    async () => {
      const reached = new Set<string>();
      const commands = fc.commands(destinationCommands(kind), {
        maxCommands: MOST_COMMANDS,
        size: "max",
      });
      const property = fc.asyncProperty(settingsOf(kind), commands, async (settings, sequence) => {
        const model = new ReferenceModel(settings);
        const rig = new Rig(settings);
        model.listeners.push(rig.addListener());
        await fc.asyncModelRun(() => ({ model: watched(model, reached), real: rig }), sequence);
        await comeToRest(model, rig);
        expectEquations(rig, kind);
        await expectReport(model, rig, reached);
      });
      await fc.assert(property, { numRuns: RUNS });
      for (const stage of stages) expect(reached).toContain(stage);
      expect(reached).toContain("interrupted");
    },
  );
});

function settingsOf(kind: Kind): fc.Arbitrary<ModelSettings> {
  const policies = Object.keys(handlers) as ModelSettings["policy"][];
  const shared = {
    kind: fc.constant(kind),
    policy: fc.constantFrom(...(kind === "synchronous" ? (["abort"] as const) : policies)),
    limit: fc.integer({ min: 1, max: 6 }),
    isHeldOnly: fc.boolean(),
  };
  const fixed = fc.constant(kind === "serial" ? 1 : 0);
  if (kind !== "parallel") return fc.record({ ...shared, core: fixed, max: fixed });
  return fc.nat({ max: 3 }).chain((core) =>
    fc.record({
      ...shared,
      core: fc.constant(core),
      max: fc.integer({ min: Math.max(1, core), max: 6 }),
    }),
  );
}

/** Notes which stages messages have been in. */
function watched(model: ReferenceModel, reached: Set<string>): ReferenceModel {
  const set = model.stages.set.bind(model.stages);
  model.stages.set = (id, stage) => {
    reached.add(stage);
    return set(id, stage);
  };
  return model;
}

/** Lets go what is held, until nothing waits and nothing runs. */
async function comeToRest(model: ReferenceModel, rig: Rig): Promise<void> {
  model.isPaused = false;
  rig.destination.resume();
  await settleAndCompare(model, rig);
  while (model.running.length > 0) {
    endRun(model, rig, 0, false);
    await settleAndCompare(model, rig);
  }
}

/** A close names what it did not deliver, no more and no less. */
async function expectReport(model: ReferenceModel, rig: Rig, reached: Set<string>): Promise<void> {
  if (rig.closing === undefined) return;
  const { undelivered, interrupted } = await rig.closing;
  expect(undelivered.map(({ id }) => id).toSorted()).toEqual(
    [...model.report.undelivered].toSorted(),
  );
  expect(interrupted.map(({ id }) => id).toSorted()).toEqual(
    [...model.report.interrupted].toSorted(),
  );
  const aborted = rig.runs.filter(({ context }) => context.signal.aborted).map(({ id }) => id);
  for (const id of aborted) expect(model.report.interrupted).toContain(id);
  if (interrupted.length > 0) reached.add("interrupted");
  // Nothing is left that could keep a process alive, or wake up in it.
  rig.clock.advance(10 * IDLE_MS);
}
