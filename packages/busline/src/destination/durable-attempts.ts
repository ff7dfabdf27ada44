import { AttemptsExhaustedError } from "../errors/attempts-exhausted-error.ts";
import type { Listening } from "../listener/listening.ts";
import type { DurableRecord } from "../message/durable-record.ts";
import { Message } from "../message/message.ts";
import { recordOf } from "../message/record-of.ts";
import type { DurableQueueKeeper } from "../queue/durable-queue.ts";
import type { StoreChange } from "../store/message-store.ts";
import { sequenceOf, stateKey } from "../store/store-keys.ts";
import { writeState } from "../store/stored-message.ts";
import { Delivery } from "../worker/delivery.ts";
import { TimedMessages } from "../worker/timed-messages.ts";
import type { DurableMessages } from "./durable-messages.ts";
import { untilStored } from "./until-stored.ts";

/** How the messages of a durable destination come to workers: that an attempt begins is written down before it does. */
export class DurableAttempts implements DurableQueueKeeper {
  readonly #durable: DurableMessages;
  /** How many beginnings are being written down. */
  beginningCount = 0;

  constructor(durable: DurableMessages) {
    this.#durable = durable;
  }

  get wantedCount(): number {
    const { busyCount, settings } = this.#durable.pool;
    return settings.maxSize - busyCount;
  }

  get oldestComing(): Message | undefined {
    return this.#durable.intake.oldest;
  }

  /** Of several lanes, a lower one waits for what lies of a higher one in the store alone. */
  hasToRead(waitsAt: (level: number) => boolean): boolean {
    const { lanes } = this.#durable;
    if (lanes.length === 1) return false;
    const highest = lanes.find(({ level, unreadCount }) => unreadCount > 0 || waitsAt(level));
    return highest !== undefined && !waitsAt(highest.level);
  }

  mark(messages: readonly Message[]): void {
    const { pool, queue } = this.#durable;
    const records = messages.map((message) => recordOf(message));
    this.#begin(records, () => {
      queue.marked(messages);
      pool.leftQueue();
    });
  }

  isStarved(): void {
    this.#durable.reader.wake(true);
  }

  excuse(messages: readonly Message[], isExcused: boolean): void {
    for (const message of messages) {
      const record = recordOf(message);
      record.isExcused = isExcused;
      this.#durable.store.later(stateOf(record, true));
    }
  }

  goOn(): void {
    this.#durable.pool.leftQueue();
  }

  /** A message comes back for another attempt. @param come to be called when it may */
  comesBack(message: Message, come: () => void): void {
    const { core, queue } = this.#durable;
    const record = recordOf(message);
    core.environment.trials.whenOff(() => {
      // A close does not wait for it: it is tried again when its destination is there again.
      if (this.#durable.isHalted) return;
      this.#begin([record], () => {
        record.isMarked = true;
        // It may have been dropped meanwhile.
        if (!record.isOver) queue.comesBack(message);
        come();
      });
    });
  }

  /** Messages stay in the store: attempts that have been written down, and have not begun, are not made. */
  takeBack(messages: readonly Message[]): void {
    for (const message of messages) {
      const record = recordOf(message);
      if (!record.isMarked) continue;
      record.attempts -= 1;
      this.#durable.store.later(stateOf(record, false));
    }
  }

  /** A message lies in the store, and has stayed in memory. */
  arrives(message: Message, record: DurableRecord): void {
    const { ends } = this.#durable;
    const { purgedUpTo } = this.#durable.laneAt(record.level);
    if (sequenceOf(record.key as string) > purgedUpTo) return this.enter(message, record);
    ends.drop(message, record, "purged");
  }

  /** One that has arrived, or was read from the store, comes to the queue, or is passed over. */
  enter(message: Message, record: DurableRecord): void {
    const { core, listeners, pool, queue } = this.#durable;
    if (core.type.isHolding === true) return pool.enqueue(message);
    const roster = listeners.rosterFor(record);
    if (roster === undefined) return this.#passOver(message, record);
    const moment = Message.momentOf(message);
    const { attempts, done } = record;
    const isExhausted = attempts >= (core.configuration.retry?.attempts ?? 1);
    if (attempts > 0) {
      const hasSucceeded = done.length > 0 && record.failure === undefined;
      const number = isExhausted ? attempts : attempts + 1;
      const attempt = { number, hasSucceeded, retried: [], failures: undefined };
      Message.setMoment(message, moment.again(roster, attempt));
    } else if (moment.roster !== roster) {
      Message.setMoment(message, moment.for(roster));
    }
    if (isExhausted) return this.#giveUp(message, roster.listenings, attempts);
    try {
      queue.add(message);
    } catch (error) {
      // A queue of the user's own: the message stays in the store, and is offered to it again in the next process.
      this.#durable.left(message, record, false);
      const text = `The queue of "${core.name}" has failed to take a message in: it stays in the store`;
      return core.environment.reporter.problem(text, error);
    }
    const { timing } = Message.extrasOf(message);
    if (timing !== undefined && timing.expiresAt < Infinity) {
      TimedMessages.of(pool).watch(message, timing.expiresAt);
    }
    pool.expect(Message.momentOf(message));
    pool.leftQueue();
  }

  #begin(records: readonly DurableRecord[], then: () => void): void {
    const { core, store } = this.#durable;
    // What has been dropped since a first try has failed must not leave a trace.
    const changes = (): StoreChange[] =>
      records
        .filter(({ isOver }) => !isOver)
        .map((record) => stateOf(record, true, record.attempts + 1));
    this.beginningCount += 1;
    void untilStored(this.#durable, () => store.hurry(changes())).then((isDone) => {
      this.beginningCount -= 1;
      if (this.#durable.isHalted) {
        // A close has come first: they do not begin.
        const kept = isDone ? records.filter(({ isOver }) => !isOver) : [];
        store.later(...kept.map((record) => stateOf(record, false)));
        return core.checkIdle();
      }
      for (const record of records) record.attempts += 1;
      return then();
    });
  }

  /** Nobody is here that it is for. */
  #passOver(message: Message, record: DurableRecord): void {
    const { core, ends, listeners, reader } = this.#durable;
    if (record.names === undefined || listeners.outstanding(record).length > 0) {
      this.#durable.left(message, record, false);
      reader.passedOver();
      return;
    }
    // All that it was for have been forgotten.
    const wasDelivered = record.done.length > 0;
    ends.isOver(message, record);
    ends.erase(record);
    Message.setProgress(message, "ended");
    core.counters.dropped(record.failure ?? (wasDelivered ? "delivered" : "undelivered"));
    if (!wasDelivered) core.events.tell("messageUndelivered", message);
    core.pool?.leftQueue();
    core.checkIdle();
  }

  /** The process has ended during the last of its attempts. */
  #giveUp(message: Message, listenings: readonly Listening[], attempts: number): void {
    const { counters, name } = this.#durable.core;
    counters.started();
    const delivery = Delivery.of(message);
    delivery.isQueued = true;
    const error = new AttemptsExhaustedError(name, attempts);
    for (const listening of listenings) delivery.listenerFailed(listening, error, undefined);
    this.#durable.pool.leftQueue();
  }
}

/** Writes down what has become of a message so far. @param isRunning the last of its attempts has not ended */
export function stateOf(
  record: DurableRecord,
  isRunning: boolean,
  attempts: number = record.attempts,
): StoreChange {
  record.hasState = true;
  const { done, failure, isExcused } = record;
  const value =
    isRunning && isExcused
      ? writeState({ attempts: attempts - 1, done, failure, isRunning: false })
      : writeState({ attempts, done, failure, isRunning });
  return { key: stateKey(record.key as string), value };
}
