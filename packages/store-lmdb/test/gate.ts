/** Holds whoever comes until it is opened. */
export class Gate {
  readonly #opened: Promise<void>;
  #open: () => void = () => {};
  #came: () => void = () => {};
  /** Resolves when somebody has come. */
  readonly reached: Promise<void>;

  constructor() {
    this.#opened = new Promise((resolve) => {
      this.#open = resolve;
    });
    this.reached = new Promise((resolve) => {
      this.#came = resolve;
    });
  }

  readonly pass = (): Promise<void> => {
    this.#came();
    return this.#opened;
  };

  open(): void {
    this.#open();
  }
}

/** What has become of promises so far, when everything has run that can run by itself. */
export async function soFar(...promises: readonly Promise<unknown>[]): Promise<string[]> {
  const states = promises.map(() => "pending");
  promises.forEach((promise, at) => {
    promise.then(
      () => (states[at] = "resolved"),
      () => (states[at] = "rejected"),
    );
  });
  for (let turns = 0; turns < 20; turns += 1) await new Promise((resolve) => setImmediate(resolve));
  return states;
}
