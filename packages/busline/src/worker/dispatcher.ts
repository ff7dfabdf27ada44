import type { Clock } from "../clock/clock.ts";

/** Something that has work ready to be started. */
export interface Turn {
  /** Starts at most `most` pieces of work. @returns whether more is ready */
  runTurn(most: number): boolean;
}

/** Work that one destination may start before the next one's turn. */
const TURN = 64;
/** How long work may be started in one turn of the event loop. */
const LONGEST_MS = 4;
/** How often the clock is read: after one start where listeners are slow, after this many where they are quick. */
const MOST_STARTS_UNREAD = 16;

/**
 * Starts the work of a bus so that nobody starves. Work starts as soon as the sender's code has ended; after
 * `deliveriesPerTurn` starts or 4 ms, timers, I/O and everything else in the process have theirs before it goes on.
 * Destinations take turns.
 */
export class Dispatcher {
  readonly problem: (text: string, error: unknown) => void;
  readonly #clock: Clock;
  readonly #deliveriesPerTurn: number;
  readonly #needsProcess: (isNeeded: boolean) => void;
  readonly #isWaiting: () => boolean;
  readonly #turns = new Set<Turn>();
  #isRunScheduled = false;
  #isBreathScheduled = false;
  #startsLeft: number;
  #startsUnread = 1;
  #startsUntilReading = 1;
  #readAt = 0;
  #turnEndsAt = 0;

  constructor(terms: {
    readonly clock: Clock;
    readonly deliveriesPerTurn: number;
    /** Whether somebody waits for work that no timer or socket stands for. */
    readonly isWaiting: () => boolean;
    readonly holdProcess: (isNeeded: boolean) => void;
    /** Told of what goes wrong where nobody else can be. */
    readonly problem: (text: string, error: unknown) => void;
  }) {
    this.problem = terms.problem;
    this.#clock = terms.clock;
    this.#deliveriesPerTurn = terms.deliveriesPerTurn;
    this.#isWaiting = terms.isWaiting;
    this.#needsProcess = terms.holdProcess;
    this.#startsLeft = terms.deliveriesPerTurn;
  }

  /** Work is ready: it will be started soon. */
  schedule(turn: Turn): void {
    this.#turns.add(turn);
    this.#scheduleRun();
  }

  /** Whether a worker that has become free may go on at once: nobody else waits for a turn. */
  mayGoOn(turn: Turn): boolean {
    return this.#turns.size <= (this.#turns.has(turn) ? 1 : 0) && this.#clock.isStepped !== true;
  }

  /** Whether one more piece of work may start in this turn of the event loop; counts it. */
  mayStart(): boolean {
    if (!this.#isBreathScheduled) this.#beginTurn();
    if (this.#startsLeft <= 0) return false;
    this.#startsLeft -= 1;
    this.#startsUntilReading -= 1;
    if (this.#startsUntilReading <= 0) this.#readClock();
    return true;
  }

  /** Looks again, in the next turn of the event loop, whether the process has to be kept alive. */
  lookAround(): void {
    if (!this.#isBreathScheduled) this.#beginTurn();
  }

  #scheduleRun(): void {
    if (this.#isRunScheduled) return;
    if (this.#startsLeft <= 0) return this.lookAround();
    this.#isRunScheduled = true;
    this.#clock.atEndOfRun(this.#run);
  }

  readonly #run = (): void => {
    this.#isRunScheduled = false;
    while (this.#startsLeft > 0 && this.#turns.size > 0) {
      for (const turn of this.#turns) {
        this.#turns.delete(turn);
        // The first of a destination's listeners is timed by itself: others may have been quick.
        this.#startsUntilReading = Math.min(this.#startsUntilReading, 2);
        if (this.#runTurn(turn)) this.#turns.add(turn);
        if (this.#startsLeft <= 0) break;
      }
    }
  };

  // A failure in the bookkeeping must not take the others' turns away.
  #runTurn(turn: Turn): boolean {
    try {
      return turn.runTurn(TURN);
    } catch (error) {
      this.problem("A destination's turn failed", error);
      return true;
    }
  }

  #beginTurn(): void {
    this.#isBreathScheduled = true;
    this.#readAt = this.#clock.monotonicNow();
    this.#turnEndsAt = this.#readAt + LONGEST_MS;
    this.#startsUntilReading = 2;
    this.#clock.atNextTurn(this.#breathe);
  }

  readonly #breathe = (): void => {
    this.#isBreathScheduled = false;
    this.#startsLeft = this.#deliveriesPerTurn;
    if (this.#turns.size > 0) this.#run();
    this.#needsProcess(this.#isWaiting());
  };

  #readClock(): void {
    const now = this.#clock.monotonicNow();
    const elapsed = now - this.#readAt;
    if (elapsed > LONGEST_MS / 4) this.#startsUnread = 1;
    else if (elapsed < LONGEST_MS / 16)
      this.#startsUnread = Math.min(this.#startsUnread * 2, MOST_STARTS_UNREAD);
    this.#startsUntilReading = this.#startsUnread;
    this.#readAt = now;
    if (now >= this.#turnEndsAt) this.#startsLeft = 0;
  }
}
