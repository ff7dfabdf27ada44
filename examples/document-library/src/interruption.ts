// npm hands the signal on to a program that got it from the terminal too: what comes so close is one key press.
const ONE_PRESS_MS = 250;

/** Ctrl-C, or a signal to terminate: the first asks the program to finish, the second to end at once. */
export class Interruption {
  readonly #asked = new AbortController();
  /** Resolves at the second. */
  readonly insisted: Promise<void>;

  constructor() {
    this.insisted = new Promise((resolve) => {
      let askedAt: number | undefined;
      const interrupted = (): void => {
        askedAt ??= performance.now();
        if (!this.signal.aborted) this.#asked.abort();
        else if (performance.now() - askedAt > ONE_PRESS_MS) resolve();
      };
      process.on("SIGINT", interrupted);
      process.on("SIGTERM", interrupted);
    });
  }

  /** Aborted at the first. */
  get signal(): AbortSignal {
    return this.#asked.signal;
  }
}
