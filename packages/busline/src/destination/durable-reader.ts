import { DurableRecord } from "../message/durable-record.ts";
import { Message } from "../message/message.ts";
import { NO_EXTRAS } from "../message/message-extras.ts";
import { SendMoment } from "../message/send-moment.ts";
import { recordOf } from "../message/record-of.ts";
import type { StoreEntry } from "../store/message-store.ts";
import { behind, sequenceOf, stateKey } from "../store/store-keys.ts";
import { readMessage, readState, type StoredMessage } from "../store/stored-message.ts";
import type { DurableLane } from "./durable-lane.ts";
import type { DurableMessages } from "./durable-messages.ts";
import { untilStored } from "./until-stored.ts";

const MOST_BYTES = 4 * 1_048_576;

/**
 * Reads a destination's messages from the store, in order, as far as there is room for them in memory: however many wait,
 * about a thousand are there.
 */
export class DurableReader {
  readonly #durable: DurableMessages;
  /** Messages were passed over, since those that they are for are not here. */
  hasPassedOver = false;
  #isReading = false;
  #rested: (() => void) | undefined;
  #isStarved = false;
  /** There may be more than the last page had. */
  #isWoken = false;
  /** Changes when all is to be read again. */
  #round = 0;
  /** What has ended while a page is being read. */
  readonly #ended = new Set<string>();

  constructor(durable: DurableMessages) {
    this.#durable = durable;
  }

  /** Whether anything is still to be read. */
  get hasMore(): boolean {
    return this.#isReading || this.#durable.lanes.some(({ unreadCount }) => unreadCount > 0);
  }

  /** Reads, if there is something, and room for it. @param isStarved of what is in memory nothing may start */
  wake(isStarved = false): void {
    if (isStarved) this.#isStarved = true;
    this.#isWoken = true;
    if (this.#isReading || this.#durable.isHalted || this.#nextLane() === undefined) return;
    this.#isReading = true;
    void this.#read();
  }

  /** All is read again: listeners have come, or gone for good. What is in the hands of workers stays there. */
  rewind(): void {
    const { lanes, live, queue, pool } = this.#durable;
    for (const message of queue.takeBack()) {
      pool.timed?.forget(message);
      this.#durable.left(message, recordOf(message), false);
    }
    for (const message of live.values()) {
      // One that is still being stored must not come before those that are read.
      if (!recordOf(message).isStored) this.#durable.left(message, recordOf(message), false);
    }
    this.#round += 1;
    this.hasPassedOver = false;
    for (const lane of lanes) lane.rewind();
    this.wake();
  }

  /** Resolves when nothing is being read. */
  rest(): Promise<void> {
    if (!this.#isReading) return Promise.resolve();
    return new Promise((resolve) => {
      this.#rested = resolve;
    });
  }

  /** A message waits for listeners that are not here. */
  passedOver(): void {
    this.hasPassedOver = true;
    this.#durable.listeners.areMissed();
  }

  /** A message has ended: a page that is being read may still have it. */
  hasEnded(key: string): void {
    if (this.#isReading) this.#ended.add(key);
  }

  #nextLane(): DurableLane | undefined {
    return this.#durable.lanes.find((lane) => {
      return lane.isLow || (this.#isStarved && lane.roomFor(true) > 0);
    });
  }

  async #read(): Promise<void> {
    for (let lane = this.#nextLane(); lane !== undefined; lane = this.#nextLane()) {
      const isStarved = this.#isStarved;
      this.#isStarved = false;
      this.#isWoken = false;
      const goesOn = await this.#readPage(lane, isStarved);
      if (!goesOn && !this.#isWoken) break;
    }
    this.#isReading = false;
    this.#rested?.();
    this.#durable.core.checkIdle();
  }

  /** @returns whether to go on */
  async #readPage(lane: DurableLane, isStarved: boolean): Promise<boolean> {
    const { store } = this.#durable;
    const round = this.#round;
    let entries: readonly StoreEntry[] = [];
    let states: readonly (Uint8Array | undefined)[] = [];
    this.#ended.clear();
    const isDone = await untilStored(this.#durable, async () => {
      const limits = { entries: lane.roomFor(isStarved), bytes: MOST_BYTES };
      entries = await store.read(behind(lane.cursor, lane.keys), limits);
      states = await store.get(entries.map(({ key }) => stateKey(key)));
    });
    if (!isDone || this.#durable.isHalted) return false;
    // What was read for another round may be in memory by now, or come in another order.
    if (round !== this.#round) return true;
    for (const [at, entry] of entries.entries()) {
      // It may still be refused: when it is known that it is not, the reader is woken.
      if (this.#durable.intake.mayBeStoring(entry.key)) return false;
      if (!lane.mayTake(sequenceOf(entry.key), isStarved)) return false;
      this.#take(entry, states[at], lane);
      if (round !== this.#round) return true;
    }
    // The rest is still being stored: it wakes the reader when it has been.
    return entries.length > 0;
  }

  #take({ key, value }: StoreEntry, state: Uint8Array | undefined, lane: DurableLane): void {
    const { attempts, awaited, live } = this.#durable;
    lane.cursor = key;
    if (live.has(key) || this.#ended.has(key)) return;
    lane.unreadCount -= 1;
    const waiting = awaited.get(key);
    const message = waiting ?? this.#messageOf(key, value, state, lane);
    if (message === undefined) return;
    lane.liveCount += 1;
    this.#durable.entered(key, message);
    attempts.arrives(message, recordOf(message));
  }

  #messageOf(
    key: string,
    value: Uint8Array,
    state: Uint8Array | undefined,
    lane: DurableLane,
  ): Message | undefined {
    try {
      const stored = readMessage(value);
      const message = messageFrom(this.#durable, stored);
      const record = recordOf(message);
      const { attempts, done, failure, isRunning } = readState(state);
      Object.assign(record, { key, level: lane.level, attempts, done, failure });
      record.isSuspect = isRunning;
      record.hasState = state !== undefined;
      return message;
    } catch (error) {
      lane.total -= 1;
      this.#durable.ends.setAside(key, value, error);
      return undefined;
    }
  }
}

/** Makes a message of what lies in the store. Throws if its payload cannot be read. */
export function messageFrom(
  { core, notes, store }: DurableMessages,
  stored: StoredMessage,
): Message {
  const { environment, listeners, name, outcomes } = core;
  const { clock, ids } = environment;
  const { expiresAt } = stored;
  const record = new DurableRecord(undefined);
  record.isStored = true;
  record.names = notes.rosterOf(stored.roster);
  const moment = new SendMoment(name, stored.sentAt, listeners.roster, outcomes, undefined, ids);
  const leftMs = expiresAt === undefined ? Infinity : expiresAt - clock.now();
  const extras = {
    ...NO_EXTRAS,
    headers: stored.headers,
    key: stored.key,
    priority: stored.priority,
    responseDestinationName: stored.responseDestinationName,
    responseId: stored.responseId,
    timing:
      leftMs === Infinity ? undefined : { notBefore: 0, expiresAt: clock.monotonicNow() + leftMs },
    record,
  };
  const message = new Message(store.codec.decode(stored.payload), moment, extras, stored.id);
  Message.setProgress(message, "waiting");
  return message;
}
