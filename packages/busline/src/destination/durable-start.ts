import { AbortError } from "../errors/abort-error.ts";
import type { StoreError } from "../errors/store-error.ts";
import { Message } from "../message/message.ts";
import { delayedKeys, queueKeys } from "../store/store-keys.ts";
import { DurableLane } from "./durable-lane.ts";
import type { DestinationCore } from "./destination-core.ts";
import type { Routing } from "./destination-environment.ts";
import type { DurableMessages } from "./durable-messages.ts";
import { turnAway } from "./turn-away.ts";

const MOST_LEVELS = 256;

/**
 * The beginning of a durable destination: until the store is open, and what lies in it has been counted, whoever sends
 * waits.
 */
export class DurableStart {
  readonly #durable: DurableMessages;
  isOver = false;
  /** Why nothing can be taken in. */
  failure: StoreError | undefined;
  /** Settles when it is over. A rejection that nobody waits for has been told elsewhere. */
  readonly ready: Promise<void>;
  /** Sends that wait, in order. */
  #waiting: (() => void)[] = [];

  constructor(durable: DurableMessages) {
    this.#durable = durable;
    this.ready = this.#run();
    this.ready.catch(() => {});
  }

  /**
   * Lets a message in when it is over, unless that has come too late.
   *
   * @returns false if nobody waits for it any more
   */
  whenOver(
    message: Message,
    routing: Routing,
    letIn: () => void | Promise<void>,
  ): Promise<boolean> {
    const { core } = this.#durable;
    return new Promise((resolve, reject) => {
      const task = async (): Promise<boolean> => {
        if (routing.signal?.aborted === true)
          throw new AbortError(core.name, routing.signal.reason);
        if (Message.extrasOf(message).request?.isSettled === true) return false;
        if (this.failure === undefined && letsInNow(core)) {
          await letIn();
        } else if (this.failure === undefined) {
          await turnAway(core, message, routing, "closed");
        } else {
          core.counters.turnedAway("rejected");
          throw this.failure;
        }
        return true;
      };
      this.#waiting.push(() => void task().then(resolve, reject));
    });
  }

  /** Does something when it is over. */
  afterwards(task: () => void): void {
    this.#waiting.push(task);
  }

  /** Nobody waits any longer: the bus is closed. */
  release(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const task of waiting) task();
  }

  async #run(): Promise<void> {
    const { core, store } = this.#durable;
    try {
      await store.opened;
      const notes = store.notesOf(core.name);
      const lanes = await this.#lanes(notes.id);
      const delayedCount = await store.count(delayedKeys(notes.id));
      const waitingCount = lanes.reduce((sum, { total }) => sum + total, 0);
      core.counters.foundInStore(waitingCount + delayedCount);
      this.#durable.open(notes, lanes);
      this.#durable.delays.count = delayedCount;
      // Who is here already is remembered.
      store.later();
    } catch (error) {
      this.failure = error as StoreError;
      // That the store cannot be opened has been told.
      if (store.isOpen)
        store.problem(`"${core.name}" cannot begin, since its store has failed`, error);
    }
    this.isOver = true;
    if (this.failure === undefined) {
      this.#durable.delays.begin();
      this.#durable.reader.rewind();
    }
    this.release();
    core.checkIdle();
    if (this.failure !== undefined) throw this.failure;
    // What is only kept is looked at by people, who must find it.
    if (core.type.isHolding === true) await this.#durable.reader.rest();
  }

  async #lanes(id: number): Promise<readonly DurableLane[]> {
    const { core, store } = this.#durable;
    const { priorityLevels = 1, maximumMessagesInMemory = Infinity } = core.configuration;
    const window = Math.ceil(maximumMessagesInMemory / priorityLevels);
    const lanes: DurableLane[] = [];
    const all = await store.count(queueKeys(id));
    let found = 0;
    // Messages may have been sent when there were more priorities.
    for (let level = 0; level < MOST_LEVELS; level += 1) {
      if (level >= priorityLevels && found === all) break;
      const lane = new DurableLane(id, level, window);
      lane.total = await store.count(lane.keys);
      found += lane.total;
      if (level < priorityLevels || lane.total > 0) lanes.unshift(lane);
    }
    return lanes;
  }
}

function letsInNow({ environment, isRemoved }: DestinationCore): boolean {
  return environment.stage !== "closed" && !isRemoved;
}
