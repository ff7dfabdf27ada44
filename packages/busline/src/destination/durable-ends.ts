import type { Listening } from "../listener/listening.ts";
import type { DurableRecord } from "../message/durable-record.ts";
import { Message } from "../message/message.ts";
import { recordOf } from "../message/record-of.ts";
import type { Outcome } from "../statistics/destination-counters.ts";
import { setAsideKey, stateKey } from "../store/store-keys.ts";
import type { ListenerFailure } from "../worker/delivery.ts";
import { stateOf } from "./durable-attempts.ts";
import type { DurableMessages } from "./durable-messages.ts";

/**
 * How the messages of a durable destination end. Nobody waits until that has been written down: what a crash undoes of it is
 * delivered again.
 */
export class DurableEnds {
  readonly #durable: DurableMessages;

  constructor(durable: DurableMessages) {
    this.#durable = durable;
  }

  /** One of several listeners is done with a message. */
  isDone(message: Message, { name }: Listening): void {
    const record = recordOf(message);
    if (record?.key === undefined) return;
    record.done = [...record.done, name];
    this.#durable.store.later(stateOf(record, true));
  }

  /** Those of its listeners that have failed get the message once more: the others are done with it. */
  isTriedAgain(message: Message, failures: readonly ListenerFailure[]): void {
    const record = recordOf(message);
    if (record?.key === undefined) return;
    this.#durable.queue.attemptEnded(message);
    const failed = new Set(failures.map(({ listening }) => listening.name));
    const done = this.#ran(message, record).filter((name) => !failed.has(name));
    record.done = [...new Set([...record.done, ...done])];
    this.#durable.store.later(stateOf(record, false));
  }

  /** A listener had left before its turn. @returns whether the message waits until it comes again */
  hasLeft(message: Message, { name }: Listening): boolean {
    const record = recordOf(message);
    if (record?.key === undefined) return false;
    (record.left ??= []).push(name);
    return this.#durable.listeners.outstanding(record).includes(name);
  }

  /**
   * All of a message's listeners that are here are done with it.
   *
   * @returns what becomes of it; "pending" if it waits for more of them
   */
  settle(message: Message, outcome: Outcome): Outcome | "pending" {
    const { core, listeners, reader, store } = this.#durable;
    const record = recordOf(message);
    // It was delivered in its sender's turn, and never stored.
    if (record?.key === undefined || record.isOver) return outcome;
    // What a close has cut short is delivered when its destination is there again.
    const isCut = core.environment.stage === "closed" || core.isRemoved;
    if (isCut && outcome !== "delivered") return "pending";
    const ran = this.#ran(message, record);
    record.done = [...new Set([...record.done, ...ran])];
    record.left = undefined;
    // Of several that have failed, one that has left a letter counts.
    if (outcome === "deadLettered") record.failure = outcome;
    else if (outcome === "failed") record.failure ??= outcome;
    const isForAny = record.names === undefined && ran.length > 0;
    if (isForAny || listeners.outstanding(record).length === 0) {
      this.isOver(message, record);
      this.erase(record);
      reader.wake();
      return record.failure ?? outcome;
    }
    // For those that have not come yet the attempts are counted anew.
    record.attempts = 0;
    store.later(stateOf(record, false));
    Message.setProgress(message, "waiting");
    this.#durable.left(message, record, false);
    if (listeners.rosterFor(record) === undefined) reader.passedOver();
    else reader.rewind();
    return "pending";
  }

  /** It was dropped. */
  wasDropped(message: Message): void {
    const record = recordOf(message);
    if (record?.key === undefined || record.isOver) return;
    this.isOver(message, record);
    if (record.isStored) this.erase(record);
    this.#durable.reader.wake();
  }

  /** One that lies in the store is not wanted any more. @param key where it lies */
  drop(
    message: Message,
    record: DurableRecord,
    reason: "purged" | "queue-full",
    key: string | undefined = record.key,
  ): void {
    const { core } = this.#durable;
    if (record.isOver) return;
    this.isOver(message, record);
    this.erase({ key, hasState: record.hasState });
    core.counters.dropped("discarded");
    Message.setProgress(message, "ended");
    core.outcomes.discarded(message, reason);
    core.pool?.leftQueue();
  }

  /** It has ended: the counts of what there is follow. */
  isOver(message: Message, record: DurableRecord): void {
    const { delays, live } = this.#durable;
    const key = record.key as string;
    const wasLive = live.has(key);
    record.isOver = true;
    this.#durable.left(message, record, true);
    if (delays.keeps(record)) {
      delays.hasEnded(key);
      return;
    }
    const lane = this.#durable.laneAt(record.level);
    lane.total -= 1;
    if (!wasLive && key > lane.cursor) lane.unreadCount -= 1;
    this.#durable.hasEnded(key);
  }

  /** It cannot be read. It counts as failed; what is in the store is kept there, where people may look at it. */
  setAside(key: string, value: Uint8Array, error: unknown): void {
    const { core, store } = this.#durable;
    this.#durable.hasEnded(key);
    store.later(
      { key: setAsideKey(key), value },
      { key, value: undefined },
      { key: stateKey(key), value: undefined },
    );
    core.counters.dropped("failed");
    store.problem(`A message of "${core.name}" cannot be read: it is kept in the store`, error);
    core.pool?.leftQueue();
    core.checkIdle();
  }

  /** The names of the listeners that were called, in this attempt or, if they are not tried again, before. */
  #ran(message: Message, { left }: DurableRecord): string[] {
    const { attempt, listenings } = Message.momentOf(message);
    const before = attempt?.failures?.map(({ listening }) => listening.name) ?? [];
    const now = listenings.map(({ name }) => name).filter((name) => !left?.includes(name));
    return [...before, ...now];
  }

  /** Nothing more is kept of it. */
  erase({ key = "", hasState }: Pick<DurableRecord, "key" | "hasState">): void {
    const { store } = this.#durable;
    this.#durable.hasEnded(key);
    store.later({ key, value: undefined });
    if (hasState) store.later({ key: stateKey(key), value: undefined });
  }
}
