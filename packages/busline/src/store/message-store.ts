import type { PayloadCodec } from "./payload-codec.ts";

/**
 * What a commit has to outlive before it resolves: `"stable"` a failure of power, so it has been synced to the disk;
 * `"process"` the death of the process, be it by `kill -9`: it is in the hands of the operating system.
 */
export type Durability = "stable" | "process";

/** One change: a key gets a value, or, with `undefined`, is deleted. To delete what is not there is no error. */
export interface StoreChange {
  /** 1 to 256 printable characters of ASCII. */
  readonly key: string;
  /** Must not be altered afterwards: neither by whoever commits it, nor by the store. */
  readonly value: Uint8Array | undefined;
}

export interface StoreEntry {
  readonly key: string;
  readonly value: Uint8Array;
}

/** Keys from `from`, included, to `to`, not included. */
export interface StoreRange {
  readonly from: string;
  readonly to: string;
}

/** How much is read at once, at most. */
export interface ReadLimits {
  /** So many entries. */
  readonly entries: number;
  /** It ends with the entry that brings the sum of the values to so many bytes. */
  readonly bytes: number;
}

/**
 * Where a bus keeps the messages of its durable destinations: an ordered map from keys to bytes, changed by commits. All
 * else, such as group commit, order, attempts and deduplication, is the bus's. A store serves one bus at a time.
 *
 * Every method may reject with a `StoreError`. `storeConformance` of `busline/testing` tests a store of your own.
 */
export interface MessageStore {
  /** What it is called in errors, such as its path. */
  readonly name: string;
  readonly codec: PayloadCodec;
  /**
   * Opens it: called once, before anything else.
   *
   * Rejects with a `StoreError`: `BUSLINE_STORE_LOCKED` if another process, or bus, has it open; `BUSLINE_STORE_DAMAGED` if
   * anything that was committed may be missing; `BUSLINE_STORE_VERSION` if a later version has written it.
   */
  open(): Promise<void>;
  /** The values of keys, in their order; `undefined` where there is none. */
  get(keys: readonly string[]): Promise<readonly (Uint8Array | undefined)[]>;
  /** Entries in the order of their keys. Sees every commit that has resolved before. */
  read(range: StoreRange, limits: ReadLimits): Promise<readonly StoreEntry[]>;
  /** How many entries there are. */
  count(range: StoreRange): Promise<number>;
  /**
   * Makes all of the changes, in their order, or none of them. Commits take effect in the order of the calls, whatever their
   * durability. A "stable" one may take long; a "process" one called meanwhile must not wait for it.
   *
   * Rejects with a `StoreError` if the changes were not made. After a failed sync it must refuse everything until it is
   * opened anew: what the disk has then nobody knows.
   */
  commit(changes: readonly StoreChange[], durability: Durability): Promise<void>;
  /** Closes it. Everything that was committed is stable then. */
  close(): Promise<void>;
}
