import type { Deadlines } from "../clock/deadlines.ts";
import type { Reading } from "../clock/reading.ts";
import { isAnybodyObserving } from "../diagnostics/channels.ts";
import { Message } from "../message/message.ts";
import type { SendMoment } from "../message/send-moment.ts";
import type { SpaceWaiters } from "../queue/space-waiters.ts";
import type { DestinationCounters } from "../statistics/destination-counters.ts";
import { Backlog } from "./backlog.ts";
import { Delivery } from "./delivery.ts";
import type { DeliveryHost } from "./delivery-host.ts";
import type { MessageKeeper } from "./message-keeper.ts";
import type { Dispatcher, Turn } from "./dispatcher.ts";
import { carryOn } from "./plain-run.ts";
import type { PoolSettings } from "./pool-settings.ts";
import type { PoolTerms } from "./pool-terms.ts";
import { isFollowing } from "./running-worker.ts";
import { isStillIn } from "./sender-context.ts";
import { TimedMessages } from "./timed-messages.ts";
import type { Worker } from "./worker.ts";
import { Workforce } from "./workforce.ts";

/**
 * A bounded queue and the workers that empty it. It grows first: while fewer than max workers exist and none is idle, a
 * new worker takes the message; only when all are busy does the queue fill; only when the queue is full is a message
 * not taken. So it holds max workers + maximum queue size messages, exactly.
 *
 * A message counts in the queue until each of its listeners has been handed to a worker: see `Backlog`.
 */
export class WorkerPool implements Turn {
  /** Senders that wait for room. */
  readonly waiters: SpaceWaiters;
  readonly dispatcher: Dispatcher;
  readonly counters: DestinationCounters;
  /** Whose messages it delivers. */
  readonly host: DeliveryHost;
  settings: PoolSettings;
  /** What has been taken in and has not started. */
  readonly backlog: Backlog;
  /** How many workers have started the task that they have in hand. */
  runningCount = 0;
  readonly workforce: Workforce;
  isPaused = false;
  /** Messages that have a time; made for the first of them. */
  timed: TimedMessages | undefined = undefined;
  /** Keeps its messages in a store, where they are durable. */
  readonly keeper: MessageKeeper | undefined;
  readonly deadlines: Deadlines;
  /**
   * So many messages more than there are workers may be handed over, where the way to the workers takes longer than the
   * work. They count as waiting until a worker could have begun with them.
   */
  private ahead = 0;
  /** While fewer wait than this, one more may be taken in at once: see `takesAtOnce`. */
  private openUpTo = 0;
  /** The moment of those, and the run of code in which it was. */
  private moment: SendMoment | undefined = undefined;
  private run: Reading = { at: 0 };
  /** Whether a worker that has ended a message may simply go on with the next one. */
  isSmooth = false;
  /** How many pieces of work it may start before others have their turn. */
  startsLeft = 0;
  private isTakingTurn = false;
  hasTurn = false;
  nextTurn: Turn | undefined = undefined;
  isWatched = false;
  quickIn = 0;

  constructor(settings: PoolSettings, terms: PoolTerms) {
    this.settings = settings;
    this.waiters = terms.waiters;
    this.dispatcher = terms.dispatcher;
    this.deadlines = terms.deadlines;
    this.counters = terms.counters;
    this.host = terms.host;
    this.keeper = terms.keeper;
    this.backlog = new Backlog(settings.queue, terms.counters, terms.dispatcher.problem);
    this.workforce = new Workforce(this, terms.clock);
  }

  /** How many workers have a task in hand, started or not. */
  get busyCount(): number {
    return this.runningCount + this.backlog.handedTasks;
  }

  /** How many have been handed over ahead of their turn. */
  get aheadCount(): number {
    return this.ahead === 0 ? 0 : Math.max(0, this.busyCount - this.settings.maxSize);
  }

  /** Whether something waits, for a worker or in the hands of one. */
  get hasWork(): boolean {
    const isWaiting =
      this.keeper?.hasWork ?? (this.counters.pending > 0 && !this.settings.isHolding);
    return isWaiting || this.backlog.handedTasks > 0;
  }

  /** Or is at work. */
  get isAtWork(): boolean {
    return this.runningCount > 0 || this.hasWork;
  }

  /** Takes a message in, if there is a worker or room in the queue, and nobody waits for that. */
  offer(message: Message): boolean {
    return this.waiters.size === 0 && this.takeIn(message);
  }

  /**
   * Takes in a message that need not be made yet, if nothing has changed since one was taken in before in this run of
   * code: all workers are busy, there is room, and it was sent in the same moment. The way of most messages of a burst.
   */
  takesAtOnce(payload: unknown): boolean {
    const { counters, moment, run } = this;
    if (counters.pending >= this.openUpTo || !Number.isNaN(run.at)) return false;
    if (!isStillIn(moment?.context) || isFollowing() || isAnybodyObserving()) return false;
    this.backlog.line.addPayload(payload, moment as SendMoment);
    counters.accepted();
    return true;
  }

  /** Takes in a message that need not be made yet. Only where the pool takes payloads. */
  offerPayload(payload: unknown, moment: SendMoment, run: Reading): boolean {
    const { backlog, counters, settings } = this;
    if (!this.hasRoom || this.waiters.size > 0) return false;
    backlog.line.addPayload(payload, moment);
    this.expect(moment);
    counters.accepted();
    if (this.isOnlyOne) {
      this.handOutOnly();
    } else {
      if (this.hasFreeWorker) this.handOut();
      this.dispatcher.lookAround(this);
    }
    if (this.hasFreeWorker || backlog.mayShare) return true;
    this.moment = moment;
    this.run = run;
    this.openUpTo = settings.maximumQueueSize;
    return true;
  }

  private takeIn(message: Message): boolean {
    if (this.keeper !== undefined) return this.keeper.takeIn(message);
    const { timing } = Message.extrasOf(message);
    return timing === undefined
      ? this.takeInNow(message)
      : TimedMessages.of(this).takeIn(message, timing);
  }

  /** Takes a message in that may start at once. */
  takeInNow(message: Message): boolean {
    const { backlog, settings, counters } = this;
    if (!this.hasRoom) return false;
    this.enqueue(message);
    counters.accepted();
    Message.setProgress(message, "waiting");
    if (this.isOnlyOne) {
      this.handOutOnly();
      return true;
    }
    if (!this.mayHandOut) {
      this.dispatcher.lookAround(this);
      return true;
    }
    this.handOut();
    const { source } = backlog;
    if (source === undefined || counters.pending <= settings.maximumQueueSize) return true;
    if (backlog.isInHand(message)) return true;
    // A queue that holds messages back did not give this one out, though a worker was free.
    source.remove(message);
    counters.takenBack();
    Message.setProgress(message, undefined);
    return false;
  }

  enqueue(message: Message): void {
    this.backlog.add(message);
    this.expect(Message.momentOf(message));
  }

  /** Nothing starts from now on. */
  pause(): void {
    this.isPaused = true;
    this.lookAgain();
    this.dispatcher.lookAround();
  }

  resume(): void {
    this.isPaused = false;
    this.leftQueue();
  }

  /** From now on so many messages more than there are workers may be handed over. */
  lookAhead(count: number): void {
    this.ahead = count;
    this.handOut();
  }

  /** New sizes, a new bound, another queue: what waits goes on waiting, in order. */
  reconfigure(settings: PoolSettings): void {
    this.backlog.moveTo(settings.queue);
    this.settings = { ...settings, queue: this.backlog.queue };
    this.workforce.resize(settings);
    this.handOut();
    this.roomAppeared();
  }

  /** Starts ready tasks. @returns whether more are ready */
  runTurn(most: number): boolean {
    this.startTasks(most, undefined);
    return this.mayStartTask;
  }

  /** A message has ended: a queue that holds messages back may give out another. */
  ended(message: Message): void {
    if (this.backlog.ended(message)) this.handOut();
  }

  /** @param first the worker to begin with */
  private startTasks(most: number, first: Worker | undefined): void {
    this.isTakingTurn = true;
    this.startsLeft = most;
    let worker = first;
    try {
      while (this.startsLeft > 0 && this.mayStartNext && this.dispatcher.mayStart()) {
        this.startsLeft -= 1;
        worker ??= this.workforce.get();
        if (!(carryOn(worker, true) ?? this.start(worker))) {
          worker = undefined;
          continue;
        }
        if (worker.delivery !== undefined) worker.delivery = undefined;
        if (!this.takesNext()) {
          this.rest(worker);
          worker = undefined;
        }
      }
    } finally {
      if (worker !== undefined) this.workforce.putBack(worker);
      this.isTakingTurn = false;
    }
  }

  private get mayStartNext(): boolean {
    this.timed?.dropExpired();
    return this.mayStartTask;
  }

  private get isStill(): boolean {
    return this.isPaused || this.timed?.isHolding === true;
  }

  // After a shrinking to fewer workers, tasks that more of them had in hand start one after another.
  private get mayStartTask(): boolean {
    if (this.backlog.handedTasks === 0 || this.isStill) return false;
    return this.runningCount < this.settings.maxSize + this.ahead;
  }

  get hasRoom(): boolean {
    if (this.hasRoomToWait) return true;
    // A free worker takes it at once. But what is put off holds no worker: together they are never more than fit.
    const freeCount = this.hasFreeWorker ? this.settings.maxSize - this.busyCount : 0;
    return this.counters.pending + this.aheadCount < this.settings.maximumQueueSize + freeCount;
  }

  /** Whether one more may wait. */
  get hasRoomToWait(): boolean {
    return this.counters.pending + this.aheadCount < this.settings.maximumQueueSize;
  }

  /** Whether one more may be handed over. */
  private get mayHandOut(): boolean {
    return this.busyCount < this.settings.maxSize + this.ahead && !this.isStill;
  }

  private get hasFreeWorker(): boolean {
    return this.busyCount < this.settings.maxSize && !this.isStill;
  }

  /** Hands waiting messages to free workers. */
  handOut(): void {
    while (this.mayHandOut && this.handOutOne()) this.workforce.grow();
    this.workforce.watchIdle();
    this.backlog.lookAgain();
    this.lookAgain();
    if (!this.isTakingTurn && this.mayStartTask) this.dispatcher.schedule(this);
  }

  /** Whether one message waits for a free worker, and there is nothing else to be done. */
  private get isOnlyOne(): boolean {
    return this.isSmooth && this.hasFreeWorker && this.backlog.waitingCount === 1;
  }

  /** Hands the only one over, as `handOut` would. */
  private handOutOnly(): void {
    this.backlog.handOutPlainly();
    this.workforce.grow();
    this.workforce.watchIdle();
    if (this.isTakingTurn) this.dispatcher.lookAround(this);
    else this.dispatcher.schedule(this);
  }

  /**
   * A worker has ended its task at once and takes the next message, if there is one and it may, as if it had been
   * released and the message handed to it.
   */
  private takesNext(): boolean {
    this.runningCount -= 1;
    if (this.waiters.size === 0 && this.mayHandOut && this.handOutOne()) {
      if (this.counters.pending === 0) this.dispatcher.lookAround();
      return true;
    }
    this.runningCount += 1;
    return false;
  }

  /** To be called whenever anything changes that every message would otherwise have to ask for. */
  lookAgain(): void {
    const { backlog, waiters, settings } = this;
    this.openUpTo = 0;
    // It may keep a context.
    this.moment = undefined;
    const isPlain = backlog.source === undefined && waiters.size === 0 && !backlog.mayShare;
    this.isSmooth =
      isPlain &&
      !this.isStill &&
      this.timed?.mayExpire !== true &&
      this.busyCount <= settings.maxSize + this.ahead;
  }

  /** A message has come in that workers may come to share. */
  expect({ listenings }: SendMoment): void {
    const { backlog, settings } = this;
    if (backlog.mayShare || listenings.length < 2 || !settings.workerPerListener) return;
    backlog.mayShare = true;
    this.lookAgain();
  }

  private handOutOne(): boolean {
    return this.backlog.handOut(this.settings.workerPerListener);
  }

  /** Starts the next task in hand, and what may come after it. @returns whether all have ended at once */
  private start(worker: Worker): boolean {
    const task = this.backlog.start();
    this.runningCount += 1;
    if (this.timed !== undefined) this.timed.forget(task instanceof Delivery ? task.message : task);
    if (task instanceof Delivery) {
      const from = task.begunCount;
      return worker.carryShared(task, from, this.backlog.startShared(task));
    }
    return worker.carry(task) && (worker.delivery !== undefined || carryOn(worker, false) === true);
  }

  private rest(worker: Worker): void {
    worker.delivery = undefined;
    this.runningCount -= 1;
    this.workforce.rest(worker);
    if (!this.isSmooth || this.backlog.line.size > 0) {
      this.handOut();
    } else {
      this.workforce.watchIdle();
      // All that `lookAgain` would change here, which takes 25 ns.
      this.openUpTo = 0;
      this.moment = undefined;
    }
    this.roomAppeared();
  }

  /** A worker whose listener had gone on is free: it goes on with at most so many tasks in the same turn, if it may. */
  freed(worker: Worker, most = 1): void {
    if (worker.delivery !== undefined) worker.delivery = undefined;
    this.startsLeft = this.dispatcher.mayGoOn(this) ? most : 0;
    if (carryOn(worker, false) !== true) return;
    if (worker.delivery !== undefined) worker.delivery = undefined;
    if (this.takesNext()) {
      this.startTasks(this.startsLeft, worker);
    } else {
      this.isTakingTurn = true;
      try {
        this.rest(worker);
      } finally {
        this.isTakingTurn = false;
      }
    }
    if (this.mayStartTask) this.dispatcher.schedule(this);
  }

  /** Messages have left the queue, or may now: makes use of their room. */
  leftQueue(): void {
    this.handOut();
    this.roomAppeared();
  }

  private roomAppeared(): void {
    if (this.counters.pending === 0) this.dispatcher.lookAround();
    if (this.waiters.size === 0) return;
    this.waiters.admit((message) => this.takeIn(message));
    this.lookAgain();
  }
}
