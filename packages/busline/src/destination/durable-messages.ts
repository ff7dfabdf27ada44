import { Alarm } from "../clock/alarm.ts";
import type { Listening } from "../listener/listening.ts";
import type { DurableRecord } from "../message/durable-record.ts";
import { Message } from "../message/message.ts";
import { DurableQueue } from "../queue/durable-queue.ts";
import type { MessageQueue } from "../queue/message-queue.ts";
import type { Outcome } from "../statistics/destination-counters.ts";
import type { BusStore } from "../store/bus-store.ts";
import type { DestinationNotes } from "../store/destination-notes.ts";
import type { MessageKeeper } from "../worker/message-keeper.ts";
import type { WorkerPool } from "../worker/worker-pool.ts";
import type { DestinationCore } from "./destination-core.ts";
import type { Routing } from "./destination-environment.ts";
import { DurableAttempts } from "./durable-attempts.ts";
import { DurableDelays } from "./durable-delays.ts";
import { DurableEnds } from "./durable-ends.ts";
import { DurableEvictions } from "./durable-evictions.ts";
import { DurableIntake } from "./durable-intake.ts";
import type { DurableLane } from "./durable-lane.ts";
import { DurableListeners } from "./durable-listeners.ts";
import { DurableReader } from "./durable-reader.ts";
import { DurableStart } from "./durable-start.ts";

/**
 * The messages of a durable destination. They lie in the store from their acceptance to their end; some of them, the first
 * ones, are in memory too, where workers take them as they take any.
 */
export class DurableMessages implements MessageKeeper {
  readonly core: DestinationCore;
  readonly store: BusStore;
  /** Where those wait that are in memory. */
  readonly queue: DurableQueue;
  readonly listeners: DurableListeners;
  readonly intake: DurableIntake;
  readonly attempts: DurableAttempts;
  readonly ends: DurableEnds;
  readonly delays: DurableDelays;
  readonly reader: DurableReader;
  readonly evictions: DurableEvictions;
  readonly start: DurableStart;
  /** The higher priorities first. */
  lanes: readonly DurableLane[] = [];
  /** Those that are in memory, by their keys. */
  readonly live: Map<string, Message> = new Map();
  /** Those that somebody in this process waits for while they lie in the store alone. */
  readonly awaited: Map<string, Message> = new Map();
  /** It takes no messages in hand any more: what is not finished stays in the store. */
  isHalted = false;
  #notes: DestinationNotes | undefined;
  /** The store has failed, and that has been told. */
  #isStill = false;
  /** What wakes those that wait for the store to recover. */
  readonly #sleepers = new Set<() => void>();

  constructor(core: DestinationCore, store: BusStore, inner: MessageQueue) {
    this.core = core;
    this.store = store;
    this.listeners = new DurableListeners(core);
    this.intake = new DurableIntake(this);
    this.attempts = new DurableAttempts(this);
    this.queue = new DurableQueue(inner, this.attempts, core.environment.trials);
    this.ends = new DurableEnds(this);
    this.delays = new DurableDelays(this);
    this.reader = new DurableReader(this);
    this.evictions = new DurableEvictions(this);
    this.start = new DurableStart(this);
  }

  /** The store is open, and it is known what lies in it. */
  open(notes: DestinationNotes, lanes: readonly DurableLane[]): void {
    this.#notes = notes;
    this.lanes = lanes;
    this.listeners.open(notes);
  }

  /** Only when it is open. */
  get notes(): DestinationNotes {
    return this.#notes as DestinationNotes;
  }

  get pool(): WorkerPool {
    return this.core.pool as WorkerPool;
  }

  /** Nothing is left that could be done. */
  get isIdle(): boolean {
    const isBusy = this.intake.storing.size > 0 || this.attempts.beginningCount > 0;
    if (isBusy || !this.start.isOver) return false;
    return this.isHalted || (this.live.size === 0 && !this.reader.hasMore);
  }

  get hasWork(): boolean {
    return !this.isHalted && !this.isIdle;
  }

  /** @throws {InvalidMessageError} it cannot be stored */
  prepare(message: Message, routing: Routing): Message {
    return this.intake.prepare(message, routing);
  }

  takeIn(message: Message): boolean {
    return this.intake.takeIn(message);
  }

  comesBack(message: Message, come: () => void): void {
    this.attempts.comesBack(message, come);
  }

  /** A listener has come. */
  listenerCame({ name }: Listening): void {
    this.listeners.remember(name);
    this.store.later();
    // Something was passed over that it may have waited for.
    if (this.reader.hasPassedOver) this.reader.rewind();
  }

  /** A listener will not come again: what waits for it alone ends. @returns false if it was not known */
  async forgetListener(name: string): Promise<boolean> {
    await this.start.ready;
    if (!this.listeners.forget(name)) return false;
    this.store.later();
    this.reader.rewind();
    return true;
  }

  /** @returns what becomes of a message whose listeners are done; "pending" if it waits for more of them */
  settle(message: Message, outcome: Outcome): Outcome | "pending" {
    return this.ends.settle(message, outcome);
  }

  /** Takes nothing in hand any more. What is in the hands of workers goes on. */
  halt(): void {
    if (this.isHalted) return;
    this.isHalted = true;
    for (const wake of this.#sleepers) wake();
    this.queue.shut();
    this.attempts.takeBack(this.pool.backlog.takeWaiting());
    this.core.checkIdle();
  }

  /** Drops all that waits. @param dropped what was in memory @returns how many; the rest is dropped in time */
  purge(dropped: number): number {
    if (!this.start.isOver) this.start.afterwards(() => void this.core.purge());
    if (!this.start.isOver || this.start.failure !== undefined) return dropped;
    const last = this.notes.lastNumber;
    for (const lane of this.lanes) lane.purgedUpTo = last;
    const inStore = this.lanes.reduce((sum, { total, liveCount }) => sum + total - liveCount, 0);
    const coming = this.intake.liveCount;
    const delayed = this.delays.purge();
    this.reader.rewind();
    return dropped + inStore + coming + delayed;
  }

  /** The store has failed: told once, until it has done again what it was asked for. */
  storeFailed(error: unknown): void {
    if (this.#isStill) return;
    this.#isStill = true;
    this.store.problem(`"${this.core.name}" stands still, since its store has failed`, error);
  }

  storeWorks(): void {
    this.#isStill = false;
  }

  /** Resolves after that time, or when it is halted. */
  pause(durationMs: number): Promise<void> {
    if (this.isHalted) return Promise.resolve();
    return new Promise((resolve) => {
      const alarm = new Alarm(() => wake());
      const wake = (): void => {
        alarm.cancelDeadline();
        this.#sleepers.delete(wake);
        resolve();
      };
      this.#sleepers.add(wake);
      this.core.environment.deadlines.set(durationMs, alarm);
    });
  }

  /** One has come into memory. */
  entered(key: string, message: Message): void {
    this.live.set(key, message);
    this.awaited.delete(key);
  }

  /** One leaves memory. @param isOver it has ended; otherwise it lies in the store alone */
  left(message: Message, record: DurableRecord, isOver: boolean): void {
    const key = record.key as string;
    if (this.live.delete(key)) this.laneAt(record.level).loses(key, isOver);
    if (isOver) this.awaited.delete(key);
    else if (record.isAwaited) this.awaited.set(key, message);
  }

  /** A message is no more: whoever looks through the store just now may still find it. */
  hasEnded(key: string): void {
    this.reader.hasEnded(key);
    this.evictions.hasEnded(key);
  }

  /** The lane of messages of a priority; that of the nearest one below, where there is none. */
  laneFor(priority = 0): DurableLane {
    return (this.lanes.find(({ level }) => level <= priority) ?? this.lanes.at(-1)) as DurableLane;
  }

  laneAt(level: number): DurableLane {
    return this.lanes.find((lane) => lane.level === level) as DurableLane;
  }
}
