import type { Clock } from "../clock/clock.ts";
import type { FailureReporter } from "../diagnostics/failure-reporter.ts";
import { StoreError } from "../errors/store-error.ts";
import { DestinationNotes } from "./destination-notes.ts";
import { GroupCommit } from "./group-commit.ts";
import type {
  Durability,
  MessageStore,
  ReadLimits,
  StoreChange,
  StoreEntry,
  StoreRange,
} from "./message-store.ts";
import type { PayloadCodec } from "./payload-codec.ts";
import { SeenIds } from "./seen-ids.ts";
import { DESTINATION_KEYS, SCHEMA_KEY } from "./store-keys.ts";

/** The layout of keys and values. */
const SCHEMA = "1";
const PAGE: ReadLimits = { entries: 1_000, bytes: 4 * 1_048_576 };

/** A bus's store: opened with the bus, and asked through here, so that whatever a store does ends in a `StoreError`. */
export class BusStore {
  readonly codec: PayloadCodec;
  /** Settles when the store is open. A rejection that nobody waits for has been reported. */
  readonly opened: Promise<void>;
  readonly group: GroupCommit;
  isOpen = false;
  readonly #store: MessageStore;
  readonly #clock: Clock;
  readonly #reporter: FailureReporter;
  readonly #notes = new Map<string, DestinationNotes>();
  readonly #seenIds = new SeenIds(this);
  #lastId = 0;
  /** Changes that are made at the end of the run of code. */
  #late: StoreChange[] = [];
  /** Those of them that somebody waits for. */
  #urgent = new Set<StoreChange>();
  /** Settles when they are made. */
  #coming: Promise<void> | undefined;
  /** The last attempt to make them has failed, and that was told. */
  #isBehind = false;
  /** Settles when the last batch of them has been made, or has failed. */
  #making: Promise<void> = Promise.resolve();
  #isMaking = false;
  #isClosed = false;
  /** Commits that go on. */
  #ongoing = 0;
  #whenQuiet: (() => void) | undefined;

  constructor(store: MessageStore, clock: Clock, reporter: FailureReporter) {
    this.#store = store;
    this.codec = store.codec;
    this.#clock = clock;
    this.#reporter = reporter;
    this.group = new GroupCommit(
      {
        prepare: (members) => this.#seenIds.sift(members, clock.now()),
        commit: (changes) => this.commit(changes, "stable"),
      },
      clock,
    );
    this.opened = this.#open();
    this.opened.catch((error: unknown) => reporter.problem("The store could not be opened", error));
  }

  get name(): string {
    return this.#store.name;
  }

  /** What is written down of a destination; only when the store is open. */
  notesOf(destinationName: string): DestinationNotes {
    let notes = this.#notes.get(destinationName);
    if (notes === undefined) {
      this.#lastId += 1;
      notes = new DestinationNotes(this.#lastId, destinationName);
      this.#notes.set(destinationName, notes);
    }
    return notes;
  }

  get(keys: readonly string[]): Promise<readonly (Uint8Array | undefined)[]> {
    return this.#ask(() => this.#store.get(keys));
  }

  /** Reads a page, which has all changes that were asked for before. */
  async read(range: StoreRange, limits: ReadLimits): Promise<readonly StoreEntry[]> {
    await this.hurry([]);
    return this.#ask(() => this.#store.read(range, limits));
  }

  async count(range: StoreRange): Promise<number> {
    // A destination may begin while nothing can be written.
    await this.#catchUp();
    return this.#ask(() => this.#store.count(range));
  }

  /** All entries of a range, page by page. */
  async *entries(range: StoreRange): AsyncGenerator<StoreEntry> {
    let { from } = range;
    for (;;) {
      const page = await this.read({ from, to: range.to }, PAGE);
      yield* page;
      const last = page.at(-1);
      if (last === undefined) return;
      from = `${last.key}!`;
    }
  }

  /** Makes changes at once. What is written down about destinations goes first: changes refer to it. */
  commit(changes: readonly StoreChange[], durability: Durability): Promise<void> {
    const changed = [...this.#notes.values()].filter((notes) => notes.isChanged);
    const all = [...changed.map((notes) => notes.takeChange()), ...changes];
    if (all.length === 0) return Promise.resolve();
    const committing = this.#ask(() => this.#store.commit(all, durability));
    if (changed.length === 0) return committing;
    return committing.catch((error: unknown) => {
      for (const notes of changed) notes.isChanged = true;
      throw error;
    });
  }

  /** Makes changes that have to outlive the process: one commit for all of a run of code, with what nobody waits for. */
  hurry(changes: readonly StoreChange[]): Promise<void> {
    for (const change of changes) {
      this.#late.push(change);
      this.#urgent.add(change);
    }
    this.#coming ??= this.#atEndOfRun();
    return this.#coming;
  }

  /** Makes changes that nobody waits for, and writes down what has changed about destinations. */
  later(...changes: readonly StoreChange[]): void {
    if (this.#isClosed) return;
    this.#late.push(...changes);
    if (this.#coming === undefined) void this.#catchUp();
  }

  /** Something went wrong in the store that no sender can be told of. */
  problem(text: string, error: unknown): void {
    if (!this.#isClosed) this.#reporter.problem(text, error);
  }

  /** Makes what is still to be made, and closes the store. */
  async close(): Promise<void> {
    await this.opened.catch(() => {});
    await this.#catchUp();
    this.#isClosed = true;
    await this.#quiet();
    try {
      await this.#store.close();
    } catch (error) {
      this.#reporter.problem("The store could not be closed", this.#errorOf(error));
    }
  }

  async #open(): Promise<void> {
    await this.#ask(() => this.#store.open());
    const [schema] = await this.get([SCHEMA_KEY]);
    const written = schema === undefined ? undefined : new TextDecoder().decode(schema);
    if (written === undefined) {
      await this.commit([{ key: SCHEMA_KEY, value: new TextEncoder().encode(SCHEMA) }], "stable");
    } else if (written !== SCHEMA) {
      const text = `was written by a later version of busline (layout ${written}; this one knows ${SCHEMA})`;
      throw new StoreError("BUSLINE_STORE_VERSION", this.name, text);
    }
    for await (const entry of this.entries(DESTINATION_KEYS)) {
      const notes = DestinationNotes.read(entry);
      this.#notes.set(notes.name, notes);
      this.#lastId = Math.max(this.#lastId, notes.id);
    }
    this.isOpen = true;
  }

  /** One batch after the other: what has failed to be made must not come after what was made later. */
  #atEndOfRun(): Promise<void> {
    const before = this.#making;
    const make = (): Promise<void> => {
      this.#coming = undefined;
      return this.#makeLate();
    };
    const coming = new Promise<void>((resolve) => {
      this.#clock.atEndOfRun(() => resolve(this.#isMaking ? before.then(make) : make()));
    });
    this.#making = coming.catch(() => {});
    return coming;
  }

  async #makeLate(): Promise<void> {
    const [late, urgent] = [this.#late, this.#urgent];
    this.#late = [];
    this.#urgent = new Set();
    this.#isMaking = true;
    try {
      await this.commit(late, "process");
      this.#isBehind = false;
    } catch (error) {
      // Those that nobody waits for are made with the next.
      this.#late = [...late.filter((change) => !urgent.has(change)), ...this.#late];
      throw error;
    } finally {
      this.#isMaking = false;
    }
  }

  /** Makes the changes that nobody waits for. If that fails they are made with the next, and the first failure is told. */
  async #catchUp(): Promise<void> {
    try {
      await this.hurry([]);
    } catch (error) {
      if (this.#isBehind) return;
      this.#isBehind = true;
      this.problem("What has become of messages could not be written down yet", error);
    }
  }

  async #ask<Answer>(question: () => Promise<Answer>): Promise<Answer> {
    // Whoever asks several things one after another may come between: a store need not be able to bear that.
    if (this.#isClosed) throw new StoreError("BUSLINE_STORE_FAILED", this.name, "has been closed");
    this.#ongoing += 1;
    try {
      return await question();
    } catch (error) {
      throw this.#errorOf(error);
    } finally {
      this.#ongoing -= 1;
      if (this.#ongoing === 0) this.#whenQuiet?.();
    }
  }

  #quiet(): Promise<void> {
    if (this.#ongoing === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#whenQuiet = resolve;
    });
  }

  /** A store of the user's own may throw anything. */
  #errorOf(error: unknown): StoreError {
    if (error instanceof StoreError) return error;
    return new StoreError("BUSLINE_STORE_FAILED", this.name, "has failed", { cause: error });
  }
}
