const intrinsicThen = Promise.prototype.then;

/**
 * The promise that a listener returned. What is no promise, or has a `then` or a class of its own, is adopted by one that
 * settles once, and later.
 */
export function promiseOf(result: unknown): Promise<unknown> | undefined {
  if (result === undefined || result === null) return undefined;
  if (typeof result !== "object" && typeof result !== "function") return undefined;
  if (typeof (result as { then?: unknown }).then !== "function") return undefined;
  return isPlainPromise(result) ? result : adopted(result);
}

/** Whether it is one of the language's own promises, with nothing of its own. */
export function isPlainPromise(result: unknown): result is Promise<unknown> {
  return (
    result instanceof Promise && result.then === intrinsicThen && result.constructor === Promise
  );
}

/** A promise that settles as a thenable does, once, and later. */
function adopted(thenable: unknown): Promise<unknown> {
  return new Promise((resolve) => {
    resolve(thenable);
  });
}

/** Has one of the two called as soon as a listener's promise is settled. */
export function whenSettled(
  promise: Promise<unknown>,
  returned: (value: unknown) => void,
  threw: (error: unknown) => void,
): void {
  try {
    promise.then(returned, threw);
  } catch {
    // It looks like a promise to every quick test, and is none: one behind a proxy.
    adopted(promise).then(returned, threw);
  }
}
