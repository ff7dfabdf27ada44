import { Alarm } from "../clock/alarm.ts";
import { AbortError } from "../errors/abort-error.ts";
import { InvalidConfigurationError } from "../errors/invalid-configuration-error.ts";
import { NoListenerError } from "../errors/no-listener-error.ts";
import { UnknownDestinationError } from "../errors/unknown-destination-error.ts";
import { Roster } from "../listener/roster.ts";
import { Message } from "../message/message.ts";
import { NO_EXTRAS } from "../message/message-extras.ts";
import { HoldingQueue } from "../queue/holding-queue.ts";
import { OptionReader } from "../validation/option-reader.ts";
import { release, withdraw } from "../worker/dropped-messages.ts";
import { type DeadLetter, type DeadLetterFilter, fits, readDeadLetter } from "./dead-letter.ts";
import type { DestinationCore } from "./destination-core.ts";
import { PLAIN_ROUTING } from "./destination-environment.ts";

/** How dead letters are sent back. */
export interface RedriveOptions {
  /** At most so many a second: a number above 0, at most 1,000,000. Default: as fast as they are taken in. */
  readonly perSecond?: number;
  /** Where they go. Default: to where each of them failed, and there to the listeners that failed. */
  readonly destinationName?: string;
  /** Ends the sending with an `AbortError`; what has been sent stays sent. */
  readonly signal?: AbortSignal;
}

/** What has become of dead letters that were to be sent back. */
export interface RedriveReport {
  /** How many have been accepted where they were sent to. */
  readonly redrivenCount: number;
  /** Those that were not, with the reasons: they are still here. */
  readonly refused: readonly { readonly letter: DeadLetter; readonly error: unknown }[];
}

const MOST_LISTED = 100;
const MOST_PER_SECOND = 1_000_000;

/** The messages that a dead letter destination keeps. */
export class DeadLetters {
  readonly #core: DestinationCore;
  /** Letters that are being sent back. */
  readonly #leaving = new Set<Message>();

  private constructor(core: DestinationCore) {
    this.#core = core;
  }

  /** @internal @throws {InvalidConfigurationError} the destination keeps none */
  static of(core: DestinationCore): DeadLetters {
    if (core.type.isHolding !== true) {
      throw new InvalidConfigurationError({
        where: "deadLetters",
        attribute: "destinationName",
        value: core.name,
        allowed: "the name of a dead-letter destination",
      });
    }
    core.deadLetters ??= new DeadLetters(core);
    return core.deadLetters;
  }

  /** How many there are. */
  get size(): number {
    return this.#queue?.size ?? 0;
  }

  /**
   * Those that fit, the oldest first.
   *
   * @param options `limit`: at most so many, 1 to 100,000. Default: 100. `after`: those behind the letter of that id.
   * @throws {InvalidConfigurationError}
   */
  list(
    filter?: DeadLetterFilter,
    options?: { readonly limit?: number; readonly after?: string },
  ): readonly DeadLetter[] {
    const where = `deadLetters("${this.#core.name}").list`;
    const reader = new OptionReader(where, options, ["limit", "after"]);
    const limit = reader.wholeNumberWithin("limit", 1, 100_000) ?? MOST_LISTED;
    const after = reader.text("after");
    const found: DeadLetter[] = [];
    let isBehind = after === undefined;
    for (const letter of this.#fitting(filter, where)) {
      if (found.length === limit) break;
      if (isBehind) found.push(letter);
      else isBehind = letter.id === after;
    }
    return Object.freeze(found);
  }

  /** The one of that id. */
  get(id: string): DeadLetter | undefined {
    for (const message of this.#queue ?? []) if (message.id === id) return readDeadLetter(message);
    return undefined;
  }

  /** Deletes those that fit: counted as discarded, told to `messageDiscarded`. @returns how many */
  delete(filter?: DeadLetterFilter): number {
    let count = 0;
    for (const { message } of [
      ...this.#fitting(filter, `deadLetters("${this.#core.name}").delete`),
    ]) {
      const { pool } = this.#core;
      if (pool !== undefined && withdraw(pool, message, "purged")) count += 1;
    }
    return count;
  }

  /**
   * Sends those that fit back, the oldest first: counted here as diverted, there as sent, with a first attempt before them.
   * One that is not accepted stays.
   *
   * @throws {InvalidConfigurationError} rejected
   * @throws {AbortError} rejected
   */
  async redrive(filter?: DeadLetterFilter, options?: RedriveOptions): Promise<RedriveReport> {
    const where = `deadLetters("${this.#core.name}").redrive`;
    const reader = new OptionReader(where, options, ["perSecond", "destinationName", "signal"]);
    const perSecond = reader.numberWithin("perSecond", Number.MIN_VALUE, MOST_PER_SECOND);
    const destinationName = reader.text("destinationName");
    const signal = reader.signal("signal");
    const { clock } = this.#core.environment;
    const letters = [...this.#fitting(filter, where)];
    const startedAt = clock.monotonicNow();
    let redrivenCount = 0;
    const refused: { letter: DeadLetter; error: unknown }[] = [];
    for (const [number, letter] of letters.entries()) {
      if (perSecond !== undefined) await this.#until(startedAt + (number * 1_000) / perSecond);
      if (signal?.aborted) throw new AbortError(this.#core.name, signal.reason);
      try {
        if (await this.#sendBack(letter, destinationName)) redrivenCount += 1;
      } catch (error) {
        refused.push(Object.freeze({ letter, error }));
      }
    }
    return Object.freeze({ redrivenCount, refused: Object.freeze(refused) });
  }

  /** @returns false if it is here no more */
  async #sendBack(letter: DeadLetter, destinationName: string | undefined): Promise<boolean> {
    const { message } = letter;
    const { pool, environment } = this.#core;
    const isHere = Message.progressOf(message) === "waiting" && !this.#leaving.has(message);
    if (pool === undefined || !isHere) return false;
    this.#leaving.add(message);
    try {
      await environment.route(this.#messageOf(letter, destinationName), PLAIN_ROUTING);
    } finally {
      this.#leaving.delete(message);
    }
    // It may have been deleted while it waited for room.
    if (Message.progressOf(message) === "waiting") release(pool, message);
    return true;
  }

  #messageOf(letter: DeadLetter, destinationName: string | undefined): Message {
    const { message, headers, origin, listeners, id, payload } = letter;
    const { environment } = this.#core;
    const to = destinationName ?? origin;
    if (to === undefined) throw new UnknownDestinationError("the origin of a message sent by hand");
    const moment = environment.momentAt(to, environment.clock.now());
    const extras = { ...NO_EXTRAS, headers, key: message.key };
    const isKept = environment.keepsMessages(to);
    const chosen =
      destinationName === undefined
        ? moment.listenings.filter(({ name }) => listeners.includes(name))
        : moment.listenings;
    if (chosen.length === 0 && !isKept) throw new NoListenerError(to);
    return new Message(payload, moment.for(new Roster(chosen)), extras, id);
  }

  #until(at: number): Promise<void> {
    const { clock, deadlines } = this.#core.environment;
    const leftMs = at - clock.monotonicNow();
    if (leftMs <= 0) return Promise.resolve();
    return new Promise((resolve) => {
      deadlines.set(leftMs, new Alarm(resolve));
    });
  }

  *#fitting(given: DeadLetterFilter | undefined, where: string): Generator<DeadLetter> {
    const filter = readFilter(given, where);
    for (const message of this.#queue ?? []) {
      const letter = readDeadLetter(message);
      if (fits(letter, filter)) yield letter;
    }
  }

  get #queue(): HoldingQueue | undefined {
    const source = this.#core.pool?.backlog.source;
    return source instanceof HoldingQueue ? source : undefined;
  }
}

function readFilter(given: DeadLetterFilter | undefined, where: string): DeadLetterFilter {
  const names = ["ids", "origin", "listener", "error", "code", "reason", "before", "since"];
  const reader = new OptionReader(where, given, names);
  const filter: Record<string, unknown> = {};
  const ids = reader.texts("ids");
  if (ids !== undefined) filter["ids"] = ids;
  for (const name of ["origin", "listener", "error", "code", "reason"]) {
    const text = reader.text(name);
    if (text !== undefined) filter[name] = text;
  }
  for (const name of ["before", "since"]) {
    const moment = reader.moment(name);
    if (moment !== undefined) filter[name] = moment;
  }
  return filter;
}
