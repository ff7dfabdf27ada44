import type { Clock } from "../clock/clock.ts";
import { runAsNobody } from "./sender-context.ts";

/** Something that has work ready to be started. */
export interface Turn {
  /** Whether it stands in the line of those that wait for a turn, and who stands behind it. */
  hasTurn: boolean;
  nextTurn: Turn | undefined;
  /** Whether it has work that keeps the process alive, and whether that is looked at. */
  readonly hasWork: boolean;
  /** Whether it has work of any kind, also such as has been started. */
  readonly isAtWork: boolean;
  isWatched: boolean;
  /** In which round it was found to be quick. */
  quickIn: number;
  /** Starts at most `most` pieces of work. @returns whether more is ready */
  runTurn(most: number): boolean;
}

/** Work that one destination may start before the next one's turn. */
const TURN = 64;
/** How long work may be started in one turn of the event loop. */
const LONGEST_MS = 4;
/** How often the clock is read: after one start where listeners are slow, after this many where they are quick. */
const MOST_STARTS_UNREAD = 64;
/** After how many where the turn has gone to another destination, which has been quick. */
const MOST_STARTS_AFTER_CHANGE = 4;
/** As few destinations without work as these may stay among those that are looked at. */
const FEW = 8;

/**
 * Starts the work of a bus so that nobody starves. Work starts as soon as the sender's code has ended; after
 * `deliveriesPerTurn` starts or 4 ms, timers, I/O and everything else in the process have theirs before it goes on.
 * Destinations take turns.
 *
 * That the event loop has had a turn is known by a callback in it: a breath. It costs as much as the delivery of a
 * message that comes alone, so none is taken after a run that leaves nothing to be done, until half of what may start
 * has started.
 */
export class Dispatcher {
  readonly problem: (text: string, error: unknown) => void;
  private readonly clock: Clock;
  private readonly isStepped: boolean;
  private readonly deliveriesPerTurn: number;
  private readonly needsProcess: (isNeeded: boolean) => void;
  private readonly isWaiting: (hasWork: boolean) => boolean;
  /** Those that had work when last looked at, or have come to some since. */
  private watched: Turn[] = [];
  /** Those that wait for a turn, in line. */
  private first: Turn | undefined;
  private last: Turn | undefined;
  /** Nobody else waited when the turn began that goes on. */
  private isAlone = false;
  /** Who had a turn last. */
  private lastTurn: Turn | undefined;
  private isRunScheduled = false;
  private isRunning = false;
  private isBreathScheduled = false;
  /** Work has started since the last breath. */
  private isTurnOpen = false;
  /** Nothing has started in this run, and the one before left nothing to be done. */
  private isFresh = false;
  private isHoldingProcess = false;
  private startsLeft: number;
  /** How many of those may start before the clock is read. */
  private quickStarts = 0;
  private startsUnread = 1;
  private isFirstOfTurn = true;
  /** Whose start is the next to be timed by itself, and whose is being timed. */
  private nextTimed: Turn | undefined;
  private timed: Turn | undefined;
  /** Ends whenever something was slow: whoever was found to be quick before is timed again. */
  private round = 1;
  private readAt = 0;
  private turnEndsAt = 0;

  constructor(terms: {
    readonly clock: Clock;
    readonly deliveriesPerTurn: number;
    /** Whether somebody waits for what no timer or socket stands for. */
    readonly isWaiting: (hasWork: boolean) => boolean;
    readonly holdProcess: (isNeeded: boolean) => void;
    /** Told of what goes wrong where nobody else can be. */
    readonly problem: (text: string, error: unknown) => void;
  }) {
    this.problem = terms.problem;
    this.clock = terms.clock;
    this.isStepped = terms.clock.isStepped === true;
    this.deliveriesPerTurn = terms.deliveriesPerTurn;
    this.isWaiting = terms.isWaiting;
    this.needsProcess = terms.holdProcess;
    this.startsLeft = terms.deliveriesPerTurn;
  }

  /** Work is ready: it will be started soon. */
  schedule(turn: Turn): void {
    this.queueUp(turn);
    if (!this.isRunScheduled && !this.hasStartedAll) {
      this.isRunScheduled = true;
      this.clock.atEndOfRun(this.run);
    }
    this.lookAround(turn);
  }

  /** Whether a worker that has become free may go on at once: nobody else waits for a turn. */
  mayGoOn(turn: Turn): boolean {
    if (this.isStepped) return false;
    return this.first === undefined || (this.first === turn && this.last === turn);
  }

  /** Whether such a worker may start one more without a look at the clock; counts it. */
  goesOnAtOnce(turn: Turn): boolean {
    if (this.quickStarts === 0 || !this.mayGoOn(turn)) return false;
    this.quickStarts -= 1;
    return true;
  }

  /** Whether one more piece of work may start in this turn of the event loop; counts it. */
  mayStart(): boolean {
    if (this.quickStarts === 0) return this.mayStartByClock();
    this.quickStarts -= 1;
    return true;
  }

  /**
   * Looks again, in the next turn of the event loop, whether the process has to be kept alive.
   *
   * @param turn has come to work
   */
  lookAround(turn?: Turn): void {
    if (turn !== undefined && !turn.isWatched) {
      turn.isWatched = true;
      this.watched.push(turn);
    }
    // A run looks for itself whether there is anything to look at.
    if (!this.isRunScheduled && !this.isRunning) this.scheduleBreath();
  }

  private readonly run = (): void => runAsNobody(this.giveTurns, this);

  private giveTurns(): void {
    this.isRunScheduled = false;
    this.isRunning = true;
    this.isFresh = !this.isBreathScheduled;
    while (!this.hasStartedAll && this.first !== undefined) {
      const turn = this.first;
      this.first = turn.nextTurn;
      if (this.first === undefined) this.last = undefined;
      turn.nextTurn = undefined;
      turn.hasTurn = false;
      if (turn !== this.lastTurn) this.change(turn);
      this.lastTurn = turn;
      if (this.give(turn)) this.queueUp(turn);
    }
    this.isRunning = false;
    this.nextTimed = undefined;
    if (!this.isBreathScheduled && this.leavesSomething) this.scheduleBreath();
  }

  private get leavesSomething(): boolean {
    if (this.first !== undefined || this.isHoldingProcess) return true;
    for (const turn of this.watched) if (turn.isAtWork) return true;
    if (this.watched.length > FEW) {
      for (const turn of this.watched) turn.isWatched = false;
      this.watched = [];
    }
    return false;
  }

  private queueUp(turn: Turn): void {
    if (turn.hasTurn) return;
    turn.hasTurn = true;
    if (this.last === undefined) this.first = turn;
    else this.last.nextTurn = turn;
    this.last = turn;
  }

  // A failure in the bookkeeping must not take the others' turns away.
  private give(turn: Turn): boolean {
    // Whoever is alone goes on until somebody else comes.
    this.isAlone = this.first === undefined;
    try {
      return turn.runTurn(this.isAlone ? this.deliveriesPerTurn : TURN);
    } catch (error) {
      this.problem("A destination's turn failed", error);
      return true;
    } finally {
      this.isAlone = false;
    }
  }

  private scheduleBreath(): void {
    if (this.isBreathScheduled) return;
    this.isBreathScheduled = true;
    this.clock.atNextTurn(this.breathe);
  }

  private readonly breathe = (): void => {
    this.isBreathScheduled = false;
    this.isTurnOpen = false;
    this.startsLeft = this.deliveriesPerTurn;
    this.quickStarts = 0;
    if (this.first !== undefined) this.run();
    this.isHoldingProcess = this.isWaiting(this.hasWork());
    this.needsProcess(this.isHoldingProcess);
  };

  // Only those that have work are looked at: there may be a hundred thousand that have none.
  private hasWork(): boolean {
    if (this.watched.length === 0) return false;
    this.watched = this.watched.filter((turn) => {
      turn.isWatched = turn.hasWork;
      return turn.isWatched;
    });
    return this.watched.length > 0;
  }

  private get hasStartedAll(): boolean {
    return this.startsLeft === 0 && this.quickStarts === 0;
  }

  /** The turn goes to another destination. That those before it were quick does not tell that it is. */
  private change(turn: Turn): void {
    const isKnown = turn.quickIn === this.round;
    this.nextTimed = isKnown ? undefined : turn;
    if (!isKnown) return this.timeNextStart();
    // It was, but has perhaps become slow, as may all of them at once.
    const tooMany = this.quickStarts - MOST_STARTS_AFTER_CHANGE;
    if (tooMany <= 0) return;
    this.startsLeft += tooMany;
    this.quickStarts -= tooMany;
  }

  private timeNextStart(): void {
    this.startsLeft += this.quickStarts;
    this.quickStarts = 0;
    this.isFirstOfTurn = true;
  }

  private mayStartByClock(): boolean {
    const isTimeLeft = this.isTurnOpen ? this.isTimeLeft() : this.openTurn();
    if (this.startsLeft === 0 || (this.isAlone && this.first !== undefined)) return false;
    const starts = this.isFirstOfTurn ? 1 : Math.min(this.startsUnread, this.startsLeft);
    if (this.isFirstOfTurn) this.timed = this.nextTimed;
    this.isFirstOfTurn = false;
    this.isFresh = false;
    this.startsLeft = isTimeLeft ? this.startsLeft - starts : 0;
    // The one that asks may start in any case.
    this.quickStarts = isTimeLeft ? starts - 1 : 0;
    const isHalfTime = this.turnEndsAt - this.readAt < LONGEST_MS / 2;
    if (isHalfTime || this.startsLeft * 2 <= this.deliveriesPerTurn) this.scheduleBreath();
    return true;
  }

  private openTurn(): boolean {
    this.isTurnOpen = true;
    if (!this.isRunning) this.scheduleBreath();
    this.startsLeft = this.deliveriesPerTurn;
    this.readAt = this.clock.monotonicNow();
    this.turnEndsAt = this.readAt + LONGEST_MS;
    this.timeNextStart();
    return true;
  }

  private isTimeLeft(): boolean {
    const now = this.clock.monotonicNow();
    const elapsed = now - this.readAt;
    if (elapsed > LONGEST_MS / 4) {
      this.startsUnread = 1;
      this.round += 1;
    } else if (elapsed < LONGEST_MS / 16) {
      this.startsUnread = Math.min(this.startsUnread * 2, MOST_STARTS_UNREAD);
      if (this.timed !== undefined) this.timed.quickIn = this.round;
    }
    this.timed = undefined;
    this.readAt = now;
    // Where nothing was left to be done, the event loop has had its turns meanwhile, or others have taken its time.
    if (now >= this.turnEndsAt && this.isFresh) return this.openTurn();
    return now < this.turnEndsAt;
  }
}
