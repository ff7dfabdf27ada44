/** When a schedule runs, on a clock of its own. */
export interface RunTimes {
  /** By the wall clock, in milliseconds since the epoch; otherwise by the monotonic one. */
  readonly isByWallClock: boolean;
  /** The only run, where there is one only. */
  readonly at?: number;
  /** The first run after a moment; `undefined` if there is none any more. */
  next(after: number): number | undefined;
}

/** Again and again, so many milliseconds apart, counted from the start: a wall clock that is set does not move them. */
export function every(periodMs: number, startedAt: number): RunTimes {
  return {
    isByWallClock: false,
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
  return { isByWallClock: true, at, next: (after) => (after < at ? at : undefined) };
}
