import type {
  MessageStore,
  PayloadCodec,
  ReadLimits,
  StoreChange,
  StoreEntry,
  StoreRange,
} from "busline";

/** A store that does not wait for the disk, though it says so. */
export class HastyStore implements MessageStore {
  readonly #inner: MessageStore;

  constructor(inner: MessageStore) {
    this.#inner = inner;
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
    return this.#inner.get(keys);
  }

  read(range: StoreRange, limits: ReadLimits): Promise<readonly StoreEntry[]> {
    return this.#inner.read(range, limits);
  }

  count(range: StoreRange): Promise<number> {
    return this.#inner.count(range);
  }

  commit(changes: readonly StoreChange[]): Promise<void> {
    return this.#inner.commit(changes, "process");
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}
