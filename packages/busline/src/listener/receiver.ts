import type { MessageListener, MessageListenerFunction } from "./message-listener.ts";

/**
 * From V8 13 on (Node 24), the second of its two optimisers may take a listener into the function that calls it, and a
 * loop in it then takes 4 to 15 times as long, for as long as the process lives. It does not look through `Reflect.apply`,
 * which costs nothing once the last optimiser has seen it.
 */
const isTakenIn = Number.parseInt(process.versions.v8, 10) >= 13;

/** What is called to hand a listener a message: as a function, not as a method. */
export function receiverOf(
  listener: MessageListener,
  isKeptApart: boolean = isTakenIn,
): MessageListenerFunction {
  if (typeof listener === "function") {
    if (!isKeptApart) return listener;
    return (message, context) => Reflect.apply(listener, undefined, [message, context]);
  }
  if (!isKeptApart) return (message, context) => listener.receive(message, context);
  return (message, context) => Reflect.apply(listener.receive, listener, [message, context]);
}
