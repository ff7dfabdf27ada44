import type {
  Durability,
  MessageStore,
  ReadLimits,
  StoreChange,
  StoreEntry,
  StoreRange,
} from "../store/message-store.ts";
import type { PayloadCodec } from "../store/payload-codec.ts";

const text = new TextEncoder();
const jsonCodec: PayloadCodec = {
  encode: (payload) => text.encode(JSON.stringify(payload) ?? "null"),
  decode: (bytes) => JSON.parse(new TextDecoder().decode(bytes)),
};

/**
 * A store that keeps all in memory, for tests: it outlives its buses, so that a second bus on the same one finds what the
 * first has left. Payloads are plain JSON.
 */
export class MemoryStore implements MessageStore {
  readonly name: string = "memory";
  readonly codec: PayloadCodec = jsonCodec;
  readonly #values = new Map<string, Uint8Array>();
  /** The keys in order, once they have been needed. */
  #sorted: string[] | undefined;
  #changes = 0;

  /** How many changes have been committed so far. */
  get changeCount(): number {
    return this.#changes;
  }

  /** All entries in the order of their keys. */
  get entries(): readonly StoreEntry[] {
    return this.#keys.map((key) => ({ key, value: this.#values.get(key) as Uint8Array }));
  }

  open(): Promise<void> {
    return Promise.resolve();
  }

  get(keys: readonly string[]): Promise<readonly (Uint8Array | undefined)[]> {
    return Promise.resolve(keys.map((key) => this.#values.get(key)));
  }

  read({ from, to }: StoreRange, { entries, bytes }: ReadLimits): Promise<readonly StoreEntry[]> {
    const found: StoreEntry[] = [];
    const keys = this.#keys;
    let left = bytes;
    for (let at = placeOf(keys, from); at < placeOf(keys, to); at += 1) {
      if (found.length === entries || left <= 0) break;
      const key = keys[at] as string;
      const value = this.#values.get(key) as Uint8Array;
      found.push({ key, value });
      left -= value.length;
    }
    return Promise.resolve(found);
  }

  count({ from, to }: StoreRange): Promise<number> {
    const keys = this.#keys;
    return Promise.resolve(Math.max(0, placeOf(keys, to) - placeOf(keys, from)));
  }

  commit(changes: readonly StoreChange[], _durability: Durability): Promise<void> {
    for (const { key, value } of changes) {
      if (value === undefined) this.#values.delete(key);
      else this.#values.set(key, value);
    }
    this.#changes += changes.length;
    this.#sorted = undefined;
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  get #keys(): string[] {
    this.#sorted ??= [...this.#values.keys()].toSorted();
    return this.#sorted;
  }
}

/** Where a key stands, or would stand. */
function placeOf(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] as string) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
