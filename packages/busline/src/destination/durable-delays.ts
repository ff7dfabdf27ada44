import { Alarm } from "../clock/alarm.ts";
import { Message } from "../message/message.ts";
import type { DurableRecord } from "../message/durable-record.ts";
import { recordOf } from "../message/record-of.ts";
import type { StoreEntry } from "../store/message-store.ts";
import { delayedKeys, dueAtOf, sequenceOf } from "../store/store-keys.ts";
import { readMessage } from "../store/stored-message.ts";
import { LONGEST_DURATION_MS } from "../validation/option-reader.ts";
import type { DurableMessages } from "./durable-messages.ts";
import { messageFrom } from "./durable-reader.ts";
import { untilStored } from "./until-stored.ts";

const PAGE = { entries: 256, bytes: 4 * 1_048_576 };
const NEXT = { entries: 1, bytes: Infinity };
const RETRY_MS = 1_000;

/**
 * The messages of a durable destination that are put off. They lie in the store alone, in the order of their times; when its
 * time has come a message goes to the end of those that wait.
 */
export class DurableDelays {
  readonly #durable: DurableMessages;
  /** How many there are. */
  count = 0;
  #alarm: Alarm | undefined;
  #alarmAt = Infinity;
  /** How many are looking through the store. */
  #lookers = 0;
  #isMoving = false;
  /** They could not be moved in time, and that has been told. */
  #isBehind = false;
  /** What has been moved or dropped while somebody looks, who may still find it. */
  readonly #gone = new Set<string>();
  /** Those that are being moved: they are counted in their lane already. */
  readonly #moving = new Set<string>();
  /** Messages up to this number have been purged. */
  #purgedUpTo = 0;

  constructor(durable: DurableMessages) {
    this.#durable = durable;
  }

  /** Whether a message is put off. */
  keeps({ key }: DurableRecord): boolean {
    return key?.startsWith("t/") === true;
  }

  /** One has been stored. */
  arrives(message: Message, key: string): void {
    if (this.#isPurged(key)) this.#drop(message, key);
    else this.#wakeAt(dueAtOf(key));
  }

  /** One has ended. */
  hasEnded(key: string): void {
    this.count -= 1;
    this.#moving.delete(key);
    this.#gone.add(key);
    if (this.#lookers === 0) this.#gone.clear();
  }

  /** Some were there from the start. */
  begin(): void {
    if (this.count > 0) void this.#move();
  }

  /** Drops all, in time. @returns how many, without those that count as waiting by now */
  purge(): number {
    if (this.count > 0) void this.#purge(this.#durable.notes.lastNumber);
    return this.count - this.#moving.size;
  }

  get #now(): number {
    return this.#durable.core.environment.clock.now();
  }

  #isPurged(key: string): boolean {
    return sequenceOf(key) <= this.#purgedUpTo;
  }

  #wakeAt(dueAt: number): void {
    if (dueAt >= this.#alarmAt || this.#durable.isHalted) return;
    this.#alarm?.cancelDeadline();
    this.#alarmAt = dueAt;
    this.#alarm = new Alarm(() => {
      this.#alarmAt = Infinity;
      void this.#move();
    });
    const waitMs = Math.min(LONGEST_DURATION_MS, Math.max(0, dueAt - this.#now));
    this.#durable.core.environment.deadlines.set(waitMs, this.#alarm);
  }

  async #purge(number: number): Promise<void> {
    const { core, intake, notes, store } = this.#durable;
    this.#purgedUpTo = number;
    this.#lookers += 1;
    try {
      for await (const { key, value } of store.entries(delayedKeys(notes.id))) {
        const isElsewhere = this.#gone.has(key) || intake.storing.has(sequenceOf(key));
        if (this.#isPurged(key) && !isElsewhere) this.#dropStored(key, value);
      }
    } catch (error) {
      store.problem(`Messages of "${core.name}" that are put off could not be purged yet`, error);
    }
    this.#looked();
  }

  /** Moves those whose time has come, and sets the alarm for the next. */
  async #move(): Promise<void> {
    if (this.#isMoving) return;
    this.#isMoving = true;
    this.#lookers += 1;
    const { notes, store } = this.#durable;
    for (;;) {
      const entries = await this.#read(() => store.read(delayedKeys(notes.id, this.#now), PAGE));
      if (entries.length === 0 || this.#durable.isHalted) break;
      const isDone = await Promise.all(entries.map(async (entry) => this.#comeDue(entry)));
      if (isDone.includes(false)) await this.#durable.pause(RETRY_MS);
    }
    this.#isMoving = false;
    this.#looked();
    const [next] = await this.#read(() => store.read(delayedKeys(notes.id), NEXT));
    if (next !== undefined) this.#wakeAt(dueAtOf(next.key));
  }

  async #read(ask: () => Promise<readonly StoreEntry[]>): Promise<readonly StoreEntry[]> {
    let entries: readonly StoreEntry[] = [];
    const isDone = await untilStored(this.#durable, async () => {
      entries = await ask();
    });
    if (!isDone) return [];
    // What is still being stored may be refused: when it is known that it is not, it arrives.
    return entries.filter(({ key }) => !this.#durable.intake.storing.has(sequenceOf(key)));
  }

  #looked(): void {
    this.#lookers -= 1;
    if (this.#lookers === 0) this.#gone.clear();
  }

  #dropStored(key: string, value: Uint8Array): void {
    let message: Message;
    try {
      message = this.#messageOf(key, value);
    } catch (error) {
      this.count -= 1;
      this.#gone.add(key);
      return this.#durable.ends.setAside(key, value, error);
    }
    this.#drop(message, key);
  }

  #messageOf(key: string, value: Uint8Array): Message {
    const { awaited } = this.#durable;
    const message = awaited.get(key) ?? messageFrom(this.#durable, readMessage(value));
    recordOf(message).key = key;
    return message;
  }

  /** It goes to the end of those that wait, in the order of commits. @returns whether it has */
  async #comeDue({ key, value }: StoreEntry): Promise<boolean> {
    const { awaited, core, intake, notes, reader, store } = this.#durable;
    if (this.#gone.has(key)) return true;
    if (this.#isPurged(key)) {
      this.#dropStored(key, value);
      return true;
    }
    this.#gone.add(key);
    const waiting = awaited.get(key);
    let priority: number | undefined;
    try {
      ({ priority } = readMessage(value));
    } catch (error) {
      this.count -= 1;
      this.#gone.add(key);
      this.#durable.ends.setAside(key, value, error);
      return true;
    }
    const lane = this.#durable.laneFor(priority);
    const number = notes.nextNumber();
    const newKey = lane.keyOf(number);
    lane.addUnread();
    this.#moving.add(key);
    intake.storing.set(number, undefined);
    const committed = (): void => {
      intake.storing.delete(number);
      this.#moving.delete(key);
      const isOver = waiting !== undefined && recordOf(waiting).isOver;
      if (isOver || this.#isPurged(key)) {
        lane.removeUnread();
        this.#durable.hasEnded(newKey);
        if (isOver) store.later({ key: newKey, value: undefined });
        else this.#drop(waiting ?? this.#messageOf(key, value), newKey);
        return core.checkIdle();
      }
      this.count -= 1;
      if (waiting !== undefined) {
        const record = recordOf(waiting);
        record.key = newKey;
        record.level = lane.level;
        awaited.delete(key);
        awaited.set(newKey, waiting);
      }
      reader.wake();
      core.checkIdle();
    };
    const refused = (): void => {
      intake.storing.delete(number);
      this.#moving.delete(key);
      this.#gone.delete(key);
      lane.removeUnread();
      core.checkIdle();
    };
    const changes = [
      { key: newKey, value },
      { key, value: undefined },
    ];
    try {
      await store.group.add({ changes, size: value.length, committed, refused });
      this.#isBehind = false;
      return true;
    } catch (error) {
      if (!this.#isBehind) {
        store.problem(`Messages of "${core.name}" whose time has come cannot be moved yet`, error);
      }
      this.#isBehind = true;
      return false;
    }
  }

  /** @param at where it lies now */
  #drop(message: Message, at: string): void {
    this.#durable.ends.drop(message, recordOf(message), "purged", at);
  }
}
