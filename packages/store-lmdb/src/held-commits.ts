import type { Durability, StoreChange, StoreError } from "busline";

type Commit = (changes: readonly StoreChange[], durability: Durability) => Promise<void>;

interface Held {
  readonly changes: readonly StoreChange[];
  readonly durability: Durability;
  resolve(done: Promise<void>): void;
  reject(error: StoreError): void;
}

/** Commits that cannot be made yet, in their order. */
export class HeldCommits {
  readonly #commit: Commit;
  #held: Held[] = [];

  constructor(commit: Commit) {
    this.#commit = commit;
  }

  get isEmpty(): boolean {
    return this.#held.length === 0;
  }

  /** @returns settles when it has been made, at last */
  add(changes: readonly StoreChange[], durability: Durability): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#held.push({ changes, durability, resolve, reject });
    });
  }

  /** Makes those that may be made. */
  release(mayGoOn: () => boolean): void {
    let count = 0;
    for (const { changes, durability, resolve } of this.#held) {
      if (!mayGoOn()) break;
      count += 1;
      resolve(this.#commit(changes, durability));
    }
    this.#held = this.#held.slice(count);
  }

  reject(error: StoreError): void {
    for (const { reject } of this.#held.splice(0)) reject(error);
  }
}
