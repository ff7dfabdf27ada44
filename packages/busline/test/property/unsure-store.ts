import { StoreError } from "busline";
import type {
  Durability,
  MessageStore,
  PayloadCodec,
  ReadLimits,
  StoreChange,
  StoreEntry,
  StoreRange,
} from "busline";
import { MemoryStore } from "busline/testing";

interface Commit {
  readonly changes: readonly StoreChange[];
  readonly durability: Durability;
  hasResolved: boolean;
}

/**
 * A store whose process may be killed, or whose machine may lose its power: commits are kept in a list, and what is left of
 * them after a crash is a part of it that depends on how far they had got.
 */
export class UnsureStore implements MessageStore {
  readonly name = "unsure";
  readonly codec: PayloadCodec;
  readonly #memory = new MemoryStore();
  readonly #base: readonly StoreEntry[];
  readonly #commits: Commit[] = [];
  readonly #choose: (most: number) => number;
  #isDead = false;
  /** So many of a hundred stable commits fail. */
  failures = 0;
  isClosed = false;

  /** @param choose a whole number from 0 up to, and including, `most` */
  constructor(base: readonly StoreEntry[], choose: (most: number) => number) {
    this.#base = base;
    this.#choose = choose;
    this.codec = this.#memory.codec;
    void this.#memory.commit(base, "stable");
  }

  get entries(): readonly StoreEntry[] {
    return this.#memory.entries;
  }

  /** The process dies: what has resolved is there, and perhaps some of what has not. */
  kill(): UnsureStore {
    return this.#crash(this.#commits.findLastIndex(({ hasResolved }) => hasResolved));
  }

  /** The power fails: the same, but only what was stable has to be there. */
  losePower(): UnsureStore {
    return this.#crash(
      this.#commits.findLastIndex(({ durability, hasResolved }) => {
        return hasResolved && durability === "stable";
      }),
    );
  }

  open(): Promise<void> {
    return this.#answer(0, () => {});
  }

  get(keys: readonly string[]): Promise<readonly (Uint8Array | undefined)[]> {
    return this.#answer(this.#choose(2), () => this.#memory.get(keys));
  }

  read(range: StoreRange, limits: ReadLimits): Promise<readonly StoreEntry[]> {
    return this.#answer(this.#choose(2), () => this.#memory.read(range, limits));
  }

  count(range: StoreRange): Promise<number> {
    return this.#answer(this.#choose(1), () => this.#memory.count(range));
  }

  commit(changes: readonly StoreChange[], durability: Durability): Promise<void> {
    const commit = { changes, durability, hasResolved: false };
    if (this.#isDead) return new Promise(() => {});
    const isOpening = changes.some(({ key }) => key === "schema");
    if (!isOpening && durability === "stable" && this.#choose(99) < this.failures) {
      return this.#answer(1, () => {
        throw new StoreError("BUSLINE_STORE_FAILED", this.name, "has no room left");
      });
    }
    this.#commits.push(commit);
    void this.#memory.commit(changes, durability);
    return this.#answer(durability === "stable" ? 1 + this.#choose(3) : 0, () => {
      commit.hasResolved = true;
    });
  }

  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }

  #crash(least: number): UnsureStore {
    this.#isDead = true;
    const count = least + 1 + this.#choose(this.#commits.length - least - 1);
    const left = new MemoryStore();
    void left.commit(this.#base, "stable");
    for (const { changes } of this.#commits.slice(0, count)) void left.commit(changes, "stable");
    return new UnsureStore(left.entries, this.#choose);
  }

  /** Whoever is dead gets no answer. */
  async #answer<Answer>(turns: number, answer: () => Answer | Promise<Answer>): Promise<Answer> {
    for (let turn = 0; turn < turns; turn += 1) {
      await new Promise<void>((resolve) => {
        setImmediate(resolve);
      });
    }
    if (this.#isDead) await new Promise(() => {});
    return answer();
  }
}
