/**
 * One sync of the disk for all who wait for one. It begins when everybody has written who was about to, and whoever comes
 * meanwhile gets the next: one that began before a write says nothing about it.
 */
export class GroupSync {
  readonly #sync: () => Promise<void>;
  /** Those that wait for the next sync. */
  #next: Group | undefined;
  #isGoingOn = false;

  /** @param sync rejects if nothing may be relied upon any more */
  constructor(sync: () => Promise<void>) {
    this.#sync = sync;
  }

  /** @returns settles with a sync that begins after this call; one promise for all of a group */
  next(): Promise<void> {
    this.#next ??= new Group();
    if (!this.#isGoingOn) {
      this.#isGoingOn = true;
      setImmediate(this.#goOn);
    }
    return this.#next.promise;
  }

  readonly #goOn = (): void => {
    const group = this.#next as Group;
    this.#next = undefined;
    const then = (settle: () => void) => (): void => {
      settle();
      // Whoever goes on now may have something to write at once.
      setImmediate(this.#lookFurther);
    };
    this.#sync().then(then(group.resolve), (error: unknown) => then(() => group.reject(error))());
  };

  readonly #lookFurther = (): void => {
    if (this.#next === undefined) this.#isGoingOn = false;
    else this.#goOn();
  };
}

class Group {
  readonly promise: Promise<void>;
  resolve: () => void = () => {};
  reject: (error: unknown) => void = () => {};

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }
}
