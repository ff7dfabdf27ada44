import { InvalidMessageError } from "../errors/invalid-message-error.ts";
import { DurableRecord } from "../message/durable-record.ts";
import { Message } from "../message/message.ts";
import { recordOf } from "../message/record-of.ts";
import type { IdClaim } from "../store/seen-ids.ts";
import { delayedKey, sequenceOf } from "../store/store-keys.ts";
import { writeMessage } from "../store/stored-message.ts";
import type { Routing } from "./destination-environment.ts";
import { DurableCommit } from "./durable-commit.ts";
import type { DurableMessages } from "./durable-messages.ts";
import { unwatchSender } from "./sender-watch.ts";

/** How messages come into a durable destination: each is accepted when it lies in the store. */
export class DurableIntake {
  readonly #durable: DurableMessages;
  /** Those that are being stored, in order, by their numbers; undefined where that is one which was put off. */
  readonly storing: Map<number, Message | undefined> = new Map();

  constructor(durable: DurableMessages) {
    this.#durable = durable;
  }

  /** Makes of a message one that can be stored. @throws {InvalidMessageError} */
  prepare(message: Message, { claimsId, isAwaited, isKnown }: Routing): Message {
    const { core, store } = this.#durable;
    const { codec } = store;
    let bytes: Uint8Array;
    let payload: unknown;
    try {
      bytes = codec.encode(message.payload);
      // Listeners get what those would get that receive it after a restart.
      payload = codec.decode(bytes);
    } catch (cause) {
      const issue = { message: cause instanceof Error ? cause.message : "the codec refuses it" };
      const complaint = "cannot be stored for";
      throw new InvalidMessageError(core.name, "payload", [issue], { cause, complaint });
    }
    const extras = Message.extrasOf(message);
    const { headers, key, priority, responseDestinationName, responseId } = extras;
    const { timing, failed, request, answers } = extras;
    const record = new DurableRecord(bytes);
    record.claimsId = claimsId;
    record.isForChosen = isKnown;
    record.isAwaited = isAwaited || request !== undefined;
    return Message.resent(message, Message.momentOf(message), payload, {
      headers,
      key,
      priority,
      responseDestinationName,
      responseId,
      timing,
      failed,
      record,
      request,
      answers,
    });
  }

  /** Takes a message in, if there is room. @param isBeyond also if there is none */
  takeIn(message: Message, isBeyond = false): boolean {
    const { core, delays, notes, pool, store } = this.#durable;
    const { clock } = core.environment;
    const { timing } = Message.extrasOf(message);
    const waitMs = timing === undefined ? 0 : timing.notBefore - clock.monotonicNow();
    // Where nobody is here, no worker takes it.
    const isForNobody = core.listeners.roster.listenings.length === 0;
    const waits = waitMs > 0 || isForNobody || core.type.isHolding === true;
    if (!isBeyond && !(waits ? pool.hasRoomToWait : pool.hasRoom)) return false;
    core.counters.accepted();
    Message.setProgress(message, "waiting");
    const record = recordOf(message);
    const value = this.#write(message, record);
    const number = notes.nextNumber();
    const lane = this.#durable.laneFor(message.priority);
    record.level = lane.level;
    if (waitMs > 0) {
      record.key = delayedKey(notes.id, clock.now() + waitMs, number);
      delays.count += 1;
    } else {
      record.key = lane.keyOf(number);
      if (lane.takesLive) {
        lane.addLive(record.key);
        this.#durable.entered(record.key, message);
      } else {
        lane.addUnread();
      }
    }
    if (record.isAwaited && !this.#durable.live.has(record.key)) {
      this.#durable.awaited.set(record.key, message);
    }
    this.storing.set(number, message);
    const commit = new DurableCommit(this, message, record, value, this.#claimOf(message, record));
    record.storing = store.group.add(commit);
    pool.dispatcher.lookAround(pool);
    return true;
  }

  /** How many that are being stored are in memory, and not among those that lie in the store alone. */
  get liveCount(): number {
    let count = 0;
    for (const message of this.storing.values()) {
      const record = message === undefined ? undefined : recordOf(message);
      if (record?.isOver === false && this.#durable.live.has(record.key as string)) count += 1;
    }
    return count;
  }

  /** The oldest that is being stored and has not been dropped. */
  get oldest(): Message | undefined {
    for (const message of this.storing.values()) {
      if (message !== undefined && !recordOf(message).isOver) return message;
    }
    return undefined;
  }

  /** Whether a message may lie in the store already, though it is not known yet that it stays there. */
  mayBeStoring(key: string): boolean {
    const [first] = this.storing.keys();
    return first !== undefined && sequenceOf(key) >= first;
  }

  /** It lies in the store. */
  wasStored(message: Message, record: DurableRecord): void {
    const { attempts, core, delays, ends, live, reader } = this.#durable;
    const key = record.key as string;
    this.storing.delete(sequenceOf(record.key as string));
    record.isStored = true;
    record.payload = undefined;
    if (record.isOver) ends.erase(record);
    else if (live.has(key)) attempts.arrives(message, record);
    else if (delays.keeps(record)) delays.arrives(message, key);
    else reader.wake();
    core.checkIdle();
  }

  /** It does not lie in the store. @param outcome the store has failed, or a message with its id has come before */
  wasTurnedAway(message: Message, record: DurableRecord, outcome: "rejected" | "duplicate"): void {
    const { core, ends } = this.#durable;
    this.storing.delete(sequenceOf(record.key as string));
    if (!record.isOver) {
      ends.isOver(message, record);
      core.counters.dropped(outcome);
      Message.setProgress(message, "ended");
      unwatchSender(core, message);
      if (outcome === "duplicate") core.events.tell("messageDiscarded", message, "duplicate");
      core.pool?.leftQueue();
    }
    core.checkIdle();
  }

  #claimOf(message: Message, { claimsId }: DurableRecord): IdClaim | undefined {
    const { core, notes } = this.#durable;
    const { deduplicationWindowMs = 0, deduplicationWindowSize = 0 } = core.configuration;
    if (!claimsId || deduplicationWindowMs === 0) return undefined;
    const window = { durationMs: deduplicationWindowMs, maximumIds: deduplicationWindowSize };
    return { id: message.id, destinationId: notes.id, window };
  }

  #write(message: Message, record: DurableRecord): Uint8Array {
    const { core, notes } = this.#durable;
    const { clock } = core.environment;
    const { headers, key, priority, responseDestinationName, responseId, timing } =
      Message.extrasOf(message);
    const leftMs = (timing?.expiresAt ?? Infinity) - clock.monotonicNow();
    for (const { name } of core.listeners.roster.listenings) notes.remember(name);
    const chosen = Message.momentOf(message).listenings.map(({ name }) => name);
    const roster = notes.rosterNumber(record.isForChosen ? chosen : notes.listeners);
    record.names = notes.rosterOf(roster);
    return writeMessage({
      id: message.id,
      sentAt: message.sentAt,
      headers,
      key,
      priority,
      responseDestinationName,
      responseId,
      expiresAt: leftMs === Infinity ? undefined : clock.now() + leftMs,
      roster,
      payload: record.payload as Uint8Array,
    });
  }
}
