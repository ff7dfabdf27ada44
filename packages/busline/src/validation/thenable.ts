/**
 * Whether a value that foreign code returned is to be waited for. Waiting goes through `Promise.resolve`, which takes
 * any thenable and settles once.
 */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  try {
    return (
      typeof value === "object" &&
      value !== null &&
      typeof (value as { then?: unknown }).then === "function"
    );
  } catch {
    return false;
  }
}
