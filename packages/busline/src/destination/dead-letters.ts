import { Alarm } from "../clock/alarm.ts";
import { AbortError } from "../errors/abort-error.ts";
import { InvalidConfigurationError } from "../errors/invalid-configuration-error.ts";
import { NoListenerError } from "../errors/no-listener-error.ts";
import { RejectedExecutionError } from "../errors/rejected-execution-error.ts";
import { UnknownDestinationError } from "../errors/unknown-destination-error.ts";
import type { Listening } from "../listener/listening.ts";
import { Roster } from "../listener/roster.ts";
import { Message } from "../message/message.ts";
import { NO_EXTRAS } from "../message/message-extras.ts";
import { HoldingQueue } from "../queue/holding-queue.ts";
import { OptionReader } from "../validation/option-reader.ts";
import { withdraw } from "../worker/dropped-messages.ts";
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
  /** What wakes redrives that wait for their next turn. */
  readonly #sleepers = new Set<() => void>();

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
      const dueAt = startedAt + (number * 1_000) / (perSecond ?? Infinity);
      await this.#until(dueAt, signal);
      if (signal?.aborted) throw new AbortError(this.#core.name, signal.reason);
      try {
        if (this.#isClosed) throw new RejectedExecutionError("BUSLINE_CLOSED", this.#core.name);
        if (await this.#sendBack(letter, destinationName)) redrivenCount += 1;
      } catch (error) {
        refused.push(Object.freeze({ letter, error }));
      }
    }
    return Object.freeze({ redrivenCount, refused: Object.freeze(refused) });
  }

  /** @internal The destination has been closed: whoever waits for a turn waits in vain. */
  wake(): void {
    for (const wake of this.#sleepers) wake();
  }

  get #isClosed(): boolean {
    return this.#core.environment.stage === "closed" || this.#core.isRemoved;
  }

  /** @returns false if it is here no more */
  async #sendBack(letter: DeadLetter, destinationName: string | undefined): Promise<boolean> {
    const { message } = letter;
    const { counters, environment } = this.#core;
    const queue = this.#queue;
    // While it is on its way it is not here: nobody else takes it, and it may come back.
    if (queue?.hide(message) !== true) return false;
    counters.leaves();
    Message.setProgress(message, undefined);
    this.#core.pool?.timed?.forget(message);
    // Its place is free: a letter that waits for it may be what its origin's room depends on.
    this.#core.pool?.leftQueue();
    let isTaken = false;
    try {
      const isKnown = destinationName === undefined;
      const sent = this.#messageOf(letter, destinationName);
      const taken = (): void => {
        isTaken = true;
      };
      await environment.route(sent, { ...PLAIN_ROUTING, taken, isKnown });
    } catch (error) {
      // Where the sender's turn delivers, it has been taken, whatever its listeners throw.
      if (!isTaken) {
        this.#comesBack(message, queue);
        throw error;
      }
    }
    queue.remove(message);
    this.#core.durable?.ends.wasDropped(message);
    Message.setProgress(message, "ended");
    counters.finished("diverted");
    this.#core.pool?.leftQueue();
    this.#core.checkIdle();
    return true;
  }

  #comesBack(message: Message, queue: HoldingQueue): void {
    const { counters, pool } = this.#core;
    counters.stays();
    Message.setProgress(message, "waiting");
    queue.show(message);
    // Too late for the report of the close: whoever redrives has it in his.
    if (this.#isClosed && pool !== undefined) withdraw(pool, message, "closed");
    this.#core.checkIdle();
  }

  #messageOf(letter: DeadLetter, destinationName: string | undefined): Message {
    const { message, headers, origin, listeners, id, payload } = letter;
    const { environment } = this.#core;
    const to = destinationName ?? origin;
    if (to === undefined) throw new UnknownDestinationError("the origin of a message sent by hand");
    const moment = environment.momentAt(to, environment.clock.now());
    const extras = { ...NO_EXTRAS, headers, key: message.key };
    const chosen =
      destinationName === undefined
        ? chosenOf(moment.listenings, Message.extrasOf(message).failed, listeners)
        : moment.listenings;
    if (chosen.length === 0 && !environment.keepsMessages(to)) throw new NoListenerError(to);
    return new Message(payload, moment.for(new Roster(chosen)), extras, id);
  }

  /** Resolves at that time, or when the signal is aborted or the destination closed. */
  #until(at: number, signal: AbortSignal | undefined): Promise<void> {
    const { environment } = this.#core;
    const leftMs = at - environment.clock.monotonicNow();
    if (!(leftMs > 0) || signal?.aborted === true || this.#isClosed) return Promise.resolve();
    return new Promise((resolve) => {
      const alarm = new Alarm(() => wake());
      const letGo = environment.hold();
      const wake = (): void => {
        alarm.cancelDeadline();
        this.#sleepers.delete(wake);
        signal?.removeEventListener("abort", wake);
        letGo();
        resolve();
      };
      this.#sleepers.add(wake);
      signal?.addEventListener("abort", wake);
      environment.deadlines.set(leftMs, alarm);
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

/** The registrations that failed, as long as they are there; otherwise those of the same names. */
function chosenOf(
  listenings: readonly Listening[],
  failed: readonly Listening[] | undefined,
  names: readonly string[],
): readonly Listening[] {
  const same = listenings.filter((listening) => failed?.includes(listening) === true);
  return same.length > 0 ? same : listenings.filter(({ name }) => names.includes(name));
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
