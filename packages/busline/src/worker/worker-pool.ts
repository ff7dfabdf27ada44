import type { Clock } from "../clock/clock.ts";
import { channels, isObserved, traced } from "../diagnostics/channels.ts";
import { Message } from "../message/message.ts";
import type { SpaceWaiters } from "../queue/space-waiters.ts";
import type { DestinationCounters } from "../statistics/destination-counters.ts";
import type { WorkerCounts } from "../statistics/destination-statistics.ts";
import { Delivery } from "./delivery.ts";
import type { DiscardReason } from "./delivery-host.ts";
import type { Dispatcher, Turn } from "./dispatcher.ts";
import { moveAll } from "./move-all.ts";
import type { PoolSettings } from "./pool-settings.ts";
import { ReadyTasks } from "./ready-tasks.ts";
import { TakenMessages } from "./taken-messages.ts";
import type { Worker } from "./worker.ts";
import { Workforce } from "./workforce.ts";

/**
 * A bounded queue and the workers that empty it. It grows first: while fewer than max workers exist and none is idle, a
 * new worker takes the message; only when all are busy does the queue fill; only when the queue is full is a message
 * not taken. So it holds max workers + maximum queue size messages, exactly.
 *
 * A worker's task is one message for one listener, or for all: see `workerPerListener`. A message waits until each of
 * its listeners has been handed to a worker, and counts in the queue until then.
 */
export class WorkerPool implements Turn {
  /** Senders that wait for room. */
  readonly waiters: SpaceWaiters;
  private readonly dispatcher: Dispatcher;
  private readonly counters: DestinationCounters;
  settings: PoolSettings;
  /** Tasks in the hands of workers that have not started yet, in the order of their start. */
  private readonly ready = new ReadyTasks();
  /** The message of which some listeners, but not all, have been handed to workers. */
  private partly: Delivery | undefined;
  private readonly workforce: Workforce;
  /** How many workers have started the task that they have in hand. */
  private runningCount = 0;
  isPaused = false;
  private isTakingTurn = false;
  /** The messages whose queues want to be told of their ends. */
  private taken: TakenMessages | undefined;
  hasTurn = false;
  nextTurn: Turn | undefined = undefined;
  isWatched = false;

  constructor(
    settings: PoolSettings,
    terms: {
      readonly dispatcher: Dispatcher;
      readonly clock: Clock;
      readonly waiters: SpaceWaiters;
      readonly counters: DestinationCounters;
    },
  ) {
    this.settings = settings;
    this.waiters = terms.waiters;
    this.dispatcher = terms.dispatcher;
    this.counters = terms.counters;
    this.workforce = new Workforce(this, terms.clock, this.freed);
  }

  get counts(): WorkerCounts {
    return this.workforce.counts;
  }

  /** Whether something waits, for a worker or in the hands of one. */
  get hasWork(): boolean {
    return this.counters.pending > 0 || this.ready.size > 0;
  }

  /** The message that has waited longest. */
  get oldestWaiting(): Message | undefined {
    return this.partly?.message ?? this.settings.queue.oldest();
  }

  /** Workers that have begun with a message. */
  get busyWorkers(): Worker[] {
    return this.workforce.underway;
  }

  /** Takes a message in, if there is a worker or room in the queue, and nobody waits for that. */
  offer(message: Message): boolean {
    return this.waiters.size === 0 && this.takeIn(message);
  }

  private takeIn(message: Message): boolean {
    if (!this.hasFreeWorker && this.counters.pending >= this.settings.maximumQueueSize)
      return false;
    if (isObserved(channels.enqueue)) {
      const trace = { message, destinationName: message.destinationName };
      traced(channels.enqueue, trace, () => this.settings.queue.add(message));
    } else {
      this.settings.queue.add(message);
    }
    this.counters.accepted();
    Message.setProgress(message, "waiting");
    if (!this.hasFreeWorker) {
      this.dispatcher.lookAround(this);
      return true;
    }
    this.handOut();
    if (
      this.counters.pending <= this.settings.maximumQueueSize ||
      Message.progressOf(message) !== "waiting"
    )
      return true;
    // A queue that holds messages back did not give this one out, though a worker was free.
    this.settings.queue.remove(message);
    this.counters.takenBack();
    Message.setProgress(message, undefined);
    return false;
  }

  /** Drops the oldest waiting message of which no listener has started. */
  discardOldest(reason: DiscardReason): boolean {
    const oldest = this.settings.queue.oldest();
    return oldest !== undefined && this.withdraw(oldest, reason);
  }

  /** Takes a message back that no listener has begun with. */
  withdraw(message: Message, reason: DiscardReason): boolean {
    if (!this.takeBack(message)) return false;
    tellDiscarded([message], reason);
    this.roomAppeared();
    return true;
  }

  /** Drops all waiting messages of which no listener has been handed to a worker. */
  purge(reason: DiscardReason): Message[] {
    const waiting = this.settings.queue.removeAll();
    // First all are booked: whoever is told may withdraw others of them.
    for (const message of waiting) {
      this.counters.dropped();
      Message.setProgress(message, "ended");
    }
    tellDiscarded(waiting, reason);
    this.roomAppeared();
    return waiting;
  }

  /** Drops what no listener has begun with, interrupts the rest. */
  forceClose(error: unknown): { undelivered: Message[]; interrupted: Message[] } {
    const notBegun = this.ready.messages.filter((message) => this.takeBack(message));
    const partly = this.partly;
    this.partly = undefined;
    const interrupted = new Set(this.busyWorkers.map((worker) => worker.keepMore()));
    if (partly !== undefined) interrupted.add(partly);
    for (const delivery of interrupted) {
      delivery.isInterrupted = true;
      delivery.interrupt(error);
    }
    if (partly !== undefined) {
      this.counters.started();
      partly.listenersSkipped(partly.moment.listenings.length - partly.handedCount, true);
    }
    tellDiscarded(notBegun, "closed");
    return {
      undelivered: [...notBegun, ...this.purge("closed")],
      interrupted: [...interrupted].map((delivery) => delivery.message),
    };
  }

  /** Ends its timer. */
  release(): void {
    this.workforce.release();
  }

  /** Nothing starts from now on. */
  pause(): void {
    this.isPaused = true;
    this.dispatcher.lookAround();
  }

  resume(): void {
    this.isPaused = false;
    this.handOut();
    this.roomAppeared();
  }

  /** New sizes, a new bound, another queue: what waits goes on waiting, in order. */
  reconfigure(settings: PoolSettings): void {
    if (settings.queue !== this.settings.queue) {
      moveAll(this.settings.queue, settings.queue);
    }
    this.settings = settings;
    this.workforce.resize(settings);
    this.handOut();
    this.roomAppeared();
  }

  /** Starts ready tasks. @returns whether more are ready */
  runTurn(most: number): boolean {
    this.runTasks(most, undefined);
    return this.mayStartTask;
  }

  /** @param first the worker to begin with */
  private runTasks(most: number, first: Worker | undefined): void {
    this.isTakingTurn = true;
    let left = most;
    let worker = first;
    try {
      while (left > 0 && this.mayStartTask && this.dispatcher.mayStart()) {
        left -= 1;
        worker ??= this.workforce.get();
        if (!this.start(worker)) {
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

  /** A message has ended: a queue that holds messages back may give out another. */
  ended(message: Message): void {
    if (this.taken?.ended(message) === true) this.handOut();
  }

  // After a shrinking to fewer workers, tasks that more of them had in hand start one after another.
  private get mayStartTask(): boolean {
    return this.ready.size > 0 && !this.isPaused && this.runningCount < this.settings.maxSize;
  }

  private get hasFreeWorker(): boolean {
    return this.workforce.busyCount < this.settings.maxSize && !this.isPaused;
  }

  /** Hands waiting messages to free workers. */
  private handOut(): void {
    while (this.hasFreeWorker && this.handOutOne()) this.workforce.handed();
    this.workforce.watchIdle();
    if (!this.isTakingTurn && this.mayStartTask) this.dispatcher.schedule(this);
  }

  /**
   * A worker has ended its task at once and takes the next message, if there is one and it may, as if it had been
   * released and the message handed to it.
   */
  private takesNext(): boolean {
    this.runningCount -= 1;
    const isSurplus = this.workforce.busyCount > this.settings.maxSize || this.waiters.size > 0;
    if (!isSurplus && !this.isPaused && this.handOutOne()) {
      if (this.counters.pending === 0) this.dispatcher.lookAround();
      return true;
    }
    this.runningCount += 1;
    return false;
  }

  /** Hands the next message to a worker, or a message that several workers share to one more of them. */
  private handOutOne(): boolean {
    const { workerPerListener } = this.settings;
    if (this.partly === undefined) {
      const message = this.take();
      if (message === undefined) return false;
      const { listenings } = Message.momentOf(message);
      if (!workerPerListener || listenings.length === 1) {
        Message.setProgress(message, "handed");
        this.ready.add(message);
        this.counters.started();
        return true;
      }
      this.partly = Delivery.of(message);
      Message.setProgress(message, this.partly);
    }
    this.handOutPartly(this.partly, workerPerListener);
    return true;
  }

  private handOutPartly(delivery: Delivery, workerPerListener: boolean): void {
    const count = delivery.moment.listenings.length;
    this.ready.add(delivery);
    delivery.isCarriedWhole = !workerPerListener;
    delivery.handedCount += workerPerListener ? 1 : count;
    if (delivery.handedCount < count) return;
    this.partly = undefined;
    this.counters.started();
  }

  /** Takes the next message out of the queue. */
  private take(): Message | undefined {
    const { queue } = this.settings;
    let message: Message | undefined;
    try {
      message = queue.take();
    } catch (error) {
      this.dispatcher.problem("A queue failed to give out a message", error);
    }
    if (message !== undefined && queue.ended !== undefined) {
      this.taken ??= new TakenMessages(this.dispatcher.problem);
      this.taken.add(message, queue);
    }
    return message;
  }

  /** Starts the next ready task. @returns whether it has ended at once */
  private start(worker: Worker): boolean {
    const task = this.ready.take();
    this.runningCount += 1;
    if (task instanceof Delivery) return this.startShared(worker, task);
    return Message.progressOf(task) === "ended" || worker.carry(task);
  }

  private startShared(worker: Worker, delivery: Delivery): boolean {
    const from = delivery.begunCount;
    const count = delivery.moment.listenings.length;
    if (from === count || Message.progressOf(delivery.message) === "ended") return true;
    const end = delivery.isCarriedWhole ? count : from + 1;
    delivery.begunCount = end;
    return worker.carryShared(delivery, from, end);
  }

  private rest(worker: Worker): void {
    worker.delivery = undefined;
    this.runningCount -= 1;
    this.workforce.rest(worker);
    this.handOut();
    this.roomAppeared();
  }

  /** A worker whose listener had gone on is free: it goes on with the next task in the same turn, if it may. */
  private readonly freed = (worker: Worker): void => {
    worker.delivery = undefined;
    if (this.takesNext()) {
      this.runTasks(this.dispatcher.mayGoOn(this) ? 1 : 0, worker);
    } else {
      this.isTakingTurn = true;
      this.rest(worker);
      this.isTakingTurn = false;
    }
    if (this.mayStartTask) this.dispatcher.schedule(this);
  };

  private takeBack(message: Message): boolean {
    const progress = Message.progressOf(message);
    if (progress === "waiting") {
      this.settings.queue.remove(message);
      this.counters.dropped();
    } else if (progress === "handed") {
      this.counters.finished("discarded");
    } else if (progress instanceof Delivery && progress.begunCount === 0) {
      // In the hands of workers, but for some of its listeners only: it still counted as waiting.
      if (progress === this.partly) {
        this.partly = undefined;
        this.counters.dropped();
      } else {
        this.counters.finished("discarded");
      }
    } else {
      return false;
    }
    Message.setProgress(message, "ended");
    this.ended(message);
    return true;
  }

  private roomAppeared(): void {
    if (this.counters.pending === 0) this.dispatcher.lookAround();
    if (this.waiters.size > 0) this.waiters.admit((message) => this.takeIn(message));
  }
}

function tellDiscarded(messages: readonly Message[], reason: DiscardReason): void {
  for (const message of messages) Message.momentOf(message).host.discarded(message, reason);
}
