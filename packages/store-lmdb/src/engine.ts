import type { StoreRange } from "busline";

/** What the store knows when it has been opened. */
export interface OpenedEngine {
  readonly storeId: string;
  /** The last commit: LMDB has all of them. */
  readonly foldedSequence: number;
  /** The log to go on with: it has a header only. */
  readonly logNumber: number;
  /** What has to be said about what was found, as sentences that follow the store's name. */
  readonly warnings: readonly string[];
}

/** Which logs LMDB is to have, all of them. */
export interface FoldOrder {
  readonly logNumber: number;
  /** Its last commit. */
  readonly throughSequence: number;
  /** The log that is in use. */
  readonly nextLog: number;
}

export interface PageOrder extends StoreRange {
  readonly entries: number;
  readonly bytes: number;
}

/** Packed changes, each with a value. */
export interface EntryPage {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** There is nothing more in the range. */
  readonly isLast: boolean;
}

export interface CountOrder extends StoreRange {
  /** Of these, those that are there are not counted. */
  readonly without: readonly string[];
}

/**
 * The part of a store that has LMDB, and that reads logs: where it may take its time. Every method may reject with a
 * `StoreProblem`.
 */
export interface Engine {
  /** Checks all files, makes the store if there is none, and has LMDB take over what the logs have. */
  open(options: { readonly acceptTornTail: boolean }): Promise<OpenedEngine>;
  /** Makes a log that can be begun at once: its name is on the disk. */
  prepareLog(number: number): Promise<void>;
  /** Has LMDB take over a log that has been ended, and removes it. Reads are answered meanwhile. */
  fold(order: FoldOrder): Promise<void>;
  /** Packed changes in the order of the keys, those that are not there without a value. */
  get(keys: readonly string[]): Promise<Uint8Array<ArrayBuffer>>;
  read(order: PageOrder): Promise<EntryPage>;
  count(order: CountOrder): Promise<number>;
  close(): Promise<void>;
}

/** One that has been started. */
export interface StartedEngine extends Engine {
  /** Ends it, whatever it is doing. It may have ended before. */
  end(): Promise<void>;
}

/** The same on the other side, where what takes no time is told at once. */
export type EngineWork = {
  [Method in keyof Engine]: (
    ...given: Parameters<Engine[Method]>
  ) => ReturnType<Engine[Method]> | Awaited<ReturnType<Engine[Method]>>;
};
