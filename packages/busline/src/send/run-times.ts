/** When a schedule runs, on a clock of its own. */
export interface RunTimes {
  /** By the wall clock, in milliseconds since the epoch; otherwise by the monotonic one. */
  readonly isByWallClock: boolean;
  /** The only run, where there is one only. */
  readonly at?: number;
  /** The same times as text, to be known again after a restart. */
  readonly plan: string;
  /** The same as they go on after a run that was due then; both by the wall clock. Absent where they do not depend on that. */
  goingOnAfter?(dueAt: number, now: number): RunTimes;
  /** The first run after a moment; `undefined` if there is none any more. */
  next(after: number): number | undefined;
}

/** Again and again, so many milliseconds apart, counted from the start: a wall clock that is set does not move them. */
export function every(periodMs: number, startedAt: number): RunTimes {
  return {
    isByWallClock: false,
    plan: `every ${periodMs}`,
    // A clock that was set back must not keep it waiting.
    goingOnAfter: (dueAt, now) =>
      every(periodMs, startedAt - Math.min(periodMs, Math.max(0, now - dueAt))),
    next: (after) => {
      const number = Math.floor(Math.max(0, after - startedAt) / periodMs) + 1;
      const due = startedAt + number * periodMs;
      // A division of such numbers may be rounded down to the run that has just been.
      return due > after ? due : startedAt + (number + 1) * periodMs;
    },
  };
}

/** Once. */
export function once(at: number): RunTimes {
  return {
    isByWallClock: true,
    at,
    plan: `at ${at}`,
    next: (after) => (after < at ? at : undefined),
  };
}
