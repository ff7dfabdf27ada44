/** What one step of the work does to a number: an integer multiplication that waits for the last one. */
function spin(steps: number): number {
  let state = steps;
  for (let step = 0; step < steps; step += 1) state = (Math.imul(state, 1_664_525) + 1) | 0;
  return state;
}

const TRIALS = 200;
const TRIAL_STEPS = 20_000;

/** Steps a microsecond: those of the quickest trial, since others on the machine can only slow one down. */
function calibrate(): number {
  let quickest = Number.POSITIVE_INFINITY;
  for (let trial = 0; trial < TRIALS; trial += 1) {
    const from = performance.now();
    spin(TRIAL_STEPS);
    quickest = Math.min(quickest, performance.now() - from);
  }
  return TRIAL_STEPS / (quickest * 1_000);
}

/**
 * A function that keeps the processor busy for about so many microseconds: always the same work, however long it takes
 * while others use the machine.
 */
export function createBusyWork(microseconds: number): () => void {
  const steps = [Math.round(calibrate() * microseconds)];
  return () => {
    // Called so that it is not inlined: on Node.js 24 a loop is several times slower in a caller that inlined it.
    Reflect.apply(spin, undefined, steps);
  };
}
