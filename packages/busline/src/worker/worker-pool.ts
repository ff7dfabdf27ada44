import type { Clock } from "../clock/clock.ts";
import { channels, isObserved, traced } from "../diagnostics/channels.ts";
import type { Message } from "../message/message.ts";
import type { MessageQueue } from "../queue/message-queue.ts";
import type { SpaceWaiters } from "../queue/space-waiters.ts";
import type { DestinationCounters } from "../statistics/destination-counters.ts";
import type { WorkerCounts } from "../statistics/destination-statistics.ts";
import type { Delivery } from "./delivery.ts";
import type { DiscardReason } from "./delivery-host.ts";
import type { Dispatcher, Turn } from "./dispatcher.ts";
import { IdleWorkers } from "./idle-workers.ts";
import { ReadyTasks } from "./ready-tasks.ts";
import { Worker } from "./worker.ts";

/** What a pool is told by its destination's configuration. */
export interface PoolSettings {
  readonly queue: MessageQueue<Delivery>;
  /** A worker for each listener of a message, or one worker for all of them. */
  readonly workerPerListener: boolean;
  readonly maximumQueueSize: number;
  readonly coreSize: number;
  readonly maxSize: number;
  readonly idleTimeoutMs: number;
}

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
  readonly waiters: SpaceWaiters<Delivery>;
  readonly #dispatcher: Dispatcher;
  readonly #counters: DestinationCounters;
  readonly #idleWorkers: IdleWorkers;
  #settings: PoolSettings;
  /** Tasks in the hands of workers that have not started yet, in the order of their start. */
  readonly #ready = new ReadyTasks();
  /** The message of which some listeners, but not all, have been handed to workers. */
  #partly: Delivery | undefined;
  readonly #workers = new Set<Worker>();
  readonly #resting: Worker[] = [];
  /** Workers that have a task in hand, and those of them that have started it. */
  #busyCount = 0;
  #runningCount = 0;
  #currentCount: number;
  #largestCount: number;
  #isPaused = false;
  #isTakingTurn = false;

  constructor(
    settings: PoolSettings,
    terms: {
      readonly dispatcher: Dispatcher;
      readonly clock: Clock;
      readonly waiters: SpaceWaiters<Delivery>;
      readonly counters: DestinationCounters;
    },
  ) {
    this.#settings = settings;
    this.waiters = terms.waiters;
    this.#dispatcher = terms.dispatcher;
    this.#counters = terms.counters;
    this.#currentCount = settings.coreSize;
    this.#largestCount = settings.coreSize;
    this.#idleWorkers = new IdleWorkers(terms.clock, () => this.#letGo());
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  get settings(): PoolSettings {
    return this.#settings;
  }

  get counts(): WorkerCounts {
    return {
      activeWorkerCount: this.#busyCount,
      currentWorkerCount: this.#currentCount,
      largestWorkerCount: this.#largestCount,
      workersCoreSize: this.#settings.coreSize,
      workersMaxSize: this.#settings.maxSize,
    };
  }

  /** Whether tasks are in the hands of workers that have not started yet. */
  get hasReadyTask(): boolean {
    return this.#ready.size > 0;
  }

  /** The message that has waited longest. */
  get oldestWaiting(): Message | undefined {
    return (this.#partly ?? this.#settings.queue.oldest())?.message;
  }

  /** Workers that have a message in hand. */
  get busyWorkers(): Worker[] {
    return [...this.#workers].filter((worker) => worker.delivery !== undefined);
  }

  /** Takes a message in, if there is a worker or room in the queue, and nobody waits for that. */
  offer(delivery: Delivery): boolean {
    return this.waiters.size === 0 && this.#takeIn(delivery);
  }

  #takeIn(delivery: Delivery): boolean {
    if (!this.#hasFreeWorker && this.#counters.pending >= this.#settings.maximumQueueSize)
      return false;
    if (isObserved(channels.enqueue)) {
      const trace = {
        message: delivery.message,
        destinationName: delivery.message.destinationName,
      };
      traced(channels.enqueue, trace, () => this.#settings.queue.add(delivery));
    } else {
      this.#settings.queue.add(delivery);
    }
    this.#counters.accepted();
    delivery.stage = "waiting";
    if (this.#hasFreeWorker) this.#handOut();
    else this.#dispatcher.lookAround();
    if (this.#counters.pending <= this.#settings.maximumQueueSize || delivery.stage !== "waiting")
      return true;
    // A queue that holds messages back did not give this one out, though a worker was free.
    this.#settings.queue.remove(delivery);
    this.#counters.takenBack();
    delivery.stage = "outside";
    return false;
  }

  /** Drops the oldest waiting message of which no listener has started. */
  discardOldest(reason: DiscardReason): boolean {
    const oldest = this.#settings.queue.oldest();
    return oldest !== undefined && this.withdraw(oldest, reason);
  }

  /** Takes a message back that no listener has begun with. */
  withdraw(delivery: Delivery, reason: DiscardReason): boolean {
    if (!this.#takeBack(delivery)) return false;
    delivery.host.discarded(delivery, reason);
    this.#roomAppeared();
    return true;
  }

  /** Drops all waiting messages of which no listener has been handed to a worker. */
  purge(reason: DiscardReason): Message[] {
    const waiting = this.#settings.queue.removeAll();
    // First all are booked: whoever is told may withdraw others of them.
    for (const delivery of waiting) {
      this.#counters.dropped();
      delivery.stage = "ended";
    }
    for (const delivery of waiting) delivery.host.discarded(delivery, reason);
    this.#roomAppeared();
    return waiting.map((delivery) => delivery.message);
  }

  /** Drops what no listener has begun with, interrupts the rest. */
  forceClose(error: unknown): { undelivered: Message[]; interrupted: Message[] } {
    const notBegun = [...this.#ready.deliveries].filter((delivery) => this.#takeBack(delivery));
    const partly = this.#partly;
    this.#partly = undefined;
    const interrupted = new Set(this.busyWorkers.map((worker) => worker.delivery as Delivery));
    if (partly !== undefined) interrupted.add(partly);
    for (const delivery of interrupted) {
      delivery.isInterrupted = true;
      delivery.interrupt(error);
    }
    if (partly !== undefined) {
      this.#counters.started();
      partly.listenersSkipped(partly.listenings.length - partly.handedCount, true);
    }
    for (const delivery of notBegun) delivery.host.discarded(delivery, "closed");
    return {
      undelivered: [...notBegun.map((delivery) => delivery.message), ...this.purge("closed")],
      interrupted: [...interrupted].map((delivery) => delivery.message),
    };
  }

  /** Ends its timer. */
  release(): void {
    this.#idleWorkers.release();
  }

  /** Nothing starts from now on. */
  pause(): void {
    this.#isPaused = true;
    this.#dispatcher.lookAround();
  }

  resume(): void {
    this.#isPaused = false;
    this.#handOut();
    this.#roomAppeared();
  }

  /** New sizes, a new bound, another queue: what waits goes on waiting, in order. */
  reconfigure(settings: PoolSettings): void {
    if (settings.queue !== this.#settings.queue) {
      moveAll(this.#settings.queue, settings.queue);
    }
    this.#settings = settings;
    this.#currentCount = Math.max(
      settings.coreSize,
      Math.min(this.#currentCount, settings.maxSize),
    );
    // Nobody is taken off a message: workers above the new size end as they become free.
    this.#currentCount = Math.max(this.#currentCount, this.#busyCount);
    this.#largestCount = Math.max(this.#largestCount, this.#currentCount);
    this.#watchIdle();
    this.#handOut();
    this.#roomAppeared();
  }

  /** Starts ready tasks. @returns whether more are ready */
  runTurn(most: number): boolean {
    this.#isTakingTurn = true;
    let left = most;
    try {
      while (left > 0 && this.#mayStartTask && this.#dispatcher.mayStart()) {
        left -= 1;
        const worker = this.#resting.pop() ?? this.#newWorker();
        if (this.#start(worker)) this.#release(worker);
      }
    } finally {
      this.#isTakingTurn = false;
    }
    return this.#mayStartTask;
  }

  /** A delivery has ended: a queue that holds messages back may give out another. */
  deliveryEnded(delivery: Delivery): void {
    const queue = delivery.takenFrom;
    if (queue?.ended === undefined) return;
    delivery.takenFrom = undefined;
    try {
      queue.ended(delivery);
    } catch (error) {
      this.#dispatcher.problem("A queue could not be told of a message's end", error);
    }
    this.#handOut();
  }

  // After a shrinking to fewer workers, tasks that more of them had in hand start one after another.
  get #mayStartTask(): boolean {
    return this.#ready.size > 0 && !this.#isPaused && this.#runningCount < this.#settings.maxSize;
  }

  get #hasFreeWorker(): boolean {
    return this.#busyCount < this.#settings.maxSize && !this.#isPaused;
  }

  /** Hands waiting messages to free workers. */
  #handOut(): void {
    while (this.#hasFreeWorker) {
      const delivery = this.#partly ?? this.#take();
      if (delivery === undefined) break;
      this.#ready.add(delivery);
      this.#busyCount += 1;
      if (this.#busyCount > this.#currentCount) this.#grow();
      delivery.isCarriedWhole = !this.#settings.workerPerListener;
      delivery.handedCount += delivery.isCarriedWhole ? delivery.listenings.length : 1;
      if (delivery.handedCount < delivery.listenings.length) {
        this.#partly = delivery;
        continue;
      }
      this.#partly = undefined;
      if (delivery.stage === "waiting") delivery.stage = "handed";
      this.#counters.started();
    }
    if (this.#currentCount > this.#settings.coreSize) this.#watchIdle();
    if (this.#mayStartTask && !this.#isTakingTurn) this.#dispatcher.schedule(this);
  }

  #take(): Delivery | undefined {
    const { queue } = this.#settings;
    let delivery: Delivery | undefined;
    try {
      delivery = queue.take();
    } catch (error) {
      this.#dispatcher.problem("A queue failed to give out a message", error);
    }
    if (delivery !== undefined && queue.ended !== undefined) delivery.takenFrom = queue;
    return delivery;
  }

  #grow(): void {
    this.#currentCount = this.#busyCount;
    if (this.#currentCount > this.#largestCount) this.#largestCount = this.#currentCount;
  }

  #newWorker(): Worker {
    const worker = new Worker(this);
    worker.onFree = this.#freed;
    this.#workers.add(worker);
    return worker;
  }

  /** Starts the next ready task. @returns whether it has ended at once */
  #start(worker: Worker): boolean {
    const delivery = this.#ready.take();
    this.#runningCount += 1;
    const from = delivery.begunCount;
    if (delivery.stage === "ended" || from === delivery.listenings.length) return true;
    const end = delivery.isCarriedWhole ? delivery.listenings.length : from + 1;
    delivery.begunCount = end;
    delivery.stage = "begun";
    return worker.carry(delivery, from, end);
  }

  #release(worker: Worker): void {
    this.#busyCount -= 1;
    this.#runningCount -= 1;
    if (this.#workers.size > this.#settings.maxSize) this.#workers.delete(worker);
    else this.#resting.push(worker);
    if (this.#currentCount > this.#settings.maxSize) this.#currentCount -= 1;
    this.#handOut();
    if (this.#currentCount > this.#settings.coreSize) this.#watchIdle();
    this.#roomAppeared();
  }

  /** A worker whose listener had gone on is free: it goes on with the next task in the same turn, if it may. */
  readonly #freed = (worker: Worker): void => {
    this.#isTakingTurn = true;
    try {
      this.#release(worker);
    } finally {
      this.#isTakingTurn = false;
    }
    if (!this.#mayStartTask) return;
    if (this.#dispatcher.mayGoOn(this)) this.runTurn(1);
    if (this.#mayStartTask) this.#dispatcher.schedule(this);
  };

  #letGo(): void {
    this.#currentCount -= 1;
    const worker = this.#resting.pop();
    if (worker !== undefined) this.#workers.delete(worker);
  }

  #takeBack(delivery: Delivery): boolean {
    if (delivery.stage === "handed") {
      this.#counters.finished("discarded");
    } else if (delivery.stage === "waiting") {
      if (delivery === this.#partly) this.#partly = undefined;
      else this.#settings.queue.remove(delivery);
      this.#counters.dropped();
    } else {
      return false;
    }
    delivery.stage = "ended";
    this.deliveryEnded(delivery);
    return true;
  }

  #watchIdle(): void {
    const { coreSize, idleTimeoutMs } = this.#settings;
    const idleCount = this.#currentCount - this.#busyCount;
    this.#idleWorkers.set(
      Math.max(0, Math.min(idleCount, this.#currentCount - coreSize)),
      idleTimeoutMs,
    );
  }

  #roomAppeared(): void {
    if (this.#counters.pending === 0) this.#dispatcher.lookAround();
    if (this.waiters.size > 0) this.waiters.admit((delivery) => this.#takeIn(delivery));
  }
}

/** Moves what waits from one queue to another: all, or nothing if the other one throws. */
function moveAll(from: MessageQueue<Delivery>, to: MessageQueue<Delivery>): void {
  const waiting = from.removeAll();
  try {
    for (const delivery of waiting) to.add(delivery);
  } catch (error) {
    for (const delivery of waiting) from.add(delivery);
    throw error;
  }
}
