/** What has come together in one turn of the event loop, or while the last was being written, is written at once. */
export class Groups<Item> {
  readonly #write: (items: readonly Item[]) => void | Promise<void>;
  #items: Item[] = [];
  #group: Group | undefined;
  #isWriting = false;

  /** @param write settles when they are on the disk */
  constructor(write: (items: readonly Item[]) => void | Promise<void>) {
    this.#write = write;
  }

  /** @returns settles when it is on the disk; one promise for all of a group */
  add(item: Item): Promise<void> {
    this.#items.push(item);
    if (this.#group === undefined) {
      this.#group = new Group();
      if (!this.#isWriting) setImmediate(this.#next);
    }
    return this.#group.promise;
  }

  readonly #next = (): void => {
    const group = this.#group;
    if (group === undefined) {
      this.#isWriting = false;
      return;
    }
    const items = this.#items;
    this.#group = undefined;
    this.#items = [];
    this.#isWriting = true;
    void this.#writeAll(items, group);
  };

  async #writeAll(items: readonly Item[], group: Group): Promise<void> {
    try {
      await this.#write(items);
      group.resolve();
    } catch (error) {
      group.reject(error);
    }
    // Whoever has waited may have something more.
    setImmediate(this.#next);
  }
}

class Group {
  readonly promise: Promise<void>;
  resolve: () => void = () => undefined;
  reject: (error: unknown) => void = () => undefined;

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }
}
