import type { Durability, PayloadCodec, ReadLimits, StoreChange } from "busline";
import type { StoreEntry, StoreRange } from "busline";
import { MemoryStore } from "busline/testing";

/** What a bus has asked its store. */
export interface StoreCall {
  readonly method: "open" | "get" | "read" | "count" | "commit" | "close";
  readonly changes: readonly StoreChange[];
  readonly durability: Durability | undefined;
  readonly range: StoreRange | undefined;
}

/** Chooses calls. */
export type Calls = (call: StoreCall) => boolean;

/** Commits that senders wait for. */
export const stable: Calls = ({ durability }) => durability === "stable";

/** Commits that have to outlive the process only. */
export const inProcess: Calls = ({ durability }) => durability === "process";

/** Commits that write down that attempts begin, or what has become of messages that go on. */
export const states: Calls = ({ durability, changes }) =>
  durability === "process" && changes.some(({ key, value }) => key.startsWith("s/") && value);

/** Commits that take messages out. */
export const ends: Calls = ({ durability, changes }) =>
  durability === "process" && changes.some(({ key, value }) => key.startsWith("q/") && !value);

/** Looks for waiting messages. */
export const reads: Calls = ({ method, range }) =>
  method === "read" && range?.from.startsWith("q/") === true;

/** A store in memory that says what it is asked, and answers late, never or with an error where a test wants it. */
export class SpyStore extends MemoryStore {
  override readonly name = "spy";
  /** All calls, in order. */
  readonly calls: StoreCall[] = [];
  /** How many waiting messages have been read. */
  readCount = 0;
  override codec: PayloadCodec = new MemoryStore().codec;
  #isDead = false;
  readonly #held = new Map<Calls, Promise<void>>();
  readonly #failing = new Map<Calls, unknown>();

  constructor(entries: readonly StoreEntry[] = []) {
    super();
    void super.commit(entries, "stable");
  }

  /** How many calls of a kind there were. */
  countOf(calls: Calls): number {
    return this.calls.filter(calls).length;
  }

  /** The keys of entries of a kind: `q` for messages that wait, `s` for what has become of them, `t` for those put off. */
  keysOf(kind: string): string[] {
    return this.entries.map(({ key }) => key).filter((key) => key.startsWith(`${kind}/`));
  }

  /** What the process has left that dies now: whoever still uses this one gets no answer any more. */
  left(): SpyStore {
    this.#isDead = true;
    return new SpyStore(this.entries);
  }

  /** Calls of a kind are done, and answered only when what is returned is called. */
  hold(calls: Calls): () => void {
    const { promise, resolve } = promiseAndResolve();
    this.#held.set(calls, promise);
    return () => {
      this.#held.delete(calls);
      resolve();
    };
  }

  /** Calls of a kind are not done, and fail, until what is returned is called. */
  fail(calls: Calls, error: unknown = new Error("no room left")): () => void {
    this.#failing.set(calls, error);
    return () => this.#failing.delete(calls);
  }

  /** The same with one call. */
  failOnce(calls: Calls, error?: unknown): void {
    let isOver = false;
    this.fail((call) => {
      if (isOver || !calls(call)) return false;
      isOver = true;
      return true;
    }, error);
  }

  override open(): Promise<void> {
    return this.#answer({ method: "open" }, () => super.open());
  }

  override get(keys: readonly string[]): Promise<readonly (Uint8Array | undefined)[]> {
    return this.#answer({ method: "get" }, () => super.get(keys));
  }

  override read(range: StoreRange, limits: ReadLimits): Promise<readonly StoreEntry[]> {
    return this.#answer({ method: "read", range }, async () => {
      const entries = await super.read(range, limits);
      this.readCount += entries.filter(({ key }) => key.startsWith("q/")).length;
      return entries;
    });
  }

  override count(range: StoreRange): Promise<number> {
    return this.#answer({ method: "count", range }, () => super.count(range));
  }

  override commit(changes: readonly StoreChange[], durability: Durability): Promise<void> {
    return this.#answer({ method: "commit", changes, durability }, () =>
      super.commit(changes, durability),
    );
  }

  override close(): Promise<void> {
    return this.#answer({ method: "close" }, () => super.close());
  }

  async #answer<Answer>(
    asked: Partial<StoreCall> & Pick<StoreCall, "method">,
    answer: () => Promise<Answer>,
  ): Promise<Answer> {
    if (this.#isDead) return new Promise(() => {});
    const call = { changes: [], durability: undefined, range: undefined, ...asked };
    this.calls.push(call);
    const waiting = [...this.#held].filter(([calls]) => calls(call)).map(([, held]) => held);
    const failing = [...this.#failing].find(([calls]) => calls(call));
    const answered = failing === undefined ? await answer() : undefined;
    await Promise.all(waiting);
    if (this.#isDead) return new Promise(() => {});
    if (failing !== undefined) throw failing[1];
    return answered as Answer;
  }
}

function promiseAndResolve(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve: (() => void) | undefined;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve: resolve as unknown as () => void };
}
