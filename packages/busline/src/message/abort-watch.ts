/** Who is told of a signal's abort, by signal. */
const watches = new WeakMap<AbortSignal, AbortWatch>();

/**
 * All who wait for the abort of one signal, with one listener at the signal: one signal for ten thousand requests is usual,
 * and Node warns of the eleventh listener and looks through all of them to remove one.
 */
class AbortWatch {
  readonly #signal: AbortSignal;
  readonly #callbacks = new Set<() => void>();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener("abort", this.#aborted);
  }

  add(callback: () => void): void {
    this.#callbacks.add(callback);
  }

  remove(callback: () => void): void {
    this.#callbacks.delete(callback);
    if (this.#callbacks.size > 0) return;
    this.#signal.removeEventListener("abort", this.#aborted);
    watches.delete(this.#signal);
  }

  readonly #aborted = (): void => {
    for (const callback of this.#callbacks) callback();
  };
}

/** Calls back when a signal is aborted that is not yet. @returns ends that */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  let watch = watches.get(signal);
  if (watch === undefined) {
    watch = new AbortWatch(signal);
    watches.set(signal, watch);
  }
  const found = watch;
  found.add(callback);
  return () => found.remove(callback);
}
