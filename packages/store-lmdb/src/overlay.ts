import type { StoreChange, StoreRange } from "busline";
import { SortedKeys } from "./sorted-keys.ts";

/** What the commits of one log have made of the keys: the last value of each, or that it is deleted. */
export class Overlay {
  readonly #values = new Map<string, Uint8Array | undefined>();
  readonly #keys = new SortedKeys();

  apply(changes: readonly StoreChange[]): void {
    for (const { key, value } of changes) {
      if (!this.#values.has(key)) this.#keys.add(key);
      this.#values.set(key, value);
    }
  }

  has(key: string): boolean {
    return this.#values.has(key);
  }

  /** @returns undefined, too, if it is deleted */
  get(key: string): Uint8Array | undefined {
    return this.#values.get(key);
  }

  /** Its keys in a range, those that are deleted included, in their order. */
  *keysIn({ from, to }: StoreRange): Generator<string, void, undefined> {
    for (const key of this.#keys.from(from)) {
      if (key >= to) return;
      yield key;
    }
  }
}
