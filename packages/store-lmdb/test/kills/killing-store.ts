import type {
  Durability,
  MessageStore,
  PayloadCodec,
  ReadLimits,
  StoreChange,
  StoreEntry,
  StoreRange,
} from "busline";
import type { Failpoint } from "./failpoint.ts";

/** A store that kills the process when it comes by a certain moment. */
export class KillingStore implements MessageStore {
  readonly #inner: MessageStore;
  readonly #failpoint: Failpoint;

  constructor(inner: MessageStore, failpoint: Failpoint) {
    this.#inner = inner;
    this.#failpoint = failpoint;
  }

  get name(): string {
    return this.#inner.name;
  }

  get codec(): PayloadCodec {
    return this.#inner.codec;
  }

  open(): Promise<void> {
    return this.#inner.open();
  }

  get(keys: readonly string[]): Promise<readonly (Uint8Array | undefined)[]> {
    return this.#asking(this.#inner.get(keys));
  }

  read(range: StoreRange, limits: ReadLimits): Promise<readonly StoreEntry[]> {
    return this.#asking(this.#inner.read(range, limits));
  }

  count(range: StoreRange): Promise<number> {
    return this.#asking(this.#inner.count(range));
  }

  async commit(changes: readonly StoreChange[], durability: Durability): Promise<void> {
    const failpoint = this.#failpoint;
    failpoint.pass(`before a ${durability} commit`);
    const committing = this.#inner.commit(changes, durability);
    failpoint.pass(`a ${durability} commit was called`);
    if (changes.some(isEnd)) failpoint.pass("the end of a message was written");
    await committing;
    failpoint.pass(`a ${durability} commit has resolved`);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  async #asking<Answer>(asked: Promise<Answer>): Promise<Answer> {
    this.#failpoint.pass("a read was called");
    const answer = await asked;
    this.#failpoint.pass("a read was answered");
    return answer;
  }
}

function isEnd({ key, value }: StoreChange): boolean {
  return value === undefined && key.startsWith("q/");
}
