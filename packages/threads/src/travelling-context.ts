import { AsyncLocalStorage } from "node:async_hooks";

// One list for a thread, whichever copies of this module it loads.
const KEY = Symbol.for("@busline/threads.contexts");

/**
 * The async context of a name, in this thread: an `AsyncLocalStorage`, the same one at each call. A destination whose
 * `threads({ contexts })` names it lets its value travel with the message, so the listener finds in the thread what the
 * sender had. The value is copied as a payload is.
 */
export function travellingContext<Value = unknown>(name: string): AsyncLocalStorage<Value> {
  const holder = globalThis as { [KEY]?: Map<string, AsyncLocalStorage<unknown>> };
  holder[KEY] ??= new Map();
  let context = holder[KEY].get(name);
  if (context === undefined) holder[KEY].set(name, (context = new AsyncLocalStorage()));
  return context as AsyncLocalStorage<Value>;
}

/** What the contexts of these names hold here and now, of those that hold anything. */
export function readContexts(
  names: readonly string[],
): Readonly<Record<string, unknown>> | undefined {
  let values: Record<string, unknown> | undefined;
  for (const name of names) {
    const value = travellingContext(name).getStore();
    if (value === undefined) continue;
    values ??= {};
    values[name] = value;
  }
  return values;
}

/** Calls a function in contexts that hold these values. */
export function runInContexts<Result>(
  values: Readonly<Record<string, unknown>> | undefined,
  run: () => Result,
): Result {
  let next = run;
  for (const [name, value] of Object.entries(values ?? {})) {
    const inner = next;
    next = () => travellingContext(name).run(value, inner);
  }
  return next();
}
