import { Message } from "../message/message.ts";
import { recordOf } from "../message/record-of.ts";
import { sequenceOf } from "../store/store-keys.ts";
import { readMessage } from "../store/stored-message.ts";
import { dropOldest } from "../worker/dropped-messages.ts";
import type { DurableLane } from "./durable-lane.ts";
import type { DurableMessages } from "./durable-messages.ts";
import { messageFrom } from "./durable-reader.ts";
import { untilStored } from "./until-stored.ts";

interface Found {
  readonly lane: DurableLane;
  readonly key: string;
  readonly value: Uint8Array;
}

/**
 * Drops the oldest that waits, to make room for new ones, where it may be one that lies in the store alone, since nobody is
 * here that it is for. It has to be found first: until then there is one more than there may be.
 */
export class DurableEvictions {
  readonly #durable: DurableMessages;
  /** So many have to give way. */
  #owedCount = 0;
  #isAtWork = false;
  /** What has ended while they are looked for. */
  readonly #ended = new Set<string>();

  constructor(durable: DurableMessages) {
    this.#durable = durable;
  }

  /** Has one give way, in time. @returns false if there is none */
  evict(): boolean {
    const { intake, lanes, queue } = this.#durable;
    const inStore = lanes.reduce((sum, { total, liveCount }) => sum + total - liveCount, 0);
    if (inStore + queue.size + intake.liveCount <= this.#owedCount) return false;
    this.#owedCount += 1;
    if (!this.#isAtWork) void this.#work();
    return true;
  }

  /** A message has ended, and may still be found. */
  hasEnded(key: string): void {
    if (this.#isAtWork) this.#ended.add(key);
  }

  async #work(): Promise<void> {
    this.#isAtWork = true;
    while (this.#owedCount > 0) {
      this.#ended.clear();
      let oldest: Found | undefined;
      const isDone = await untilStored(this.#durable, async () => {
        oldest = await this.#oldest();
      });
      if (!isDone || this.#durable.isHalted) break;
      this.#owedCount -= 1;
      const inMemory = this.#durable.queue.oldest();
      if (oldest !== undefined && !isOlder(inMemory, oldest.key)) this.#drop(oldest);
      else dropOldest(this.#durable.pool, "queue-full");
    }
    this.#owedCount = 0;
    this.#isAtWork = false;
    this.#durable.core.checkIdle();
  }

  async #oldest(): Promise<Found | undefined> {
    const { lanes } = this.#durable;
    const firsts = await Promise.all(lanes.map((lane) => this.#oldestOf(lane)));
    return firsts
      .filter((first) => first !== undefined)
      .toSorted((one, other) => sequenceOf(one.key) - sequenceOf(other.key))[0];
  }

  async #oldestOf(lane: DurableLane): Promise<Found | undefined> {
    const { intake, live, store } = this.#durable;
    if (lane.total === lane.liveCount) return undefined;
    let oldest: Found | undefined;
    for await (const { key, value } of store.entries(lane.keys)) {
      if (live.has(key) || this.#ended.has(key)) continue;
      // One that is being stored is new.
      if (!intake.mayBeStoring(key)) oldest = { lane, key, value };
      break;
    }
    return oldest;
  }

  #drop({ lane, key, value }: Found): void {
    const { awaited, ends, live } = this.#durable;
    if (live.has(key) || this.#ended.has(key)) return;
    let message: Message;
    try {
      message = awaited.get(key) ?? messageFrom(this.#durable, readMessage(value));
    } catch (error) {
      lane.removeFound(key);
      return ends.setAside(key, value, error);
    }
    const record = recordOf(message);
    record.key = key;
    record.level = lane.level;
    record.hasState = true;
    ends.drop(message, record, "queue-full");
  }
}

function isOlder(message: Message | undefined, key: string): boolean {
  return message !== undefined && sequenceOf(recordOf(message).key as string) < sequenceOf(key);
}
