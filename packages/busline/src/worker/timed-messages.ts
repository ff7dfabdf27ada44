import { Alarm } from "../clock/alarm.ts";
import type { Deadlines } from "../clock/deadlines.ts";
import { Message } from "../message/message.ts";
import type { MessageTiming } from "../message/message-timing.ts";
import { dropAll, withdraw } from "./dropped-messages.ts";
import type { MessageKeeper } from "./message-keeper.ts";
import type { WorkerPool } from "./worker-pool.ts";

/**
 * The messages of one pool that have a time: those that are put off until then, by their sender or after a failure, and
 * those that expire unless they have started. All pools of a bus share one timer.
 *
 * What is put off waits: it counts in the queue, and in its bound, but no worker may take it.
 */
export class TimedMessages {
  private readonly pool: WorkerPool;
  private readonly deadlines: Deadlines;
  private readonly postponed = new Map<Message, Postponement>();
  private readonly expiring = new Map<Message, Alarm>();
  /** Where order is kept: the message whose next attempt all others wait for. */
  private holder: Message | undefined = undefined;

  private constructor(pool: WorkerPool) {
    this.pool = pool;
    this.deadlines = pool.deadlines;
  }

  /** Those of a pool; made for the first of them. */
  static of(pool: WorkerPool): TimedMessages {
    pool.timed ??= new TimedMessages(pool);
    return pool.timed;
  }

  /** Whether a message may have to be dropped before it starts. */
  get mayExpire(): boolean {
    return this.expiring.size > 0;
  }

  /** Whether nothing may start, since a message is to come first that has been put off. */
  get isHolding(): boolean {
    return this.holder !== undefined;
  }

  private get now(): number {
    return this.pool.host.clock.monotonicNow();
  }

  /** Takes in a message that has a time, if there is room. */
  takeIn(message: Message, timing: MessageTiming): boolean {
    const { pool } = this;
    if (timing.notBefore > this.now) {
      if (!pool.hasRoomToWait) return false;
      pool.counters.accepted();
      Message.setProgress(message, "waiting");
      this.postpone(message, timing.notBefore, () => this.letWait(message));
    } else if (!pool.takeInNow(message)) return false;
    if (timing.expiresAt < Infinity) this.watch(message, timing.expiresAt);
    return true;
  }

  /** A message has failed and comes back to the workers after that time. Where order is kept, all others wait for it. */
  tryAgain(message: Message, delayMs: number): void {
    const { pool } = this;
    pool.counters.cameBack();
    Message.setProgress(message, "waiting");
    if (pool.settings.keepsOrder) this.holder = message;
    this.postpone(message, this.now + delayMs, () => this.comeBack(message), pool.keeper);
    pool.lookAgain();
  }

  /** A message starts, or has been dropped: its time is of no matter any more. */
  forget(message: Message): void {
    const alarm = this.expiring.get(message);
    if (alarm === undefined) return;
    alarm.cancelDeadline();
    this.expiring.delete(message);
    if (!this.mayExpire) this.pool.lookAgain();
  }

  /** Takes out a message that is put off. @returns whether it was */
  takeBack(message: Message): boolean {
    const postponement = this.postponed.get(message);
    if (postponement === undefined) return false;
    postponement.cancelDeadline();
    this.postponed.delete(message);
    this.letGo(message);
    return true;
  }

  /** All that are put off, in the order in which they were; from then on, if it is given, by the monotonic clock. */
  postponedBeyond(dueAt: number = -Infinity): Message[] {
    const beyond: Message[] = [];
    for (const [message, postponement] of this.postponed) {
      if (postponement.dueAt > dueAt) beyond.push(message);
    }
    return beyond;
  }

  /** Drops what is next to start and has expired: its alarm comes late where the event loop was busy. */
  dropExpired(): void {
    const { backlog } = this.pool;
    while (this.mayExpire && backlog.handedTasks > 0) {
      const next = backlog.line.oldest();
      if (next === undefined || !this.isOver(next)) return;
      if (!withdraw(this.pool, next, "expired")) return;
    }
  }

  private isOver(message: Message): boolean {
    if (!this.expiring.has(message)) return false;
    const { timing } = Message.extrasOf(message);
    return timing !== undefined && timing.expiresAt <= this.now;
  }

  /** Drops a message when its time is over, unless it has started. By the monotonic clock. */
  watch(message: Message, expiresAt: number): void {
    const alarm = new Alarm(() => {
      // One that has begun with any of its listeners goes on.
      if (!withdraw(this.pool, message, "expired")) this.forget(message);
    });
    this.expiring.set(message, alarm);
    this.deadlines.set(Math.max(0, expiresAt - this.now), alarm);
    this.pool.lookAgain();
  }

  /** @param keeper has to write down that the message comes back, before it does */
  private postpone(message: Message, dueAt: number, due: () => void, keeper?: MessageKeeper): void {
    const come = (): void => {
      // It may have been dropped while that was written down.
      if (this.postponed.get(message) !== postponement) return;
      this.postponed.delete(message);
      due();
    };
    const postponement: Postponement = new Postponement(dueAt, () => {
      if (keeper === undefined) come();
      else keeper.comesBack(message, come);
    });
    this.postponed.set(message, postponement);
    this.deadlines.set(Math.max(0, dueAt - this.now), postponement);
    this.pool.dispatcher.lookAround(this.pool);
  }

  /** Its time has come: it waits for a worker like any other. */
  private letWait(message: Message): void {
    const { pool } = this;
    try {
      pool.enqueue(message);
    } catch (error) {
      pool.dispatcher.problem("A queue failed to take in a message whose time had come", error);
      dropAll(pool, [message], "queue-full");
      return;
    }
    pool.leftQueue();
  }

  /** Its next attempt begins as soon as a worker is free. */
  private comeBack(message: Message): void {
    const { backlog } = this.pool;
    // Where workers have tasks in hand, the first of the line are theirs.
    if (this.holder === message) backlog.line.addAt(backlog.inHandCount, message);
    else backlog.line.add(message);
    this.letGo(message);
    this.pool.expect(Message.momentOf(message));
    this.pool.leftQueue();
  }

  private letGo(message: Message): void {
    if (this.holder !== message) return;
    this.holder = undefined;
    this.pool.lookAgain();
  }
}

/** A message is put off until then. */
class Postponement extends Alarm {
  readonly dueAt: number;

  constructor(dueAt: number, expire: () => void) {
    super(expire);
    this.dueAt = dueAt;
  }
}
