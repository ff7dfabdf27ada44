import type { Reading } from "./reading.ts";

/**
 * The one owner of time, of chance and of turns of the event loop. Everything in busline that waits, measures or puts off asks a
 * clock, so that a test can stand in for both (`ManualClock` in `busline/testing`).
 */
export interface Clock {
  /** Turns happen only when a test says so: work then starts in turns alone, never in the wake of a listener's end. */
  readonly isStepped?: boolean;
  /** Milliseconds since the epoch, for people. May be read once a turn rather than once a call. */
  now(): number;
  /** Milliseconds since some moment in the past; never goes back, for measuring. */
  monotonicNow(): number;
  /**
   * The moment at which the code that runs now, and what follows from it without a break, will have ended: one reading
   * for all who ask meanwhile. Without this method everybody reads `monotonicNow`, and each message that is sent is looked
   * at closely, since nothing tells that a run goes on.
   */
  endOfRun?(): Reading;
  /** Calls back once, not before `delayMs` have passed. The timer does not keep the process alive unless `ref` is called. */
  startTimer(delayMs: number, callback: () => void): Timer;
  /** A number from 0 up to, but not including, 1. Without this method nothing is left to chance: always 0. */
  chance?(): number;
  /** Calls back as soon as the code that runs now has ended. */
  atEndOfRun(callback: () => void): void;
  /** Calls back in the next turn of the event loop, after timers and I/O had theirs. Keeps the process alive until then. */
  atNextTurn(callback: () => void): void;
}

/** A started timer. */
export interface Timer {
  /** Ends it; it will not call back. */
  cancel(): void;
  /** From now on it keeps the process alive. */
  ref(): void;
  /** From now on it does not keep the process alive. */
  unref(): void;
}
