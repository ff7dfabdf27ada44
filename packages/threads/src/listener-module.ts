import type { MessageListenerFunction } from "busline";

/** Why a listener's module could not be used, in words that follow "the module". */
export class LoadProblem extends Error {}

/**
 * Loads the listener that a module exports, on the thread that calls.
 *
 * @throws {LoadProblem} the module fails, or exports no listener of that name
 */
export async function loadListener(
  url: string,
  exportName: string,
): Promise<MessageListenerFunction> {
  let exported: unknown;
  try {
    const module = (await import(url)) as Readonly<Record<string, unknown>>;
    exported = module[exportName];
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    throw new LoadProblem(`could not be loaded: ${text}`, { cause });
  }
  const listener = exported as { readonly receive?: unknown } | undefined | null;
  if (typeof listener === "function") {
    // Called so, no optimiser takes it into its caller, where on Node 24 a loop in it becomes slow.
    return (message, context) => Reflect.apply(listener, undefined, [message, context]);
  }
  if (typeof listener === "object" && typeof listener?.receive === "function") {
    const { receive } = listener;
    return (message, context) => Reflect.apply(receive, listener, [message, context]);
  }
  throw new LoadProblem(`exports no listener as "${exportName}"`);
}
